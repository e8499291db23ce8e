import PinEngine
import PinWords

/// What the journal has told so far that a report needs: names, what cards cost, and where they are.
///
/// A fold over events in order. It holds what grows with the catalogue, never what grows with sales.
package struct Books: Sendable {
  package private(set) var products: [ProductID: Product] = [:]
  package private(set) var actors: [ActorID: ActorDescription] = [:]
  package private(set) var purchases: [PurchaseID: Purchase] = [:]
  /// By lot id, which begin at 1 and have no gap.
  var lots: [Lot] = []
  /// By product id, which begin at 1 and have no gap, as lots' do.
  var accounts: [StockAccount] = []

  package struct Purchase: Sendable {
    package var facts: JournalFacts.BegunPurchase
    package var begunBy: UInt64
    package var begunMilliseconds: UInt64
    package var actor: ActorID
    package var state = State.loading
    /// How many cards of each lot were loaded.
    package var loadedCounts: [UInt32] = []
    /// The event that made it stock, or gave it up.
    package var endedBy: UInt64 = 0
    package var endedMilliseconds: UInt64 = 0
    /// The purchase order that it was booked against.
    package var order: RequestID?

    package enum State: String, Sendable { case loading, committed, abandoned }
  }

  package struct Lot: Sendable {
    package var product: ProductID
    package var purchase: PurchaseID
    package var unitCostMinor: UInt64
    package var expiry: Day
    /// How many of its cards are in regular stock.
    package var regular = 0
  }

  package init() {}

  package func lot(_ lot: LotID, namedBy sequence: UInt64) throws(ReportError) -> Lot {
    guard lot.rawValue > 0, lot.rawValue <= lots.count else { throw .brokenTrail(sequence: sequence) }
    return lots[Int(lot.rawValue) - 1]
  }

  /// How many regular cards of each product have such an expiry.
  func regularCards(where isWanted: (Day) -> Bool) -> [ProductID: Int] {
    var cards: [ProductID: Int] = [:]
    for lot in lots where isWanted(lot.expiry) { cards[lot.product, default: 0] += lot.regular }
    return cards
  }

  /// What one card of each product's last purchase cost, in minor units.
  var lastUnitCosts: [ProductID: UInt64] {
    let committed = purchases.values.filter { $0.state == .committed }.sorted { $0.endedBy < $1.endedBy }
    return Dictionary(committed.map { ($0.facts.product, $0.facts.unitCostMinor) }, uniquingKeysWith: { $1 })
  }

  /// From now on flows are counted anew, beside what is there now.
  mutating func beginPeriod() {
    for index in accounts.indices { accounts[index].beginPeriod() }
  }

  /// Every product, in the order of their numbers, with where its cards are.
  package var stock: [(product: Product, account: StockAccount)] {
    products.values.sorted { $0.id < $1.id }.map { ($0, accounts[Int($0.id.rawValue) - 1]) }
  }
}

// MARK: The fold

extension Books {
  /// Takes in the next event.
  mutating func fold(_ event: JournalEvent) throws(ReportError) {
    switch event.facts {
    case .productDefined(let product):
      if product.id.rawValue == accounts.count + 1 { accounts.append(StockAccount()) }
      _ = try index(of: product.id, namedBy: event.sequence)
      products[product.id] = product
    case .productFrozen(let product, _): products[product]?.isFrozen = true
    case .productThawed(let product, _): products[product]?.isFrozen = false
    case .actorDefined(let actor, _, _): actors[actor.id] = actor
    case .purchaseBegun(let purchase): try begin(purchase, event)
    case .purchaseCommitted(let purchase, _, let loadedCounts): try commit(purchase, loadedCounts, event)
    case .purchaseAbandoned(let purchase, _):
      purchases[purchase]?.state = .abandoned
      purchases[purchase]?.endedBy = event.sequence
      purchases[purchase]?.endedMilliseconds = event.timeMilliseconds
    case .purchaseOrderChanged(_, let order, _):
      for receipt in order.receipts { purchases[receipt]?.order = order.id }
    case .reserved(let grant): try take(grant, to: .reserved, event)
    case .vended(let grant): try take(grant, to: .delivered, event)
    case .dispensed(_, let moves):
      try move(moves, event) { _ in
        .delivered
      } as: {
        $0.sold += $1
      }
    case .released(let moves), .expired(let moves): try move(moves, event) { .stock($0) }
    case .reversed(.quarantined, let moves):
      try move(moves, event) { _ in
        .quarantined
      } as: {
        $0.returned += $1
      }
    case .reversed(_, let moves): try move(moves, event) { .stock($0) }
    case .returned(let cards):
      try move(cards.extents, event) { _ in
        .stock(.used)
      } as: {
        $0.returned += $1
      }
    case .settled(_, _, _, let moves):
      try move(moves, event) { _ in
        .delivered
      } as: {
        $0.sold += $1
      }
    case .reinventoried(let change): try move(change.extents, event) { _ in .stock(.regular) }
    case .withdrawn(let change):
      try move(change.extents, event) { _ in
        .void
      } as: {
        $0.withdrawn += $1
      }
    case .stockQuarantined(let moves): try move(moves, event) { _ in .quarantined }
    case .storeCreated, .storeRestored, .rekeyed, .opened, .confirmed, .extended, .shiftClosed, .forgotten, .approved,
      .approvalRuleDefined, .proofsFailed, .customerDefined, .orderChanged, .cardShown, .mailTried, .customerMailed,
      .sheetDefined,
      .credentialChanged:
      break
    }
  }

