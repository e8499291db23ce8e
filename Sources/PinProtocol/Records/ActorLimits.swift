import PinBytes
import PinWords

// An actor's limits:
//   0 requests per second u32 · 4 currency (0 for none) · 8 product count u16 · 10 reserved 2 · 12 the minute's, 28 the day's:
//     0 cards u32 · 4 reprints u32 · 8 value u64
//   then the products, 4 each

extension ActorLimits {
  var encodedByteCount: Int { 44 + 4 * products.count }

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init()
    requestsPerSecond = try reader.integer()
    let code = try reader.integer(UInt32.self)
    if code != 0 {
      guard let currency = Currency(code: code) else { throw .invalid(.currency) }
      self.currency = currency
    }
    let productCount = try reader.integer(UInt16.self)
    try require(productCount <= Self.mostProducts, .product)
    try reader.reserved(2)
    minute = try Allowance(from: &reader)
    day = try Allowance(from: &reader)
    for _ in 0..<productCount { products.append(try reader.identity()) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(requestsPerSecond)
    writer.write(currency?.code ?? 0)
    writer.write(UInt16(products.count))
    writer.writeZeros(2)
    minute.write(to: &writer)
    day.write(to: &writer)
    for product in products { writer.write(product.rawValue) }
  }
}

extension ActorLimits.Allowance {
  fileprivate init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(cards: try reader.integer(), reprints: try reader.integer(), valueMinor: try reader.integer())
  }

  fileprivate func write(to writer: inout ByteWriter) {
    writer.write(cards)
    writer.write(reprints)
    writer.write(valueMinor)
  }
}
