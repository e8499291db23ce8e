import PinBytes
import PinWords

// An extent, 16 bytes:
//   0 first card id u64 · 8 count u32 · 12 reserved 4

extension Extent {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let first = try reader.identity(CardID.self)
    let count = try reader.integer(UInt32.self)
    try reader.reserved(4)
    self.init(first: first, count: count)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(first.rawValue)
    writer.write(count)
    writer.writeZeros(4)
  }
}

extension [Extent] {
  init(from reader: inout BodyReader, count: UInt16) throws(ProtocolFault) {
    self = []
    for _ in 0..<count { append(try Extent(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    for extent in self { extent.write(to: &writer) }
  }

  /// None empty, none past the last card id there can be, in rising order without overlap.
  func check(_ counts: ClosedRange<Int>) throws(ProtocolFault) {
    try require(counts.contains(count), .extents)
    var free: UInt64 = 1
    for extent in self {
      let (end, overflowed) = extent.first.rawValue.addingReportingOverflow(UInt64(extent.count))
      try require(extent.count > 0 && extent.first.rawValue >= free && !overflowed, .extents)
      free = end
    }
  }
}
