import LMDB
import PinBytes
import PinStore
import PinWords

/// An operator's acts on stock: re-inventory, withdraw, settle; each with a reason, each an event with a name under it.
///
/// Re-inventory and withdraw act on whatever the named ranges hold that they can act on, and say how many cards that was:
/// a recall names a lot's whole range, sold cards included, and takes what is not sold yet.
extension Machine {
  mutating func decideReinventory(
    _ change: StockChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    try decideStockChange(change, .reinventory, .reinventoried, asker, now, &block, &state)
  }

  mutating func decideWithdraw(
    _ change: StockChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    try decideStockChange(change, .withdraw, .withdrawn, asker, now, &block, &state)
  }

  private mutating func decideStockChange(
    _ change: StockChange, _ operation: Operation, _ kind: EventKind, _ asker: Asker, _ now: UInt64,
    _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard (1...Int(limits.extentsPerRequest)).contains(change.extents.count), change.extents.areInOrder else {
      return Reply(.refused(.invalid(.extents)))
    }
    guard change.reason.isReason else { return Reply(.refused(.invalid(.reason))) }
    let fields = change.fields
    if let reply = try knownChange(change.id, operation, fields, asker, state) { return reply }

    moves.removeAll(keepingCapacity: true)
    piecesOfSplitIDs.removeAll(keepingCapacity: true)
    splitsTooMuch = false
    walkedCount = 0
    for extent in change.extents {
      guard extent.end <= counters.nextCard else { return Reply(.refused(.unknownCard)) }
      if operation == .reinventory {
        try gatherStock(extent, .used, backTo: .regular, state)
        try gatherCustody(extent, [.quarantined], backTo: .regular, state)
      } else {
        try gatherStock(extent, .regular, backTo: nil, state)
        try gatherStock(extent, .used, backTo: nil, state)
        try gatherCustody(extent, [.quarantined, .reserved], backTo: nil, state)
      }
      guard moves.count <= Self.mostMovesOfChange, walkedCount <= Self.mostWalkedByChange, !splitsTooMuch else {
        return Reply(.refused(.tooManyExtents(limit: UInt32(Self.mostMovesOfChange))))
      }
    }
    guard !moves.isEmpty else { return Reply(.refused(.notInCustody(change.extents[0].first))) }
    let cards = moves.reduce(UInt64(0)) { $0 + UInt64($1.extent.count) }
    var approvedBy: UInt64 = 0
    if operation == .reinventory, !mayReinventoryAlone(cards, now) {
      switch approval(of: change.id, operation, fields, asker, now) {
      case .success(let sequence): approvedBy = sequence
      case .failure(let refusal): return Reply(.refused(refusal))
      }
    }
    var result = ByteWriter(capacity: 16)
    result.write(cards)
    result.write(approvedBy)
    Self.beginChange(kind, change.id, fields, result: result, by: asker.id, &block)
    MoveReader.write(moves, to: &block.writer)
    return try endChange(operation, result: result, now, &block, &state)
  }

  /// What one change may move: bounds its event and the records it writes.
  static let mostMovesOfChange = 512
  /// Extents one change may look at to find them: bounds how long it keeps the writer.
  static let mostWalkedByChange = 100_000

  /// Adds the parts of a range that are in stock in a condition to `moves`, up to one more than may be moved.
  mutating func gatherStock(
    _ range: Extent, _ condition: Condition, backTo target: Condition?, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    var start = range.first
    while start < range.end, let lot = lot(of: start) {
      let end = min(range.end, lot.extent.end)
      var key = StockKey(product: lot.product, condition: condition, expiry: lot.expiry, last: start)
      while mayWalkOn() {
        guard let (found, value) = try stock(atOrAfter: key, state), found.expiry == key.expiry, value.next < end
        else { break }
        let first = max(start, value.next)
        let past = min(end, CardID(found.last.rawValue + 1))
        let extent = Extent(first: first, count: UInt32(past.rawValue - first.rawValue))
        try appendMove(
          extent, lot: value.lot, placedBy: value.placedBy, from: .stock, was: condition, backTo: target, state)
        key = StockKey(
          product: key.product, condition: condition, expiry: key.expiry, last: CardID(found.last.rawValue + 1))
      }
      start = lot.extent.end
    }
  }

  /// Adds the parts of a range that these holders have to `moves`, up to one more than may be moved.
  private mutating func gatherCustody(
    _ range: Extent, _ holders: Set<CustodyValue.Holder>, backTo target: Condition?,
    _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    if let (whole, value) = try custody(of: range.first, state: state), whole.first < range.first {
      try appendPart(of: whole, value, in: range, holders, backTo: target, state)
    }
    var next = range.first
    while next < range.end, mayWalkOn() {
      guard let entry = try state.entry(atOrAfter: next.rawValue, in: tables.custody) else { return }
      let value = CustodyValue(entry.value)
      let whole = Extent(first: CardID(entry.integerKey), count: value.count)
      guard whole.first < range.end else { return }
      try appendPart(of: whole, value, in: range, holders, backTo: target, state)
      next = whole.end
    }
  }

