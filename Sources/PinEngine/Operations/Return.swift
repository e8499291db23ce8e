import LMDB
import PinBytes
import PinStore
import PinWords

/// Dispensed cards come back: they become used stock, never regular (law 3), and the customer is credited.
///
/// The event's body:   reservation (16), moves
extension Machine {
  /// What is held under one id is never broken into more pieces than this, so that one event can end it: what would break
  /// it further (a return in part, a withdrawal, a re-inventory) is refused, and what is left must go together.
  static let mostPiecesOfDelivery = 512

  mutating func decideReturn(
    _ request: Return, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard request.extents.count <= Int(limits.extentsPerRequest), request.extents.areInOrder else {
      return Reply(.refused(.invalid(.extents)))
    }
    if let reply = try knownChange(request.id, .return, request.fields, asker, state) { return reply }

    let known = try reservation(request.reservation, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    guard head.state == .delivered || head.state == .confirmed else {
      return Reply(.refused(.wrongState(head.state)))
    }
    let credits: [Credit]
    switch try gatherReturn(request, state) {
    case .success(let gathered): credits = gathered
    case .failure(let refusal): return Reply(.refused(refusal))
    }
    block.beginEvent()
    writeReturned(request, credits, by: asker.id, to: &block.writer)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.returned(credits), sequence: sequence)
  }

  func writeReturned(_ request: Return, _ credits: [Credit], by actor: ActorID, to writer: inout ByteWriter) {
    var result = ByteWriter(capacity: Credit.byteCount)
    for credit in credits {
      result.write(credit.amountMinor)
      result.write(credit.currency.code)
      result.write(credit.cards)
    }
    Self.writeChange(.returned, request.id, request.fields, result: result, by: actor, to: &writer)
    writer.write(request.reservation)
    MoveReader.write(moves, to: &writer)
  }

  /// Gathers the moves of the cards that come back, and what they are worth.
  mutating func gatherReturn(
    _ request: Return, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Result<[Credit], Refusal> {
    let key = request.reservation.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return .failure(.unknownID) }
    let grant = GrantReader(record: record, head: ReservationHead(record))
    try gatherAll(of: request.reservation, as: .delivered, state)
    let held = moves
    moves.removeAll(keepingCapacity: true)
    var pieces = held.count
    for extent in request.extents.isEmpty ? held.map(\.extent) : request.extents {
      // A run of cards may lie in several pieces of the delivery: sold on two lines, or from two lots.
      var next = extent.first
      while next < extent.end {
        guard let whole = held.first(where: { $0.extent.contains(next) }) else { return .failure(.notInCustody(next)) }
        let end = min(extent.end, whole.extent.end)
        let part = Extent(first: next, count: UInt32(end.rawValue - next.rawValue))
        pieces += part == whole.extent ? -1 : 1
        moves.append(
          try moveBack(
            part, lot: whole.lot, placedBy: whole.placedBy, from: .delivered, was: whole.condition, to: .used,
            state: state))
        next = end
      }
    }
    guard !moves.isEmpty else { return .failure(.notInCustody(grant.slice(0).extent.first)) }
    guard pieces <= Self.mostPiecesOfDelivery else {
      return .failure(.tooManyExtents(limit: UInt32(Self.mostPiecesOfDelivery)))
    }
    return .success(credits(for: moves, of: grant))
  }

  /// What the cards were sold for: their lines' price, less their share of the discount; amounts of two currencies are
  /// never summed.
  private func credits(for moves: [Move], of grant: borrowing GrantReader) -> [Credit] {
    var cardsOfLines = CardsOfLines(grant)
    for move in moves { cardsOfLines.add(move.extent) }
    var credits: [Credit] = []
    for (index, cards) in cardsOfLines.counts.enumerated() where cards > 0 {
      let granted = grant.line(index)
      let place = credits.firstIndex { $0.currency == granted.currency } ?? credits.count
      if place == credits.count { credits.append(Credit(cards: 0, amountMinor: 0, currency: granted.currency)) }
      credits[place].cards += UInt32(cards)
      credits[place].amountMinor += granted.netMinor(ofCards: cards)
    }
    return credits
  }

  mutating func applyReturned(
    _ event: RawSpan, _ eventHead: EventHead, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let change = ChangeEvent(event)
    let moves = MoveReader(change.body.extracting(16..<change.body.byteCount))
    for index in 0..<moves.count {
      try carryOut(moves[index], toStock: .used, by: sequence, state: &state)
    }
    guard case .returned(let credits) = outcome(of: .return, result: change.result) else { return }
    for credit in credits {
      changeShift(of: eventHead.actor, currency: credit.currency) { total in
        total.returnedCards &+= credit.cards
        total.returnedMinor &+= credit.amountMinor
      }
    }
  }
}

extension Return {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.reservation, reservation)
    fields.add(extents)
    return fields
  }
}

extension Credit {
  /// In a return's result:   0 amount u64  8 currency u32  12 cards u32
  static let byteCount = 16
}

/// How many cards of each line of a grant move.
struct CardsOfLines {
  private(set) var counts: [UInt64]
  /// Its slices by the first of their cards; no two share a card.
  private let slices: [(first: CardID, line: Int)]

  init(_ grant: borrowing GrantReader) {
    counts = Array(repeating: 0, count: grant.lineCount)
    var slices: [(first: CardID, line: Int)] = []
    slices.reserveCapacity(grant.sliceCount)
    for index in 0..<grant.sliceCount {
      let slice = grant.slice(index)
      slices.append((slice.extent.first, Int(slice.line)))
    }
    slices.sort { $0.first < $1.first }
    self.slices = slices
  }

  /// Counts an extent, which lies within one slice.
  mutating func add(_ extent: Extent) {
    var low = 0
    var high = slices.count
    while low < high {
      let middle = (low + high) / 2
      if slices[middle].first <= extent.first { low = middle + 1 } else { high = middle }
    }
    precondition(low > 0, "cards that move are of no slice of their reservation")
    counts[slices[low - 1].line] += UInt64(extent.count)
  }
}

extension GrantedLine {
  /// What so many cards of the line were sold for, less their share of the discount, rounded down.
  func netMinor(ofCards cards: UInt64) -> UInt64 {
    let gross = unitPriceMinor * cards
    // The discount is at most the line's price, so the share is at most the gross.
    let share = line.discountMinor.multipliedFullWidth(by: cards)
    let (shareOfDiscount, remainder) = UInt64(line.count).dividingFullWidth(share)
    return gross - shareOfDiscount - (remainder == 0 ? 0 : 1)
  }
}

extension [Extent] {
  /// Each has cards, ends within the numbers there are, and starts where the one before has ended or later.
  var areInOrder: Bool {
    var end: UInt64 = 1
    for extent in self {
      let (next, overflows) = extent.first.rawValue.addingReportingOverflow(UInt64(extent.count))
      guard extent.count > 0, !overflows, extent.first.rawValue >= end else { return false }
      end = next
    }
    return true
  }
}
