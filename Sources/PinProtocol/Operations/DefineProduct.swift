import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 product, see Records/Product.swift; its frozen byte is reserved here
// Answer:
//   16 product u32

extension DefineProduct: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(id: try reader.requestID(), product: try Product(from: &reader))
    try require(!product.isFrozen, .reserved)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    var unfrozen = product
    unfrozen.isFrozen = false
    unfrozen.write(to: &writer)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try product.check()
  }
}

/// The product that was added or changed.
public struct DefineProductAnswer: Hashable, Sendable {
  public var product: ProductID
  public init(product: ProductID) { self.product = product }
}

extension DefineProductAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self.init(product: try reader.identity()) }
  func write(to writer: inout ByteWriter) { writer.write(product.rawValue) }
}
