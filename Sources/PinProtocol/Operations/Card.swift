import PinBytes
import PinWords

// Request:
//   0 serial length u8 · 1 vendor length u8 · 2 serial, vendor
// Answer: a page of cards, each:
//   0 card id u64 · 8 holder 16 · 24 product u32 · 28 lot u32 · 32 purchase u32 · 36 expiry u32 · 40 event count u16
//   42 custody u8 · 43 condition u8 · 44 serial length u8 · 45 reserved 3 · 48 serial
//   then events, latest first, each:
//      0 sequence u64 · 8 time u64 · 16 id 16 · 32 actor u32 · 36 name length u8 · 37 reserved 3 · 40 name

/// Cards of this serial; serials are unique for a vendor only.
public struct CardQuery: Hashable, Sendable {
  /// 1 to 64 bytes.
  public var serial: String
  /// Up to 64 bytes; empty for all vendors.
  public var vendor: String

  public init(serial: String, vendor: String = "") {
    self.serial = serial
    self.vendor = vendor
  }
}

extension CardQuery: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let serialLength = try reader.integer(UInt8.self)
    let vendorLength = try reader.integer(UInt8.self)
    self.init(serial: try reader.text(serialLength, .serial), vendor: try reader.text(vendorLength, .vendor))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(serial.shortByteCount)
    writer.write(vendor.shortByteCount)
    writer.write(text: serial)
    writer.write(text: vendor)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try serial.check(1...64, .serial)
    try vendor.check(0...64, .vendor)
  }
}

/// The number of a custody on the wire.
public enum CustodyKind: UInt8, Sendable, CaseIterable {
  case loading = 0
  case stock = 1
  case quarantined = 2
  case reserved = 3
  case delivered = 4
  case void = 5
}

extension Custody {
  /// Kind, condition (0 unless in stock) and holder (zero if there is none).
  var parts: (kind: CustodyKind, condition: Condition, holder: RequestID) {
    switch self {
    case .loading: (.loading, .regular, .zero)
    case .stock(let condition): (.stock, condition, .zero)
    case .quarantined(let id): (.quarantined, .regular, id)
    case .reserved(let id): (.reserved, .regular, id)
    case .delivered(let id): (.delivered, .regular, id)
    case .void: (.void, .regular, .zero)
    }
  }

  init(kind: CustodyKind, condition: Condition, holder: RequestID, purchase: PurchaseID) throws(ProtocolFault) {
    self =
      switch kind {
      case .loading: .loading(purchase)
      case .stock: .stock(condition)
      case .quarantined: .quarantined(holder)
      case .reserved: .reserved(holder)
      case .delivered: .delivered(holder)
      case .void: .void
      }
    try require(parts == (kind, condition, holder), .reserved)
  }
}

extension CardLife: CodedPageRecord {
  public var encodedByteCount: Int {
    life.reduce(48 + serial.utf8.count) { $0 + 40 + $1.name.utf8.count }
  }

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.identity(CardID.self)
    let holder = try reader.requestID()
    let product = try reader.identity(ProductID.self)
    let lot = try reader.identity(LotID.self)
    let purchase = try reader.identity(PurchaseID.self)
    let expiry = try reader.day()
    let eventCount = try reader.integer(UInt16.self)
    let kind = try reader.choice(CustodyKind.self, .condition)
    let condition = try reader.choice(Condition.self, .condition)
    let custody = try Custody(kind: kind, condition: condition, holder: holder, purchase: purchase)
    let serialLength = try reader.integer(UInt8.self)
    try reader.reserved(3)
    self.init(
      id: id, serial: try reader.text(serialLength, .serial), product: product, lot: lot, purchase: purchase,
      expiry: expiry, custody: custody, life: [])
    for _ in 0..<eventCount { life.append(try CardEvent(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    let (kind, condition, holder) = custody.parts
    writer.write(id.rawValue)
    writer.write(holder)
    writer.write(product.rawValue)
    writer.write(lot.rawValue)
    writer.write(purchase.rawValue)
    writer.write(expiry.daysSince1970)
    writer.write(UInt16(life.count))
    writer.write(kind.rawValue)
    writer.write(condition.rawValue)
    writer.write(serial.shortByteCount)
    writer.writeZeros(3)
    writer.write(text: serial)
    for event in life { event.write(to: &writer) }
  }
}

extension CardEvent {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let sequence = try reader.integer(UInt64.self)
    let time = try reader.integer(UInt64.self)
    let id = try reader.requestID()
    let actor = try reader.identity(ActorID.self)
    let nameLength = try reader.integer(UInt8.self)
    try reader.reserved(3)
    self.init(
      sequence: sequence, timeMilliseconds: time, actor: actor, name: try reader.text(nameLength, .name), id: id)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(sequence)
    writer.write(timeMilliseconds)
    writer.write(id)
    writer.write(actor.rawValue)
    writer.write(name.shortByteCount)
    writer.writeZeros(3)
    writer.write(text: name)
  }
}
