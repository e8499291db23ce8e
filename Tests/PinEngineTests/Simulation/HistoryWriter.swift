import PinWords
import ReferenceModel

/// Makes up a history step by step, looking at what the model knows so that what is asked has a point, mostly.
struct HistoryWriter {
  let swarm: Swarm
  private var random: SplitMix
  private var nextID: ID = 100
  private var recentIDs: [ID] = []
  /// What was asked under an id of its own, for asking it again.
  private var asked: [Asked] = []
  private var queue: [Step] = []
  private var serialCount = 0
  private var loadedCards: [LoadedCard] = []

  // By the order in which they are defined.
  private static let root = 1
  private static let tills = [2, 3]
  private static let shop = 4
  private static let clerk = 5
  private static let keeper = 6
  private static let auditor = 7
  private static let clerkAndKeeper = 8

  init(seed: UInt64) {
    random = SplitMix(state: seed)
    swarm = Swarm(using: &random)
    let actors: [(String, Set<Role>)] = [
      ("till-a", [.terminal]), ("till-b", [.terminal]), ("shop", [.storefront]), ("clerk", [.clerk]),
      ("keeper", [.stockKeeper]), ("auditor", [.auditor]), ("boss", [.clerk, .storefront, .stockKeeper]),
    ]
    for (name, roles) in actors {
      queue.append(
        ask(.defineActor(newID(), ReferenceModel.Actor(name: name, roles: roles), renewsKey: false), Self.root))
    }
    for number in 1...swarm.productCount {
      let product = ReferenceModel.Product(
        sku: "P\(number)", name: "Product \(number)", vendor: random.pick(["ACME", "BETA"]),
        currency: swarm.hasTwoCurrencies && number == 2 ? "EUR" : "USD", faceValue: 1000,
        price: .random(in: 0...swarm.priceLimit, using: &random), minimumValidityDays: swarm.minimumValidityDays)
      queue.append(ask(.defineProduct(newID(), product), Self.root))
    }
  }

  private func ask(_ request: Request, _ actor: Int) -> Step {
    .ask(afterMilliseconds: 0, [Asked(actor: actor, request: request)])
  }

  // MARK: Steps

  mutating func next(_ model: Model, nowMilliseconds: UInt64) -> Step {
    if !queue.isEmpty { return queue.removeFirst() }
    if model.cards.isEmpty {
      for product in 1...swarm.productCount { importCards(of: product, model, nowMilliseconds) }
      return queue.removeFirst()
    }
    if swarm.restocks && model.cards.count < 2000 && random.chance(3) {
      let product = product()
      if model.regularCount(of: product) < swarm.countLimit * 3 {
        importCards(of: product, model, nowMilliseconds)
        return queue.removeFirst()
      }
    }
    if random.chance(swarm.oneInRestarts) { return restart() }
    if random.chance(150) { return .compareAll }
    var milliseconds = UInt64.random(in: 0...swarm.stepLimitMilliseconds, using: &random)
    if random.chance(swarm.oneInJumps) {
      milliseconds += .random(in: 1...swarm.jumpLimitDays, using: &random) * 86_400_000
    }
    // To the very millisecond at which something ends, or the one before.
    if random.chance(6),
      let ending = model.endingTimes.filter({ $0 > nowMilliseconds }).sorted().prefix(9).randomElement(using: &random),
      ending - nowMilliseconds < swarm.jumpLimitDays * 86_400_000
    {
      milliseconds = ending - nowMilliseconds - random.pick([0, 0, 1])
    }
    let now = nowMilliseconds + milliseconds
    var batch: [Asked] = []
    for _ in 0..<random.upTo(swarm.batchLimit) {
      let kind = swarm.kind(using: &random)
      let one = kind == .again ? again(model, now) : make(kind, model, now)
      if one.request.ownID != nil { remember(one) }
      if one.request.command == nil { queue.append(.ask(afterMilliseconds: 0, [one])) } else { batch.append(one) }
    }
    if batch.isEmpty { batch = [Asked(actor: Self.root, request: .stock(product: 0))] }
    return .ask(afterMilliseconds: milliseconds, batch)
  }

