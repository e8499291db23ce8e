import PinBytes
import PinWords

// A line, 32 bytes:
//   0 product u32 · 4 count u32 · 8 discount u64 · 16 tax u64 · 24 condition u8 · 25 reserved 7

extension Line {
  static let byteCount = 32

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let product = try reader.identity(ProductID.self)
    let count = try reader.integer(UInt32.self)
    let discount = try reader.integer(UInt64.self)
    let tax = try reader.integer(UInt64.self)
    let condition = try reader.choice(Condition.self, .condition)
    try reader.reserved(7)
    self.init(product: product, count: count, condition: condition, discountMinor: discount, taxMinor: tax)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(product.rawValue)
    writer.write(count)
    writer.write(discountMinor)
    writer.write(taxMinor)
    writer.write(condition.rawValue)
    writer.writeZeros(7)
  }

  func check(maximumCount: UInt32) throws(ProtocolFault) {
    try require(product.rawValue != 0, .product)
    try require(count >= 1 && count <= maximumCount, .count)
    try require(condition != .quarantined, .condition)
  }
}

// A granted line, 48 bytes: a line, then
//   32 unit price u64 · 40 currency u32 · 44 reserved 4

extension GrantedLine {
  static let byteCount = 48

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let line = try Line(from: &reader)
    let unitPrice = try reader.integer(UInt64.self)
    let currency = try reader.currency()
    try reader.reserved(4)
    self.init(line: line, unitPriceMinor: unitPrice, currency: currency)
  }

  func write(to writer: inout ByteWriter) {
    line.write(to: &writer)
    writer.write(unitPriceMinor)
    writer.write(currency.code)
    writer.writeZeros(4)
  }
}
