import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 unit cost u64 · 24 product u32 · 28 lot count u16 · 30 vendor length u8 · 31 invoice length u8
//   32 lots, 8 bytes each: 0 expiry u32 · 4 count u32
//   then vendor, invoice
// Answer of begin and commit purchase:
//   16 purchase u32 · 20 lot count u16 · 22 reserved 2 · 24 lots, 24 bytes each:
//      0 first card id u64 · 8 lot u32 · 12 expiry u32 · 16 count u32 · 20 reserved 4

extension BeginPurchase: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let unitCost = try reader.integer(UInt64.self)
    let product = try reader.identity(ProductID.self)
    let lotCount = try reader.integer(UInt16.self)
    let vendorLength = try reader.integer(UInt8.self)
    let invoiceLength = try reader.integer(UInt8.self)
    var lots: [DeclaredLot] = []
    for _ in 0..<lotCount { lots.append(DeclaredLot(expiry: try reader.day(), count: try reader.integer())) }
    self.init(
      id: id, product: product, vendor: try reader.text(vendorLength, .vendor), unitCostMinor: unitCost,
      invoice: try reader.text(invoiceLength, .invoice), lots: lots)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(unitCostMinor)
    writer.write(product.rawValue)
    writer.write(UInt16(lots.count))
    writer.write(vendor.shortByteCount)
    writer.write(invoice.shortByteCount)
    for lot in lots {
      writer.write(lot.expiry.daysSince1970)
      writer.write(lot.count)
    }
    writer.write(text: vendor)
    writer.write(text: invoice)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(product.rawValue != 0, .product)
    try vendor.check(0...64, .vendor)
    try invoice.check(0...64, .invoice)
    try require(lots.count >= 1 && lots.count <= Int(limits.lotsPerPurchase), .lots)
    try require(lots.allSatisfy { $0.count > 0 }, .count)
    try require(Set(lots.map(\.expiry)).count == lots.count, .expiry)
  }
}

/// A purchase with its lots.
public struct PurchaseAnswer: Hashable, Sendable {
  public struct Lot: Hashable, Sendable {
    public var firstCard: CardID
    public var lot: LotID
    public var expiry: Day
    /// How many cards it may take (begin), or has (commit).
    public var count: UInt32

    public init(firstCard: CardID, lot: LotID, expiry: Day, count: UInt32) {
      self.firstCard = firstCard
      self.lot = lot
      self.expiry = expiry
      self.count = count
    }
  }

  public var purchase: PurchaseID
  /// In the order they were declared in.
  public var lots: [Lot]

  public init(purchase: PurchaseID, lots: [Lot]) {
    self.purchase = purchase
    self.lots = lots
  }
}

extension PurchaseAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(purchase: try reader.identity(), lots: [])
    let count = try reader.integer(UInt16.self)
    try reader.reserved(2)
    for _ in 0..<count {
      let first = try reader.identity(CardID.self)
      let lot = try reader.identity(LotID.self)
      lots.append(Lot(firstCard: first, lot: lot, expiry: try reader.day(), count: try reader.integer()))
      try reader.reserved(4)
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(purchase.rawValue)
    writer.write(UInt16(lots.count))
    writer.writeZeros(2)
    for lot in lots {
      writer.write(lot.firstCard.rawValue)
      writer.write(lot.lot.rawValue)
      writer.write(lot.expiry.daysSince1970)
      writer.write(lot.count)
      writer.writeZeros(4)
    }
  }
}