  private mutating func restart() -> Step {
    // When a slow sweeper made its last event, and so where a clock set back would be held, is its own affair.
    let step = random.pick(swarm.isSlowlySwept ? [0, 1000] : [0, 0, 1000, 86_400_000, -1, -3000, -80_000_000])
    return .restart(clockMilliseconds: Int64(step), losingState: random.chance(6))
  }

  private mutating func remember(_ one: Asked) {
    asked.append(one)
    if asked.count > 60 { asked.removeFirst() }
  }

  /// The same again: as it was, by another, or with something changed.
  private mutating func again(_ model: Model, _ now: UInt64) -> Asked {
    guard var one = asked.randomElement(using: &random) else { return make(.vend, model, now) }
    if random.chance(4) { one.actor = .random(in: 1...8, using: &random) }
    if random.chance(4) { one.request = altered(one.request) }
    return one
  }

  // MARK: Requests

  private mutating func make(_ kind: Swarm.Kind, _ model: Model, _ now: UInt64) -> Asked {
    var actor: Int
    let request: Request
    switch kind {
    case .vend:
      actor = seller()
      request = .vend(newID(ofSale: true), sale(), line(model, actor, most: min(swarm.countLimit, 128)))
    case .reserve:
      actor = seller()
      let isForEver = [Self.shop, Self.clerkAndKeeper].contains(actor) && random.chance(3)
      let lines = (0..<random.upTo(swarm.lineLimit)).map { _ in line(model, actor, most: swarm.countLimit) }
      request = .reserve(
        newID(ofSale: true), holdSeconds: isForEver ? 0 : .random(in: 1...swarm.holdLimitSeconds, using: &random),
        sale(), lines)
    case .dispense: (actor, request) = (seller(), .dispense(someID(model, [.held])))
    case .confirm: (actor, request) = (seller(), .confirm(someID(model, [.delivered])))
    case .extend:
      let hold = UInt64.random(in: 0...swarm.holdLimitSeconds, using: &random) * 1000
      (actor, request) = (seller(), .extend(someID(model, [.held]), deadline: now + hold))
    case .release: (actor, request) = (seller(), .release(someID(model, [.held])))
    case .reverse:
      (actor, request) = (seller(), .reverse(random.chance(8) ? newID() : someID(model, [.held, .delivered])))
    case .giveBack:
      let id = someID(model, [.delivered, .confirmed])
      (actor, request) = (clerk(), .giveBack(newID(), of: id, runs(of: id, model)))
    case .reprint:
      let first = random.pick([0, 0, 0, 1, 2, 127, 128, 129, 256])
      (actor, request) = (
        seller(),
        .reprint(someID(model, [.delivered, .confirmed]), first: first, count: random.pick([0, 0, 1, 2, 5, 128]))
      )
    case .reinventory: (actor, request) = (keeper(), .reinventory(newID(), runs(model), reason: "found"))
    case .settle: (actor, request) = (keeper(), .settle(newID(), of: someID(model, [.quarantined]), reason: "printed"))
    case .withdraw: (actor, request) = (keeper(), .withdraw(newID(), runs(model), reason: "scratched"))
    case .freeze:
      // What is frozen is thawed soon: while it is, little happens.
      let frozen = model.products.filter(\.isFrozen).map(\.number)
      let id = newID()
      actor = keeper()
      request =
        if let product = frozen.randomElement(using: &random), !random.chance(5) {
          .thaw(id, product: product, reason: "over")
        } else {
          .freeze(id, product: product(), reason: "recall")
        }
    case .thaw: (actor, request) = (keeper(), .thaw(newID(), product: product(), reason: "over"))
    case .defineProduct: (actor, request) = (keeper(), .defineProduct(newID(), changed(model)))
    case .defineActor:
      (actor, request) = (Self.root, .defineActor(newID(), changedActor(model), renewsKey: random.chance(3)))
    case .closeShift: (actor, request) = (seller(), .closeShift(newID()))
    case .lookUp: (actor, request) = (anybody(), .lookUp(someID()))
    case .stock: (actor, request) = (anybody(), .stock(product: random.chance(9) ? 99 : random.pick([0, product()])))
    case .shiftTotals: (actor, request) = (seller(), .shiftTotals)
    case .again: preconditionFailure("these are made elsewhere")
    }
    if random.chance(swarm.oneInStrange) { return strange(request, actor) }
    return Asked(actor: actor, request: request)
  }

