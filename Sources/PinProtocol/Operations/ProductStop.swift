import PinBytes
import PinWords

// Request of freeze and thaw:
//   0 id 16 · 16 product u32 · 20 reason length u8 · 21 reason
// Answer: nothing more.

extension ProductStop: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let product = try reader.identity(ProductID.self)
    let reasonLength = try reader.integer(UInt8.self)
    self.init(id: id, product: product, reason: try reader.text(reasonLength, .reason))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(product.rawValue)
    writer.write(reason.shortByteCount)
    writer.write(text: reason)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(product.rawValue != 0, .product)
    try reason.check(1...200, .reason)
  }
}
