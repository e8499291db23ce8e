import PinWords
import ReferenceModel
import TestSupport

/// Requests, most of them to the point, some by somebody who may not, out of range, or under the id of something else.
extension HistoryWriter {
  mutating func make(_ kind: Swarm.Kind, _ model: Model, _ now: UInt64) -> Asked {
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
  mutating func strange(_ request: Request, _ actor: Int) -> Asked {
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
  mutating func altered(_ request: Request) -> Request {
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

  mutating func altered(_ line: ReferenceModel.Line) -> ReferenceModel.Line {
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

  mutating func altered(_ runs: [Run]) -> [Run] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: []
    case 1: runs + [Run(100_000, 2)]
    case 2: runs.reversed()
    default: runs.map { Run($0.first, $0.count + 1) }
    }
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
