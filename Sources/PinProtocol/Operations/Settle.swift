import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 reservation 16 · 32 reason length u8 · 33 reason
// Answer: see StockChange.swift.

extension Settle: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let reservation = try reader.requestID()
    let reasonLength = try reader.integer(UInt8.self)
    self.init(id: id, reservation: reservation, reason: try reader.text(reasonLength, .reason))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(reservation)
    writer.write(reason.shortByteCount)
    writer.write(text: reason)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(reservation != .zero, .reservation)
    try reason.check(1...200, .reason)
  }
}
