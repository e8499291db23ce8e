import LMDB
import PinBytes
import PinStore
import PinWords

/// Deleting an order whose cards all came back: they are re-inventoried, by the same rules and the same second person as any.
///
/// All of them must be in used stock: one that is sold again, held, withdrawn or re-inventoried is not there.
extension Machine {
  /// Gathers the moves of an order's cards from used stock to regular stock.
  mutating func gatherDeletion(
    _ change: StockChange, of order: Order, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Result<StockChange, Refusal> {
    let key = order.id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return .failure(.unknownID) }
    let grant = GrantReader(record: record, head: ReservationHead(record))
    var change = change
    change.extents = (0..<grant.sliceCount).map { grant.slice($0).extent }.sorted { $0.first < $1.first }
    moves.removeAll(keepingCapacity: true)
    walkedCount = 0
    for extent in change.extents {
      let before = moves.reduce(0) { $0 + UInt64($1.extent.count) }
      try gatherStock(extent, .used, backTo: .regular, state)
      guard moves.count <= Self.mostMovesOfChange else {
        return .failure(.tooManyExtents(limit: UInt32(Self.mostMovesOfChange)))
      }
      let after = moves.reduce(0) { $0 + UInt64($1.extent.count) }
      guard after - before == UInt64(extent.count) else { return .failure(.notInCustody(extent.first)) }
    }
    guard mayReinventoryAlone(moves.reduce(0) { $0 + UInt64($1.extent.count) }, now) else {
      return .failure(.approvalRequired(.missing))
    }
    return .success(change)
  }

  func writeReinventoried(_ change: StockChange, by actor: ActorID, to writer: inout ByteWriter) {
    var result = ByteWriter(capacity: 16)
    result.write(moves.reduce(UInt64(0)) { $0 + UInt64($1.extent.count) })
    result.write(UInt64(0))
    Self.writeChange(.reinventoried, change.id, change.fields, result: result, by: actor, to: &writer)
    MoveReader.write(moves, to: &writer)
  }
}
