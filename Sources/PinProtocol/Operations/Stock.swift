import PinBytes
import PinWords

// Request, 8 bytes:
//   0 product u32 · 4 after product u32
// Answer: a page of levels, 64 bytes each:
//   0 regular u64 · 8 used u64 · 16 quarantined u64 · 24 reserved u64 · 32 delivered u64 · 40 void u64 · 48 loading u64
//   56 product u32 · 60 reserved 4

/// How many cards of one product, or of all products with a greater id than `after`.
public struct StockQuery: Hashable, Sendable {
  /// 0 for all.
  public var product: ProductID
  /// 0 unless all are asked for.
  public var after: ProductID

  public init(product: ProductID = ProductID(0), after: ProductID = ProductID(0)) {
    self.product = product
    self.after = after
  }
}

extension StockQuery: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(product: try reader.identity(), after: try reader.identity())
  }

  func write(to writer: inout ByteWriter) {
    writer.write(product.rawValue)
    writer.write(after.rawValue)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(product.rawValue == 0 || after.rawValue == 0, .product)
  }
}

extension StockLevel: CodedPageRecord {
  public var encodedByteCount: Int { 64 }

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(product: ProductID(0))
    regular = try reader.integer()
    used = try reader.integer()
    quarantined = try reader.integer()
    reserved = try reader.integer()
    delivered = try reader.integer()
    void = try reader.integer()
    loading = try reader.integer()
    product = try reader.identity()
    try reader.reserved(4)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(regular)
    writer.write(used)
    writer.write(quarantined)
    writer.write(reserved)
    writer.write(delivered)
    writer.write(void)
    writer.write(loading)
    writer.write(product.rawValue)
    writer.writeZeros(4)
  }
}
