/// What is checked of a request before anything is looked up: its ranges, then who asks, then what depends on both.
extension Model {
  /// Every field that is out of range; the documents do not say which of several is told.
  func outOfRange(_ request: Request) -> Set<Field> {
    var faults: Set<Field> = []
    func require(_ isRight: Bool, _ field: Field) { if !isRight { faults.insert(field) } }
    require(request.ownID != 0, .id)
    switch request {
    case .dispense(let id), .confirm(let id), .extend(let id, _), .release(let id), .reverse(let id), .lookUp(let id):
      require(id != 0, .id)
    case .reprint(let id, _, let count):
      require(id != 0, .id)
      require(count <= Self.cardsPerAnswer, .count)
    case .reserve(_, let holdSeconds, _, let lines):
      require(holdSeconds <= Self.longestHoldSeconds, .holdTime)
      require((1...Self.linesPerRequest).contains(lines.count), .lines)
      for line in lines { faults.formUnion(outOfRange(line, most: Self.cardsPerLine)) }
    case .vend(_, _, let line): faults.formUnion(outOfRange(line, most: Self.cardsPerAnswer))
    case .giveBack(_, let of, let runs):
      require(of != 0, .reservation)
      require(runs.isEmpty || areExtents(runs), .extents)
    case .reinventory(_, let runs, let reason), .withdraw(_, let runs, let reason):
      require(areExtents(runs), .extents)
      require(isReason(reason), .reason)
    case .settle(_, let of, let reason):
      require(of != 0, .reservation)
      require(isReason(reason), .reason)
    case .freeze(_, _, let reason), .thaw(_, _, let reason): require(isReason(reason), .reason)
    case .beginPurchase(_, let purchase):
      require((1...Self.lotsPerPurchase).contains(purchase.lots.count), .lots)
      require(purchase.lots.allSatisfy { $0.count >= 1 }, .count)
      require(Set(purchase.lots.map(\.expiry)).count == purchase.lots.count, .expiry)
    case .defineActor(_, let actor, _):
      require(!actor.roles.isEmpty, .roles)
      require((1...32).contains(actor.name.utf8.count), .name)
      let limits = actor.limits
      require((limits.currency != nil) == (limits.minute.value > 0 || limits.day.value > 0), .currency)
      require(zip([0] + limits.products, limits.products).allSatisfy { $0 < $1 }, .product)
    default: break
    }
    return faults
  }

  private func outOfRange(_ line: Line, most: Int) -> Set<Field> {
    var faults: Set<Field> = []
    if line.count < 1 || line.count > most { faults.insert(.count) }
    if line.condition == .quarantined { faults.insert(.condition) }
    return faults
  }

  private func areExtents(_ runs: [Run]) -> Bool {
    (1...Self.extentsPerRequest).contains(runs.count) && runs.allSatisfy { $0.first >= 1 && $0.count >= 1 }
      && zip(runs, runs.dropFirst()).allSatisfy { $0.cards.upperBound <= $1.first }
  }

  private func isReason(_ reason: String) -> Bool { (1...200).contains(reason.utf8.count) }

  private func isPermitted(_ request: Request, _ actor: Int) -> Bool {
    guard actors.indices.contains(actor - 1) else { return false }
    return !actors[actor - 1].isRevoked && !actors[actor - 1].roles.isDisjoint(with: request.askers)
  }

  /// The role, and the ranges that depend on the role or the time.
  package func notAllowed(_ request: Request, _ actor: Int, _ now: UInt64) -> Refusal? {
    guard isPermitted(request, actor) else { return .notPermitted }
    let asker = actors[actor - 1]
    switch request {
    case .reserve(_, let holdSeconds, _, let lines):
      if holdSeconds == 0 && !asker.roles.contains(.storefront) { return .invalid(.holdTime) }
      return lines.contains { $0.condition == .used } && !asker.roles.contains(.clerk) ? .notPermitted : nil
    case .vend(_, _, let line):
      return line.condition == .used && !asker.roles.contains(.clerk) ? .notPermitted : nil
    case .extend(_, let deadline):
      return deadline <= now + Self.longestHoldSeconds * 1000 ? nil : .invalid(.deadline)
    default: return nil
    }
  }
}