  /// By somebody who may not, out of range, or with the id of something else.
  private mutating func strange(_ request: Request, _ actor: Int) -> Asked {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: Asked(actor: anybody(), request: request)
    // Zero for a reservation is refused by the decoder; the engine knows none such.
    case 1:
      Asked(
        actor: actor,
        request: request.with(id: request.ownID != nil && random.chance(5) ? 0 : someID()))
    default: Asked(actor: actor, request: altered(request))
    }
  }

  /// With one thing changed, also to what may not be.
  private mutating func altered(_ request: Request) -> Request {
    switch request {
    case .reserve(let id, var holdSeconds, var sale, var lines):
      switch Int.random(in: 0..<6, using: &random) {
      case 0: holdSeconds = random.pick([0, holdSeconds + 1, 604_800, 604_801])
      case 1: sale = self.sale()
      case _ where lines.isEmpty: break
      case 2: lines = random.chance(9) ? [] : lines + [lines[0]]
      case 3: lines = Array(repeating: lines[0], count: random.pick([1, 3, 101]))
      default: lines[lines.count - 1] = altered(lines[lines.count - 1])
      }
      return .reserve(id, holdSeconds: holdSeconds, sale, lines)
    case .vend(let id, let sale, let line):
      return random.chance(3) ? .vend(id, self.sale(), line) : .vend(id, sale, altered(line))
    case .giveBack(let id, let of, let runs):
      return random.chance(2) ? .giveBack(id, of: someID(), runs) : .giveBack(id, of: of, altered(runs))
    case .reinventory(let id, let runs, let reason):
      return random.chance(3) ? .reinventory(id, runs, reason: "") : .withdraw(id, altered(runs), reason: reason)
    case .withdraw(let id, let runs, let reason):
      return random.chance(3)
        ? .withdraw(id, runs, reason: reason + "!") : .withdraw(id, altered(runs), reason: reason)
    case .settle(let id, let of, let reason):
      return random.chance(2) ? .settle(id, of: someID(), reason: reason) : .settle(id, of: of, reason: reason + "?")
    case .freeze(let id, let product, let reason):
      return random.chance(2)
        ? .freeze(id, product: product + 1, reason: reason) : .thaw(id, product: product, reason: "")
    case .thaw(let id, _, let reason): return .thaw(id, product: 99, reason: reason)
    case .defineProduct(let id, var product):
      switch Int.random(in: 0..<3, using: &random) {
      case 0: product.price += 1
      case 1: product.sku = random.pick(["P1", "P2", "P9"])
      default: product.currency = "JPY"
      }
      return .defineProduct(id, product)
    case .reprint(let id, let first, _): return .reprint(id, first: first, count: 129)
    case .extend(let id, let deadline): return .extend(id, deadline: deadline + random.pick([1, 604_800_000]))
    default: return request
    }
  }

  private mutating func altered(_ line: ReferenceModel.Line) -> ReferenceModel.Line {
    var line = line
    switch Int.random(in: 0..<7, using: &random) {
    case 0: line.product = random.pick([product(), 99])
    case 1: line.count = random.pick([0, line.count + 1, 129, 100_001])
    case 2: line.condition = random.pick([.used, .quarantined, .regular])
    case 3: line.discount = random.pick([0, line.discount / 2, line.discount + 1, swarm.priceLimit * 400])
    default: line.tax += 1
    }
    return line
  }

  private mutating func altered(_ runs: [Run]) -> [Run] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: []
    case 1: runs + [Run(100_000, 2)]
    case 2: runs.reversed()
    default: runs.map { Run($0.first, $0.count + 1) }
    }
  }
}

// MARK: - What requests are made of

