import PinEngine
import PinStore
import PinWords

/// Turns events into postings, and keeps the books as it goes.
package struct Bookkeeper {
  package private(set) var books: Books
  /// What the last event did to the books of sales, if that was wanted.
  package private(set) var postings: [Posting] = []
  private var memory: SaleMemory
  /// The order that the event at hand changes.
  private var order: Posting.OrderFacts?

  /// Goes on from books as they stood before the next event, and keeps so many of the last events in mind.
  package init(_ view: JournalView, opening books: Books = Books(), remembering capacity: Int = 65_536) {
    self.books = books
    memory = SaleMemory(view, capacity: capacity)
  }

  /// From now on flows are counted anew.
  package mutating func beginPeriod() { books.beginPeriod() }

  /// Takes in the next event, and returns it unless it is one of the many that can be read in place or passed over.
  @discardableResult
  package mutating func fold(
    _ bytes: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, wantsPostings: Bool
  ) throws -> JournalEvent? {
    postings.removeAll(keepingCapacity: true)
    if let vend = VendInPlace(bytes) {
      memory.remember(bytes, sequence, timeMilliseconds)
      try books.fold(vend, sequence: sequence)
      if wantsPostings { try post(vend, sequence, timeMilliseconds) }
      return nil
    }
    if EventKind.movesNothing(bytes) { return nil }
    let whole = try JournalEvent.whole(sequence, timeMilliseconds, bytes)
    let event = whole.ofCards
    order = Posting.OrderFacts(whole)
    try books.fold(event)
    if event.kind == .reserved || event.kind == .dispensed { memory.remember(bytes, sequence, timeMilliseconds) }
    if wantsPostings { try post(event) }
    return event
  }

  /// Runs `body` with each of the postings in place: there are too many to copy them.
  func forEachPosting(_ body: (Posting, Books) throws -> Void) rethrows {
    for index in postings.indices { try body(postings[index], books) }
  }

  private mutating func post(_ event: JournalEvent) throws {
    switch event.facts {
    case .vended(let grant): try deliver(grant, of: event.actor, by: event)
    case .dispensed(_, let moves):
      guard let move = moves.first else { return }
      let found = try memory.sale(of: move.extent.first, placedBy: move.placedBy, asking: event.sequence)
      try deliver(found.grant, of: found.actor, by: event)
    case .returned(let cards): try comeOrGo(cards.extents, as: .returned, cards.reservation, event)
    case .reversed(.quarantined, let moves):
      guard let id = event.id else { return }
      try comeOrGo(moves, as: .cancellation, id, event)
    case .settled(let reservation, _, _, let moves): try comeOrGo(moves, as: .settlement, reservation, event)
    default: break
    }
  }

  // MARK: Sales

  private mutating func post(
    _ vend: borrowing VendInPlace, _ sequence: UInt64, _ timeMilliseconds: UInt64
  ) throws(ReportError) {
    var extents = Few<Extent>()
    var cost: Int128 = 0
    for index in 0..<vend.extentCount {
      let (lot, extent) = vend.extent(index)
      extents.append(extent)
      cost += Int128(try books.lot(lot, namedBy: sequence).unitCostMinor) * Int128(extent.count)
    }
    postings.append(
      Posting(
        sale: vend.line, line: 0, extents: extents, costMinor: cost, sequence: sequence,
        timeMilliseconds: timeMilliseconds, reservation: vend.id,
        user: Posting.User(actor: vend.actor, cashier: vend.sale.cashier), tender: vend.sale.tender, countsSale: true))
  }

  private mutating func deliver(_ grant: JournalFacts.Grant, of actor: ActorID, by event: JournalEvent) throws {
    guard let reservation = event.id else { return }
    var extents = LineExtents(lineCount: grant.lines.count)
    for granted in grant.extents { extents.add(granted.extent, of: granted.lot, to: Int(granted.line)) }
    var counted: [Currency] = []
    for (index, granted) in grant.lines.enumerated() {
      let isFirst = !counted.contains(granted.currency)
      if isFirst { counted.append(granted.currency) }
      postings.append(
        Posting(
          sale: granted, line: index, extents: extents[index], costMinor: try cost(of: extents, line: index, event),
          sequence: event.sequence, timeMilliseconds: event.timeMilliseconds, reservation: reservation,
          order: order, user: Posting.User(actor: actor, cashier: grant.sale.cashier), tender: grant.sale.tender,
          countsSale: isFirst))
    }
  }

  private func cost(of extents: LineExtents, line: Int, _ event: JournalEvent) throws(ReportError) -> Int128 {
    var cost: Int128 = 0
    for (lot, count) in extents.counts[line] {
      cost += Int128(try books.lot(lot, namedBy: event.sequence).unitCostMinor) * Int128(count)
    }
    return cost
  }

  // MARK: What comes back, and what is sold after all

  /// Posts cards of a sale, each line with its share: the discount's rounded up, the tax's rounded down.
  private mutating func comeOrGo(
    _ moves: [JournalFacts.MovedExtent], as kind: Posting.Kind, _ reservation: RequestID, _ event: JournalEvent
  ) throws {
    guard let first = moves.first else { return }
    let found = try memory.sale(of: first.extent.first, placedBy: first.placedBy, asking: event.sequence)
    let grant = found.grant
    var extents = LineExtents(lineCount: grant.lines.count)
    for move in moves {
      guard
        let granted = grant.extents.first(where: {
          $0.extent.first <= move.extent.first && move.extent.end <= $0.extent.end
        })
      else { throw ReportError.brokenTrail(sequence: event.sequence) }
      extents.add(move.extent, of: move.lot, to: Int(granted.line))
    }
    // A return is its taker's; what ends or settles a sale, its seller's.
    let user =
      kind == .returned
      ? Posting.User(actor: event.actor, cashier: 0) : Posting.User(actor: found.actor, cashier: grant.sale.cashier)
    let sign: Int128 = kind.isBack ? -1 : 1
    var counted: [Currency] = []
    for (index, granted) in grant.lines.enumerated() where !extents[index].isEmpty {
      let cards = extents[index].reduce(0) { $0 + Int($1.count) }
      let (count, whole) = (Int128(cards), Int128(granted.line.count))
      let isFirst = !counted.contains(granted.currency)
      if isFirst { counted.append(granted.currency) }
      postings.append(
        Posting(
          kind: kind, sequence: event.sequence, timeMilliseconds: event.timeMilliseconds, reservation: reservation,
          original: found.delivery, line: index, order: order, user: user, tender: grant.sale.tender,
          product: granted.line.product,
          condition: granted.line.condition, cards: Int(sign) * cards, extents: extents[index],
          currency: granted.currency, unitPriceMinor: granted.unitPriceMinor,
          grossMinor: sign * Int128(granted.unitPriceMinor) * count,
          discountMinor: sign * ((Int128(granted.line.discountMinor) * count + whole - 1) / whole),
          taxMinor: sign * (Int128(granted.line.taxMinor) * count / whole),
          costMinor: sign * (try cost(of: extents, line: index, event)), countsSale: isFirst))
    }
  }
}

extension Posting.OrderFacts {
  fileprivate convenience init?(_ event: JournalEvent) {
    guard case .orderChanged(let changed) = event.facts else { return nil }
    self.init(customer: changed.order.customer, authorisation: changed.order.authorisation)
  }
}

/// The cards of each line of a sale, and how many of each lot.
private struct LineExtents {
  private var extents: [Few<Extent>]
  private(set) var counts: [[(lot: LotID, count: UInt64)]]

  init(lineCount: Int) {
    extents = Array(repeating: Few(), count: lineCount)
    counts = Array(repeating: [], count: lineCount)
  }

  mutating func add(_ extent: Extent, of lot: LotID, to line: Int) {
    extents[line].append(extent)
    if let last = counts[line].last, last.lot == lot {
      counts[line][counts[line].count - 1].count += UInt64(extent.count)
    } else {
      counts[line].append((lot, UInt64(extent.count)))
    }
  }

  subscript(line: Int) -> Few<Extent> { extents[line] }
}
