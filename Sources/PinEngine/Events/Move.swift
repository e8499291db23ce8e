import PinBytes
import PinWords

/// An extent going from one holder to another, as events tell it.
///
///     0 first u64  8 count u32  12 lot u32  16 placed by u64  24 left placed by u64  32 right placed by u64
///     40 from u8  41 condition u8  42 six zero bytes
///
/// `placedBy` is the event that put the extent where it was taken from. An extent that goes back to stock grows together
/// with its neighbours there: `leftPlacedBy` and `rightPlacedBy` are the events that had put those there, 0 for none or
/// for a neighbour that this same event freed. So every card's life can be walked back through the journal.
struct Move {
  static let byteCount = 48
  var extent: Extent
  var lot: LotID
  var placedBy: UInt64
  var leftPlacedBy: UInt64 = 0
  var rightPlacedBy: UInt64 = 0
  var from: Place
  /// The condition in stock, or the one it had before it was taken from there.
  var condition: Condition

  func write(to writer: inout ByteWriter) {
    writer.write(extent.first.rawValue)
    writer.write(extent.count)
    writer.write(lot.rawValue)
    writer.write(placedBy)
    writer.write(leftPlacedBy)
    writer.write(rightPlacedBy)
    writer.write(from.rawValue)
    writer.write(condition.rawValue)
    writer.writeZeros(6)
  }
}

/// Where cards can be, as far as moving them goes.
enum Place: UInt8 {
  case stock = 0
  case loading = 1
  case reserved = 2
  case delivered = 3
  case quarantined = 4
  case void = 5
}

/// The moves at the end of an event: a count, four zero bytes, the moves.
struct MoveReader: ~Escapable {
  private let bytes: RawSpan
  let count: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) {
    self.bytes = bytes
    count = Int(bytes.bigEndian(at: 0) as UInt32)
    precondition(bytes.byteCount == 8 + count * Move.byteCount, "a list of moves has another size")
  }

  subscript(index: Int) -> Move {
    let start = 8 + index * Move.byteCount
    guard let from = Place(rawValue: bytes.unsafeLoad(fromByteOffset: start + 40, as: UInt8.self)),
      let condition = Condition(rawValue: bytes.unsafeLoad(fromByteOffset: start + 41, as: UInt8.self))
    else { preconditionFailure("a move starts from a place that does not exist") }
    return Move(
      extent: Extent(first: CardID(bytes.bigEndian(at: start)), count: bytes.bigEndian(at: start + 8)),
      lot: LotID(bytes.bigEndian(at: start + 12)), placedBy: bytes.bigEndian(at: start + 16),
      leftPlacedBy: bytes.bigEndian(at: start + 24), rightPlacedBy: bytes.bigEndian(at: start + 32), from: from,
      condition: condition)
  }

  static func write(_ moves: [Move], to writer: inout ByteWriter) {
    writer.write(UInt32(moves.count))
    writer.write(UInt32(0))
    for move in moves { move.write(to: &writer) }
  }
}
