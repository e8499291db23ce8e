import PinBytes
import PinWords

// Request, 56 bytes:
//   0 id 16 · 16 cashier u32 · 20 tender u8 · 21 reserved 3 · 24 line, 32 bytes
// Answer: a delivery, see Delivery.swift.

extension Vend: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let cashier = try reader.integer(UInt32.self)
    let tender = try reader.choice(Tender.self, .tender)
    try reader.reserved(3)
    self.init(id: id, sale: Sale(cashier: cashier, tender: tender), line: try Line(from: &reader))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(sale.cashier)
    writer.write(sale.tender.rawValue)
    writer.writeZeros(3)
    line.write(to: &writer)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try line.check(maximumCount: min(limits.cardsPerLine, UInt32(limits.cardsPerAnswer)))
  }
}