extension HistoryWriter {
  private mutating func seller() -> Int {
    random.pick(Self.tills + [Self.shop, Self.clerk, Self.clerk, Self.clerkAndKeeper])
  }
  private mutating func clerk() -> Int { random.pick([Self.clerk, Self.clerk, Self.clerkAndKeeper]) }
  private mutating func keeper() -> Int { random.pick([Self.keeper, Self.root, Self.clerkAndKeeper]) }
  private mutating func anybody() -> Int { .random(in: 1...9, using: &random) }
  private mutating func product() -> Int { .random(in: 1...swarm.productCount, using: &random) }

  private mutating func sale() -> ReferenceModel.Sale {
    ReferenceModel.Sale(cashier: .random(in: 0...2, using: &random), tender: .random(in: 0...5, using: &random))
  }

  private mutating func line(_ model: Model, _ actor: Int, most: Int) -> ReferenceModel.Line {
    let product = product()
    let count = random.upTo(random.chance(3) ? most : min(most, 3))
    let price = model.products[product - 1].price * UInt64(count)
    let isUsed = [Self.clerk, Self.clerkAndKeeper].contains(actor) && random.chance(3)
    return ReferenceModel.Line(
      product: product, count: count, condition: isUsed ? .used : .regular,
      discount: random.chance(3) ? .random(in: 0...price + (random.chance(9) ? 1 : 0), using: &random) : 0,
      tax: random.chance(3) ? .random(in: 0...99, using: &random) : 0)
  }

  private mutating func newID(ofSale isSale: Bool = false) -> ID {
    nextID += 1
    // Not all rise with time.
    let id = random.chance(5) ? nextID | ID(UInt64.random(in: 1...999, using: &random)) << 64 : nextID | 500 << 64
    if isSale || random.chance(8) { recentIDs.append(id) }
    if recentIDs.count > swarm.idsInPlay { recentIDs.removeFirst() }
    return id
  }

  private mutating func someID() -> ID { recentIDs.randomElement(using: &random) ?? newID() }

  /// A recent reservation's, rather one in such a state.
  private mutating func someID(_ model: Model, _ states: Set<State>) -> ID {
    var id = someID()
    for _ in 0..<8 where model.state(of: id).map({ !states.contains($0) }) ?? true && !random.chance(12) {
      id = someID()
    }
    return id
  }

  /// Some of a reservation's cards: all, a part, or more than it has.
  private mutating func runs(of id: ID, _ model: Model) -> [Run] {
    let there = model.cards.indices.filter { model.cards[$0].place == .delivered(id) }.map { $0 + 1 }
    if there.isEmpty || random.chance(3) { return random.chance(2) ? [] : runs(model) }
    return runs(there.filter { _ in random.chance(2) })
  }

