import PinBytes
import PinWords

// A product, 36 bytes and its texts:
//   0 face value u64 · 8 price u64 · 16 product u32 · 20 currency u32 · 24 low-stock threshold u32
//   28 minimum validity u16 · 30 frozen u8 · 31 SKU length u8 · 32 name length u8 · 33 vendor length u8
//   34 instructions length u8 · 35 reserved 1 · 36 SKU, name, vendor, instructions

extension Product: CodedPageRecord {
  public var encodedByteCount: Int {
    36 + sku.utf8.count + name.utf8.count + vendor.utf8.count + instructions.utf8.count
  }

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let faceValue = try reader.integer(UInt64.self)
    let price = try reader.integer(UInt64.self)
    let id = try reader.identity(ProductID.self)
    let currency = try reader.currency()
    let lowStockThreshold = try reader.integer(UInt32.self)
    let minimumValidityDays = try reader.integer(UInt16.self)
    let isFrozen = try reader.flag()
    let skuLength = try reader.integer(UInt8.self)
    let nameLength = try reader.integer(UInt8.self)
    let vendorLength = try reader.integer(UInt8.self)
    let instructionsLength = try reader.integer(UInt8.self)
    try reader.reserved(1)
    self.init(
      id: id, sku: try reader.text(skuLength, .sku), name: try reader.text(nameLength, .name),
      vendor: try reader.text(vendorLength, .vendor), currency: currency, faceValueMinor: faceValue, priceMinor: price,
      instructions: try reader.text(instructionsLength, .instructions), lowStockThreshold: lowStockThreshold,
      minimumValidityDays: minimumValidityDays, isFrozen: isFrozen)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(faceValueMinor)
    writer.write(priceMinor)
    writer.write(id.rawValue)
    writer.write(currency.code)
    writer.write(lowStockThreshold)
    writer.write(minimumValidityDays)
    writer.write(isFrozen)
    writer.write(sku.shortByteCount)
    writer.write(name.shortByteCount)
    writer.write(vendor.shortByteCount)
    writer.write(instructions.shortByteCount)
    writer.writeZeros(1)
    for text in [sku, name, vendor, instructions] { writer.write(text: text) }
  }

  func check() throws(ProtocolFault) {
    try sku.check(1...32, .sku)
    try require(sku.utf8.allSatisfy { $0 < 0x80 }, .sku)
    try name.check(1...64, .name)
    try vendor.check(1...64, .vendor)
    try instructions.check(0...240, .instructions, allowsLineFeeds: true)
  }
}
