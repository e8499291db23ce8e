import ReferenceModel
import TestSupport

/// What requests are made of.
extension HistoryWriter {
  mutating func seller() -> Int {
    random.pick(Self.tills + [Self.shop, Self.clerk, Self.clerk, Self.clerkAndKeeper])
  }
  mutating func clerk() -> Int { random.pick([Self.clerk, Self.clerk, Self.clerkAndKeeper]) }
  mutating func keeper() -> Int { random.pick([Self.keeper, Self.root, Self.clerkAndKeeper]) }
  mutating func anybody() -> Int { .random(in: 1...9, using: &random) }
  mutating func product() -> Int { .random(in: 1...swarm.productCount, using: &random) }

  mutating func sale() -> ReferenceModel.Sale {
    ReferenceModel.Sale(cashier: .random(in: 0...2, using: &random), tender: .random(in: 0...5, using: &random))
  }

  mutating func line(_ model: Model, _ actor: Int, most: Int) -> ReferenceModel.Line {
    let product = product()
    let count = random.upTo(random.chance(3) ? most : min(most, 3))
    let price = model.products[product - 1].price * UInt64(count)
    let isUsed = [Self.clerk, Self.clerkAndKeeper].contains(actor) && random.chance(3)
    return ReferenceModel.Line(
      product: product, count: count, condition: isUsed ? .used : .regular,
      discount: random.chance(3) ? .random(in: 0...price + (random.chance(9) ? 1 : 0), using: &random) : 0,
      tax: random.chance(3) ? .random(in: 0...99, using: &random) : 0)
  }

  mutating func newID(ofSale isSale: Bool = false) -> ID {
    nextID += 1
    // Not all rise with time.
    let id = random.chance(5) ? nextID | ID(UInt64.random(in: 1...999, using: &random)) << 64 : nextID | 500 << 64
    if isSale || random.chance(8) { recentIDs.append(id) }
    if recentIDs.count > swarm.idsInPlay { recentIDs.removeFirst() }
    return id
  }

  mutating func someID() -> ID { recentIDs.randomElement(using: &random) ?? newID() }

  /// A recent reservation's, rather one in such a state.
  mutating func someID(_ model: Model, _ states: Set<State>) -> ID {
    var id = someID()
    for _ in 0..<8 where model.state(of: id).map({ !states.contains($0) }) ?? true && !random.chance(12) {
      id = someID()
    }
    return id
  }

  /// Some of a reservation's cards: all, a part, or more than it has.
  mutating func runs(of id: ID, _ model: Model) -> [Run] {
    let there = model.cards.indices.filter { model.cards[$0].place == .delivered(id) }.map { $0 + 1 }
    if there.isEmpty || random.chance(3) { return random.chance(2) ? [] : runs(model) }
    return runs(there.filter { _ in random.chance(2) })
  }

  func runs(_ cards: [Int]) -> [Run] {
    cards.reduce(into: []) { runs, card in
      if let last = runs.last, last.first + last.count == card {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(card, 1))
      }
    }
  }

  /// A few runs of any cards.
  mutating func runs(_ model: Model) -> [Run] {
    var next = 1
    var runs: [Run] = []
    for _ in 0..<random.pick([1, 1, 2, 4]) where next <= model.cards.count {
      let first = Int.random(in: next...model.cards.count, using: &random)
      let count = min(random.upTo(random.pick([1, 1, 3, 9])), max(model.cards.count - first + 1, 1))
      runs.append(Run(first, count))
      next = first + count
    }
    return runs
  }

  mutating func changed(_ model: Model) -> ReferenceModel.Product {
    var product = random.pick(model.products)
    product.isFrozen = false
    product.price = .random(in: 0...swarm.priceLimit, using: &random)
    if random.chance(4) { product.minimumValidityDays = .random(in: 0...5, using: &random) }
    if random.chance(9) { product.number = random.pick([0, 99]) }
    return product
  }

  mutating func changedActor(_ model: Model) -> ReferenceModel.Actor {
    var actor = random.pick(model.actors)
    if actor.number != Self.root { actor.isRevoked = !actor.isRevoked && random.chance(3) }
    if random.chance(9) { actor.number = random.pick([0, 99]) }
    if swarm.limitsActors { actor.limits = limits() }
    // Not out of range in two ways: which one is told is not fixed.
    if random.chance(9) {
      actor.name = random.pick(["till-a", "new", ""])
    } else if random.chance(9) {
      actor.roles = random.pick([[], [.clerk], [.stockKeeper, .terminal]])
    }
    return actor
  }

  /// Some that are reached soon, and some that are not.
  mutating func limits() -> ReferenceModel.Limits {
    var limits = ReferenceModel.Limits()
    let count = swarm.countLimit
    if random.chance(2) { limits.minute.cards = random.upTo(count * 2) }
    if random.chance(2) { limits.day.cards = random.upTo(count * 8) }
    if random.chance(2) { limits.minute.reprints = random.upTo(count) }
    if random.chance(2) { limits.day.reprints = random.upTo(count * 3) }
    if random.chance(2) {
      limits.currency = random.pick(["USD", "USD", "EUR"])
      let value = (swarm.priceLimit + 1) * UInt64(count)
      if random.chance(2) { limits.minute.value = .random(in: 1...value, using: &random) }
      if limits.minute.value == 0 || random.chance(2) { limits.day.value = .random(in: 1...value * 4, using: &random) }
    }
    if random.chance(3) { limits.products = (1...swarm.productCount).filter { _ in random.chance(2) } }
    if random.chance(9) { limits.products = random.pick([[1, 99], [1, 1], [0]]) }
    return limits
  }
}
