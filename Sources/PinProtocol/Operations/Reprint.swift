import PinBytes
import PinWords

// Request, 24 bytes:
//   0 reservation 16 · 16 first index u32 · 20 count u16 · 22 reserved 2
// Answer: a delivery, see Delivery.swift.

extension Reprint: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(reservation: try reader.requestID(), firstIndex: try reader.integer(), count: try reader.integer())
    try reader.reserved(2)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(reservation)
    writer.write(firstIndex)
    writer.write(count)
    writer.writeZeros(2)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(reservation != .zero, .id)
    try require(count <= limits.cardsPerAnswer, .count)
  }
}
