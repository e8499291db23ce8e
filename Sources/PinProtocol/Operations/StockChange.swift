import PinBytes
import PinWords

// Request of re-inventory and withdraw:
//   0 id 16 · 16 extent count u16 · 18 reason length u8 · 19 reserved 5 · 24 extents, 16 bytes each · then the reason
// Answer of re-inventory, withdraw and settle:
//   16 cards changed u64

extension StockChange: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let count = try reader.integer(UInt16.self)
    let reasonLength = try reader.integer(UInt8.self)
    try reader.reserved(5)
    let extents = try [Extent](from: &reader, count: count)
    self.init(id: id, extents: extents, reason: try reader.text(reasonLength, .reason))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(UInt16(extents.count))
    writer.write(reason.shortByteCount)
    writer.writeZeros(5)
    extents.write(to: &writer)
    writer.write(text: reason)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try extents.check(1...Int(limits.extentsPerRequest))
    try reason.check(1...200, .reason)
  }
}

/// How many cards a stock keeper's act changed.
public struct ChangedAnswer: Hashable, Sendable {
  public var cardCount: UInt64
  public init(cardCount: UInt64) { self.cardCount = cardCount }
}

extension ChangedAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self.init(cardCount: try reader.integer()) }
  func write(to writer: inout ByteWriter) { writer.write(cardCount) }
}
