import LMDB
import PinBytes
import PinStore
import PinWords

/// Deleting an order whose cards all came back and were not resold: they are re-inventoried, by the same rules and the same
/// second person as any. What it had from used stock stays used; its record stays as a tombstone.
///
/// What an order's customer brought back is known as that order's until somebody else has it:
///
///     key   last card u64        value   0 first card u64  8 order (16)
extension Machine {
  enum Deletion {
    /// With the cards that become regular again; nil if none does.
    case mayBe(StockChange?)
    case refused(Outcome)
  }

  /// Gathers the moves of an order's cards from used stock to regular stock.
  mutating func gatherDeletion(
    _ change: StockChange, of order: Order, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Deletion {
    let key = order.id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else {
      return .refused(.refused(.unknownID))
    }
    let grant = GrantReader(record: record, head: ReservationHead(record))
    var change = change
    moves.removeAll(keepingCapacity: true)
    walkedCount = 0
    let slices = (0..<grant.sliceCount).map { grant.slice($0) }.sorted { $0.extent.first < $1.extent.first }
    for slice in slices {
      let extent = slice.extent
      guard try cameBack(extent, from: order.id, state) else { return .refused(.orderRefused(.resold)) }
      let before = moves.count
      try gatherStock(extent, .used, backTo: .regular, state)
      guard moves.count <= Self.mostMovesOfChange else {
        return .refused(.refused(.tooManyExtents(limit: UInt32(Self.mostMovesOfChange))))
      }
      guard moves[before...].reduce(0, { $0 + UInt64($1.extent.count) }) == UInt64(extent.count) else {
        return .refused(.refused(.notInCustody(extent.first)))
      }
      if grant.line(Int(slice.line)).line.condition == .used {
        moves.removeSubrange(before...)
      } else {
        change.extents.append(extent)
      }
    }
    guard mayReinventoryAlone(moves.reduce(0) { $0 + UInt64($1.extent.count) }, now) else {
      return .refused(.refused(.approvalRequired(.missing)))
    }
    return .mayBe(moves.isEmpty ? nil : change)
  }

  func writeReinventoried(_ change: StockChange, by actor: ActorID, to writer: inout ByteWriter) {
    var result = ByteWriter(capacity: 16)
    result.write(moves.reduce(UInt64(0)) { $0 + UInt64($1.extent.count) })
    result.write(UInt64(0))
    Self.writeChange(.reinventoried, change.id, change.fields, result: result, by: actor, to: &writer)
    MoveReader.write(moves, to: &writer)
  }

  // MARK: What came back

  /// Whether an order's customer brought all of an extent back, and nobody has had any of it since.
  private func cameBack(
    _ extent: Extent, from order: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Bool {
    var next = extent.first
    while next < extent.end {
      guard let found = try returned(atOrAfter: next, state), found.extent.first <= next, found.order == order else {
        return false
      }
      next = found.extent.end
    }
    return true
  }

  private func returned(
    atOrAfter card: CardID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> (extent: Extent, order: RequestID)? {
    let key = card.bytes
    guard let entry = try state.entry(atOrAfter: key.span.bytes, in: tables.cameBack) else { return nil }
    let last: UInt64 = entry.key.bigEndian(at: 0)
    let first: UInt64 = entry.value.bigEndian(at: 0)
    let order = RequestID(high: entry.value.bigEndian(at: 8), low: entry.value.bigEndian(at: 16))
    return (Extent(first: CardID(first), count: UInt32(last - first + 1)), order)
  }

  /// An order's customer brought the cards of a return back.
  mutating func noteCameBack(
    _ returned: RawSpan?, from order: RequestID, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    guard let returned else { return }
    let body = ChangeEvent(returned).body
    let moves = MoveReader(body.extracting(16..<body.byteCount))
    for index in 0..<moves.count { try noteCameBack(moves[index].extent, from: order, &state) }
  }

  private mutating func noteCameBack(
    _ extent: Extent, from order: RequestID, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let (key, value) = (extent.last.bytes, extent.first.bytes + order.bytes)
    try state.put(value.span.bytes, for: key.span.bytes, in: tables.cameBack)
  }

  /// These cards of used stock are sold, regular or void now: it does not matter any more who brought them back.
  mutating func forgetCameBack(_ extent: Extent, _ state: inout WriteTransaction) throws(LMDBError) {
    var next = extent.first
    while next < extent.end, let (whole, order) = try returned(atOrAfter: next, state), whole.first < extent.end {
      let key = whole.last.bytes
      _ = try state.remove(key.span.bytes, in: tables.cameBack)
      if whole.first < extent.first {
        let count = UInt32(extent.first.rawValue - whole.first.rawValue)
        try noteCameBack(Extent(first: whole.first, count: count), from: order, &state)
      }
      if extent.end < whole.end {
        let count = UInt32(whole.end.rawValue - extent.end.rawValue)
        try noteCameBack(Extent(first: extent.end, count: count), from: order, &state)
      }
      next = whole.end
    }
  }
}

extension CardID {
  /// 8 bytes, big-endian.
  fileprivate var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }
}
