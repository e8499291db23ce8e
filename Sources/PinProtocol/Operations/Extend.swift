import PinBytes
import PinWords

// Request, 24 bytes:
//   0 reservation 16 · 16 deadline u64
// Answer: see Standing.swift.

extension Extend: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(reservation: try reader.requestID(), deadlineMilliseconds: try reader.integer())
  }

  func write(to writer: inout ByteWriter) {
    writer.write(reservation)
    writer.write(deadlineMilliseconds)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(reservation != .zero, .id)
    try require(deadlineMilliseconds != 0, .deadline)
  }
}