  /// The same for a vend that is read in place.
  mutating func fold(_ vend: borrowing VendInPlace, sequence: UInt64) throws(ReportError) {
    let (line, isRegular) = (vend.line.line, vend.line.line.condition == .regular)
    try take(line, to: .delivered, namedBy: sequence)
    for index in 0..<vend.extentCount where isRegular {
      let (lot, extent) = vend.extent(index)
      _ = try self.lot(lot, namedBy: sequence)
      lots[Int(lot.rawValue) - 1].regular -= Int(extent.count)
    }
  }

  private func index(of product: ProductID, namedBy sequence: UInt64) throws(ReportError) -> Int {
    guard product.rawValue > 0, product.rawValue <= accounts.count else { throw .brokenTrail(sequence: sequence) }
    return Int(product.rawValue) - 1
  }

  private mutating func take(
    _ line: Line, to place: StockAccount.Place, namedBy sequence: UInt64
  ) throws(ReportError) {
    let (index, count) = (try index(of: line.product, namedBy: sequence), Int(line.count))
    accounts[index][.stock(line.condition)] -= count
    accounts[index][place] += count
    if place == .delivered { accounts[index].flows.sold += count }
  }

  private mutating func begin(_ facts: JournalFacts.BegunPurchase, _ event: JournalEvent) throws(ReportError) {
    purchases[facts.purchase] = Purchase(
      facts: facts, begunBy: event.sequence, begunMilliseconds: event.timeMilliseconds, actor: event.actor)
    for begun in facts.lots {
      guard begun.lot.rawValue == lots.count + 1 else { throw .brokenTrail(sequence: event.sequence) }
      lots.append(
        Lot(
          product: facts.product, purchase: facts.purchase, unitCostMinor: facts.unitCostMinor, expiry: begun.expiry))
    }
  }

  private mutating func commit(
    _ id: PurchaseID, _ loadedCounts: [UInt32], _ event: JournalEvent
  ) throws(ReportError) {
    guard let facts = purchases[id]?.facts, facts.lots.count == loadedCounts.count else {
      throw .brokenTrail(sequence: event.sequence)
    }
    let product = facts.product
    for (lot, loaded) in zip(facts.lots, loadedCounts) { lots[Int(lot.lot.rawValue) - 1].regular += Int(loaded) }
    purchases[id]!.state = .committed
    purchases[id]!.endedBy = event.sequence
    purchases[id]!.loadedCounts = loadedCounts
    purchases[id]!.endedMilliseconds = event.timeMilliseconds
    let loaded = loadedCounts.reduce(0) { $0 + Int($1) }
    let index = try index(of: product, namedBy: event.sequence)
    accounts[index].regular += loaded
    accounts[index].flows.received += loaded
  }

  private mutating func take(
    _ grant: JournalFacts.Grant, to place: StockAccount.Place, _ event: JournalEvent
  ) throws(ReportError) {
    for line in grant.lines { try take(line.line, to: place, namedBy: event.sequence) }
    for granted in grant.extents where grant.lines[Int(granted.line)].line.condition == .regular {
      _ = try lot(granted.lot, namedBy: event.sequence)
      lots[Int(granted.lot.rawValue) - 1].regular -= Int(granted.extent.count)
    }
  }

  private mutating func move(
    _ moves: [JournalFacts.MovedExtent], _ event: JournalEvent, to place: (Condition) -> StockAccount.Place,
    as count: (inout StockFlows, Int) -> Void = { _, _ in }
  ) throws(ReportError) {
    for move in moves {
      let product = try lot(move.lot, namedBy: event.sequence).product
      let cards = Int(move.extent.count)
      let (from, to) = (StockAccount.Place(move), place(move.condition))
      let index = try index(of: product, namedBy: event.sequence)
      accounts[index][from] -= cards
      accounts[index][to] += cards
      if from == .stock(.regular) { lots[Int(move.lot.rawValue) - 1].regular -= cards }
      if to == .stock(.regular) { lots[Int(move.lot.rawValue) - 1].regular += cards }
      count(&accounts[index].flows, cards)
    }
  }
}