  private mutating func mayWalkOn() -> Bool {
    walkedCount += 1
    return moves.count <= Self.mostMovesOfChange && walkedCount <= Self.mostWalkedByChange
  }

  private mutating func appendPart(
    of whole: Extent, _ value: CustodyValue, in range: Extent, _ holders: Set<CustodyValue.Holder>,
    backTo target: Condition?, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    guard holders.contains(value.holder) else { return }
    if whole.first < range.first, range.end < whole.end, value.id != .zero {
      try countSplit(of: value, state)
      guard !splitsTooMuch else { return }
    }
    let first = max(whole.first, range.first)
    let end = min(whole.end, range.end)
    try appendMove(
      Extent(first: first, count: UInt32(end.rawValue - first.rawValue)), lot: value.lot, placedBy: value.placedBy,
      from: Place(rawValue: value.holder.rawValue)!, was: value.condition, backTo: target, state)
  }

  private mutating func appendMove(
    _ extent: Extent, lot: LotID, placedBy: UInt64, from: Place, was: Condition, backTo target: Condition?,
    _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    if let target {
      moves.append(
        try moveBack(extent, lot: lot, placedBy: placedBy, from: from, was: was, to: target, state: state))
    } else {
      moves.append(Move(extent: extent, lot: lot, placedBy: placedBy, from: from, condition: was))
    }
  }

  mutating func applyStockChange(
    _ event: RawSpan, _ kind: EventKind, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let change = ChangeEvent(event)
    if kind == .reinventoried, change.result.bigEndian(at: 8) == 0 as UInt64 {
      countReinventoriedAlone(change.result.bigEndian(at: 0), timeMilliseconds)
    }
    let moves = MoveReader(change.body)
    for index in 0..<moves.count {
      if kind == .reinventoried {
        try carryOut(moves[index], toStock: .regular, by: sequence, state: &state)
      } else {
        // The id tells cards that were withdrawn from ids that were never loaded.
        try carryOut(moves[index], to: .void, id: change.id, by: sequence, state: &state)
      }
    }
  }

  /// Cards are taken out of the middle of a piece of an id's, which makes it two: an id whose cards were broken into ever
  /// more pieces would outgrow the one event that ends its hold, or settles its quarantine.
  private mutating func countSplit(
    of piece: CustodyValue, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    let known = piecesOfSplitIDs[piece.id]
    let before = if let known { known } else { try pieces(of: piece.id, as: piece.holder, state) }
    piecesOfSplitIDs[piece.id] = before + 1
    splitsTooMuch = before >= Self.mostPiecesOfDelivery
  }

  /// In how many pieces a holder has the cards of an id.
  private mutating func pieces(
    of id: RequestID, as holder: CustodyValue.Holder, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Int {
    let gathered = moves
    defer { moves = gathered }
    try gatherAll(of: id, as: holder, state)
    return moves.count
  }

  // MARK: Settle

  mutating func decideSettle(
    _ settle: Settle, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard settle.reason.isReason else { return Reply(.refused(.invalid(.reason))) }
    var fields = FieldList()
    fields.add(.reservation, settle.reservation)
    fields.add(.reason, settle.reason)
    if let reply = try knownChange(settle.id, .settle, fields, asker, state) { return reply }

    let known = try reservation(settle.reservation, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    guard head.state == .quarantined else { return Reply(.refused(.wrongState(head.state))) }
    try gatherAll(of: settle.reservation, as: .quarantined, state)
    guard !moves.isEmpty else { return Reply(.refused(.wrongState(head.state))) }
    var result = ByteWriter(capacity: 16)
    result.write(moves.reduce(UInt64(0)) { $0 + UInt64($1.extent.count) })
    Self.beginChange(.settled, settle.id, fields, result: result, by: asker.id, &block)
    block.writer.write(settle.reservation)
    MoveReader.write(moves, to: &block.writer)
    return try endChange(.settle, result: result, now, &block, &state)
  }

  /// The delivery is confirmed after all: final, like any that was printed.
  mutating func applySettled(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let body = ChangeEvent(event).body
    let id = RequestID(high: body.bigEndian(at: 0), low: body.bigEndian(at: 8))
    let moves = MoveReader(body.extracting(16..<body.byteCount))
    for index in 0..<moves.count {
      try carryOut(moves[index], to: .delivered, id: id, by: sequence, state: &state)
    }
    try countSettlement(of: id, moves, state)
    try changeHead(of: id, &state) { head in
      head.state = .confirmed
      head.changedBy = sequence
      if head.dispensedAtMilliseconds == 0 { head.dispensedAtMilliseconds = timeMilliseconds }
    }
  }
}

extension StockChange {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(extents)
    fields.add(.reason, reason)
    return fields
  }
}

extension String {
  /// 1 to 200 bytes, without control characters.
  var isReason: Bool { (1...200).contains(utf8.count) && isPlainText }

  /// Without control characters, which would break a line of a log or a report.
  var isPlainText: Bool { unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
}
