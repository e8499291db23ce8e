import PinBytes
import PinWords

// A page of an answer:
//   16 record count u16 · 18 more u8 · 19 reserved 5 · 24 the records

/// What comes in pages: a list too long for one frame.
public protocol PageRecord: Hashable, Sendable {
  /// How many bytes it takes on the wire.
  var encodedByteCount: Int { get }
}

/// What a record's file provides beside its size.
protocol CodedPageRecord: PageRecord {
  init(from reader: inout BodyReader) throws(ProtocolFault)
  func write(to writer: inout ByteWriter)
}

/// Part of a list, and whether more comes after its last record.
public struct Page<Record: PageRecord>: Hashable, Sendable {
  public var records: [Record]
  /// Ask again after the last record's id.
  public var hasMore: Bool

  public init(_ records: [Record], hasMore: Bool = false) {
    self.records = records
    self.hasMore = hasMore
  }

  /// As many of these as one frame holds, from the first.
  public init(fitting records: some Sequence<Record>, limits: Limits) {
    self.init([])
    var room = Int(limits.frameBytes) - FrameHeader.byteCount - 24
    for record in records {
      room -= record.encodedByteCount
      guard room >= 0, self.records.count < Int(UInt16.max) else {
        hasMore = true
        return
      }
      self.records.append(record)
    }
  }
}

extension Page: AnswerBody where Record: CodedPageRecord {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let count = try reader.integer(UInt16.self)
    self.init([], hasMore: try reader.flag())
    try reader.reserved(5)
    for _ in 0..<count { records.append(try Record(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt16(records.count))
    writer.write(hasMore)
    writer.writeZeros(5)
    for record in records { record.write(to: &writer) }
  }
}
