import PinBytes
import PinWords

/// An extent going from one holder to another, as events tell it.
///
///     0 first u64  8 count u32  12 lot u32  16 placed by u64  24 left placed by u64  32 left first u64
///     40 right placed by u64  48 right last u64  56 from u8  57 condition u8  58 six zero bytes
///
/// `placedBy` is the event that put the extent where it was taken from. An extent that goes back to stock grows together
/// with its neighbours there: `left` and `right` are those, each with the event that had put it there, 0 for none or for a
/// neighbour that this same event freed. So every card's life can be walked back through the journal.
struct Move {
  static let byteCount = 64
  /// The most that one event tells, 48 KiB of them: a return of a delivery's 512 pieces that names 256 extents, each of
  /// which may cut a piece in two. What ends or settles a reservation has at most those 512, and so has a stock change.
  /// A block takes events until it is half full, so any of them fits the other half, 256 KiB.
  static let mostOfEvent = 768
  var extent: Extent
  var lot: LotID
  var placedBy: UInt64
  var left: Neighbour?
  var right: Neighbour?
  var from: Place
  /// The condition in stock, or the one it had before it was taken from there.
  var condition: Condition

  func write(to writer: inout ByteWriter) {
    writer.write(extent.first.rawValue)
    writer.write(extent.count)
    writer.write(lot.rawValue)
    writer.write(placedBy)
    for neighbour in [left, right] {
      writer.write(neighbour?.placedBy ?? 0)
      writer.write(neighbour?.far.rawValue ?? 0)
    }
    writer.write(from.rawValue)
    writer.write(condition.rawValue)
    writer.writeZeros(6)
  }
}

/// A piece of stock that an extent going back grows together with.
struct Neighbour {
  var placedBy: UInt64
  /// Its card farthest from the extent: the first of a left neighbour, the last of a right one.
  var far: CardID
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
    guard let from = Place(rawValue: bytes.unsafeLoad(fromByteOffset: start + 56, as: UInt8.self)),
      let condition = Condition(rawValue: bytes.unsafeLoad(fromByteOffset: start + 57, as: UInt8.self))
    else { preconditionFailure("a move starts from a place that does not exist") }
    return Move(
      extent: Extent(first: CardID(bytes.bigEndian(at: start)), count: bytes.bigEndian(at: start + 8)),
      lot: LotID(bytes.bigEndian(at: start + 12)), placedBy: bytes.bigEndian(at: start + 16),
      left: neighbour(at: start + 24), right: neighbour(at: start + 40), from: from, condition: condition)
  }

  private func neighbour(at offset: Int) -> Neighbour? {
    let placedBy: UInt64 = bytes.bigEndian(at: offset)
    return placedBy == 0 ? nil : Neighbour(placedBy: placedBy, far: CardID(bytes.bigEndian(at: offset + 8)))
  }

  static func write(_ moves: [Move], to writer: inout ByteWriter) {
    precondition(moves.count <= Move.mostOfEvent, "an event has more moves than its block is sure to hold")
    writer.write(UInt32(moves.count))
    writer.write(UInt32(0))
    for move in moves { move.write(to: &writer) }
  }
}