extension Request {
  /// The id that it is done under; nil for what goes by a reservation's or a purchase's state, and for looks.
  package var ownID: ID? {
    switch self {
    case .reserve(let id, _, _, _), .vend(let id, _, _), .giveBack(let id, _, _), .reinventory(let id, _, _),
      .settle(let id, _, _), .withdraw(let id, _, _), .freeze(let id, _, _), .thaw(let id, _, _),
      .defineProduct(let id, _), .defineActor(let id, _, _), .beginPurchase(let id, _), .closeShift(let id):
      id
    default: nil
    }
  }

  /// Which operation it is.
  package var kind: String { String(Mirror(reflecting: self).children.first?.label ?? "\(self)") }

  /// Who may ask: the table of operations in `protocol.md`.
  var askers: Set<Role> {
    switch self {
    case .reserve, .vend, .dispense, .confirm, .extend, .release, .reverse, .reprint, .shiftTotals, .closeShift:
      [.terminal, .storefront, .clerk]
    case .giveBack: [.clerk]
    case .beginPurchase, .loadCards, .commitPurchase, .abandonPurchase, .reinventory, .settle, .withdraw, .freeze,
      .thaw,
      .defineProduct:
      [.stockKeeper, .administrator]
    case .lookUp, .stock: Set(Role.allCases)
    case .locate: [.clerk, .stockKeeper, .accountant, .keyCustodian, .auditor, .administrator]
    case .defineActor: [.administrator]
    case .actors: [.keyCustodian, .administrator]
    }
  }

  /// The fields that are not as in another request of the same operation.
  package func differences(from other: Request) -> Set<Field> {
    let mine = fields
    let theirs = other.fields
    var differences = Set(zip(mine, theirs).filter { $0 != $1 }.map(\.0.field))
    // Lists of different lengths.
    for longer in mine.dropFirst(theirs.count) + theirs.dropFirst(mine.count) { differences.insert(longer.field) }
    return differences
  }

  struct Content: Hashable {
    let field: Field
    let value: AnyHashable
    init(_ field: Field, _ value: some Hashable & Sendable) {
      self.field = field
      self.value = AnyHashable(value)
    }
  }

  /// What is said in it besides its id, in the order of the layout.
  private var fields: [Content] {
    func content(_ sale: Sale) -> [Content] { [Content(.cashier, sale.cashier), Content(.tender, sale.tender)] }
    func content(_ runs: [Run]) -> [Content] {
      [Content(.extents, runs.count)] + runs.flatMap { [Content(.extents, $0.first), Content(.count, $0.count)] }
    }
    func content(_ line: Line) -> [Content] {
      [
        Content(.product, line.product), Content(.count, line.count), Content(.discount, line.discount),
        Content(.tax, line.tax), Content(.condition, line.condition),
      ]
    }
    return switch self {
    case .reserve(_, let holdSeconds, let sale, let lines):
      [Content(.holdTime, holdSeconds)] + content(sale) + [Content(.lines, lines.count)] + lines.flatMap(content)
    case .vend(_, let sale, let line): content(sale) + content(line)
    case .giveBack(_, let of, let runs): [Content(.reservation, of)] + content(runs)
    case .reinventory(_, let runs, let reason), .withdraw(_, let runs, let reason):
      content(runs) + [Content(.reason, reason)]
    case .settle(_, let of, let reason): [Content(.reservation, of), Content(.reason, reason)]
    case .freeze(_, let product, let reason), .thaw(_, let product, let reason):
      [Content(.product, product), Content(.reason, reason)]
    case .defineProduct(_, let product):
      [
        Content(.faceValue, product.faceValue), Content(.price, product.price), Content(.product, product.number),
        Content(.currency, product.currency), Content(.minimumValidity, product.minimumValidityDays),
        Content(.sku, product.sku), Content(.name, product.name), Content(.vendor, product.vendor),
      ]
    case .defineActor(_, let actor, let renewsKey):
      // The documents give the flags no field of their own.
      [
        Content(.actor, actor.number), Content(.roles, actor.roles),
        Content(.other, [actor.isRevoked, renewsKey]), Content(.name, actor.name), Content(.limits, actor.limits),
      ]
    case .beginPurchase(_, let purchase):
      [
        Content(.unitCost, purchase.unitCost), Content(.product, purchase.product),
        Content(.lots, purchase.lots.count),
      ] + purchase.lots.flatMap { [Content(.expiry, $0.expiry), Content(.count, $0.count)] } + [
        Content(.vendor, purchase.vendor), Content(.invoice, purchase.invoice),
      ]
    default: []
    }
  }
}