  private func runs(_ cards: [Int]) -> [Run] {
    cards.reduce(into: []) { runs, card in
      if let last = runs.last, last.first + last.count == card {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(card, 1))
      }
    }
  }

  /// A few runs of any cards.
  private mutating func runs(_ model: Model) -> [Run] {
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

  private mutating func changed(_ model: Model) -> ReferenceModel.Product {
    var product = random.pick(model.products)
    product.isFrozen = false
    product.price = .random(in: 0...swarm.priceLimit, using: &random)
    if random.chance(4) { product.minimumValidityDays = .random(in: 0...5, using: &random) }
    if random.chance(9) { product.number = random.pick([0, 99]) }
    return product
  }

  private mutating func changedActor(_ model: Model) -> ReferenceModel.Actor {
    var actor = random.pick(model.actors)
    if actor.number != Self.root { actor.isRevoked = !actor.isRevoked && random.chance(3) }
    if random.chance(9) { actor.number = random.pick([0, 99]) }
    // Not out of range in two ways: which one is told is not fixed.
    if random.chance(9) {
      actor.name = random.pick(["till-a", "new", ""])
    } else if random.chance(9) {
      actor.roles = random.pick([[], [.clerk], [.stockKeeper, .terminal]])
    }
    return actor
  }

  // MARK: Imports

  /// An import from its beginning to its end, asked one after another; not all of them come to a good end.
  private mutating func importCards(of product: Int, _ model: Model, _ now: UInt64) {
    let today = UInt32(now / 86_400_000)
    var expiries: Set<UInt32> = []
    for _ in 0..<random.pick([1, 1, 2, 3]) {
      expiries.insert(random.chance(5) ? .max : today + .random(in: 0...swarm.expiryDays, using: &random))
    }
    let lots = expiries.sorted().map { ReferenceModel.DeclaredLot(expiry: $0, count: random.upTo(swarm.importLimit)) }
    let purchase = Purchase(
      product: product, unitCost: 700, invoice: "I-\(nextID)", lots: lots.shuffled(using: &random))
    let actor = keeper()
    let number = model.purchaseCount + 1
    let begin = Asked(actor: actor, request: .beginPurchase(newID(), purchase))
    remember(begin)
    queue.append(ask(begin.request, begin.actor))
    for chunk in 0..<random.pick([1, 1, 2]) {
      let cards = lots.flatMap { lot in (0..<lot.count).map { _ in card(lot.expiry) } }
      let part = Array(cards.shuffled(using: &random).prefix(512))
      queue.append(ask(.loadCards(purchase: number, chunk: chunk, part), actor))
      if random.chance(9) { queue.append(ask(.loadCards(purchase: number, chunk: chunk, part), actor)) }
      if random.chance(9) { queue.append(ask(.loadCards(purchase: number, chunk: chunk + 2, part), actor)) }
    }
    if random.chance(9) { queue.append(.restart(clockMilliseconds: 0, losingState: false)) }
    if random.chance(9) { queue.append(ask(.abandonPurchase(number), actor)) }
    queue.append(ask(.commitPurchase(number), actor))
    if random.chance(9) { queue.append(ask(.commitPurchase(number), actor)) }
    if random.chance(9) { queue.append(ask(.abandonPurchase(number), actor)) }
  }

  /// A new card, mostly; or with a serial, a PIN or an expiry that will not do.
  private mutating func card(_ expiry: UInt32) -> LoadedCard {
    serialCount += 1
    var card = LoadedCard(expiry: expiry, serial: "S\(serialCount)", pin: "PIN-\(serialCount)")
    if random.chance(40), let other = loadedCards.randomElement(using: &random) {
      if random.chance(2) { card.serial = other.serial } else { card.pin = other.pin }
    }
    if random.chance(200) { card.expiry = 1 }
    if random.chance(200) { card.serial = "" }
    if random.chance(200) { card.pin = String(repeating: "9", count: 65) }
    loadedCards.append(card)
    return card
  }
}

extension Request {
  /// The same, under another id or of another reservation.
  fileprivate func with(id: ID) -> Request {
    switch self {
    case .reserve(_, let holdSeconds, let sale, let lines): .reserve(id, holdSeconds: holdSeconds, sale, lines)
    case .vend(_, let sale, let line): .vend(id, sale, line)
    case .dispense: .dispense(id)
    case .confirm: .confirm(id)
    case .extend(_, let deadline): .extend(id, deadline: deadline)
    case .release: .release(id)
    case .reverse: .reverse(id)
    case .giveBack(_, let of, let runs): .giveBack(id, of: of, runs)
    case .reprint(_, let first, let count): .reprint(id, first: first, count: count)
    case .reinventory(_, let runs, let reason): .reinventory(id, runs, reason: reason)
    case .settle(_, let of, let reason): .settle(id, of: of, reason: reason)
    case .withdraw(_, let runs, let reason): .withdraw(id, runs, reason: reason)
    case .freeze(_, let product, let reason): .freeze(id, product: product, reason: reason)
    case .thaw(_, let product, let reason): .thaw(id, product: product, reason: reason)
    case .defineProduct(_, let product): .defineProduct(id, product)
    case .defineActor(_, let actor, let renewsKey): .defineActor(id, actor, renewsKey: renewsKey)
    case .beginPurchase(_, let purchase): .beginPurchase(id, purchase)
    case .closeShift: .closeShift(id)
    case .lookUp: .lookUp(id)
    case .loadCards, .commitPurchase, .abandonPurchase, .stock, .shiftTotals, .actors, .locate: self
    }
  }
}
