import LMDB
import PinBytes
import PinWords

/// The tables of the state, in the order the machine opens them.
///
/// Keys are big-endian so that byte order is the order of the numbers; custody, keyed by one card id, uses LMDB's integer
/// keys. `docs/formats.md` has every layout with its offsets. A class, so that a machine that is lent stays small.
final class Tables: Sendable {
  /// (product, condition, expiry, last card id) → next card id, placing event, lot. Together with custody it tiles every id.
  let stock: Table
  /// First card id → who holds the extent.
  let custody: Table
  /// Request id → a reservation or another change made under that id.
  let ids: Table
  /// (time, reservation id) → nothing: when a hold is due, or one that was given up may be forgotten.
  let deadlines: Table
  let purchases: Table
  let lots: Table
  let products: Table
  let vendors: Table
  let actors: Table
  let levels: Table
  let shifts: Table
  /// One record: the next of every number, the store's id.
  let counters: Table
  /// Request id → who approved the request, and what it says.
  let approvals: Table
  /// Order id → where it stands, what was paid; its lines and cards are the reservation's of the same id.
  let orders: Table
  let customers: Table
  /// The sequence of the event that caused it → a mail that was not sent yet.
  let mail: Table
  /// A mark of somebody who was denied, and the order that was → nothing.
  let fraud: Table
  /// Kind of sheet, product's or vendor's number → its version, and its document.
  let sheets: Table
  let purchaseOrders: Table
  /// Purchase → the purchase order that it came in against.
  let receipts: Table
  /// Id of the change that made it → a password or a token that was not ended.
  let credentials: Table
  /// Customer and order → nothing: the orders of each customer.
  let bought: Table
  /// Order id → nothing: the gateway is to be asked about it.
  let payments: Table
  /// Last card of an extent in used stock → its first one, and the order whose customer brought it back.
  let cameBack: Table
  /// Where each mail of the outbox stands in line: given up, when it is due, its name → nothing.
  let mailDue: Table
  /// Order id → nothing: a reviewer is to decide about it.
  let reviews: Table

  static let specs = [
    Table.Spec(name: "stock"), Table.Spec(name: "custody", hasIntegerKeys: true), Table.Spec(name: "ids"),
    Table.Spec(name: "deadlines"), Table.Spec(name: "purchases"), Table.Spec(name: "lots"),
    Table.Spec(name: "products"), Table.Spec(name: "vendors"), Table.Spec(name: "actors"), Table.Spec(name: "levels"),
    Table.Spec(name: "shifts"), Table.Spec(name: "counters"), Table.Spec(name: "approvals"),
    Table.Spec(name: "orders"), Table.Spec(name: "customers"), Table.Spec(name: "mail"), Table.Spec(name: "fraud"),
    Table.Spec(name: "sheets"), Table.Spec(name: "purchase-orders"), Table.Spec(name: "receipts"),
    Table.Spec(name: "credentials"), Table.Spec(name: "bought"), Table.Spec(name: "payments"),
    Table.Spec(name: "came-back"), Table.Spec(name: "mail-due"), Table.Spec(name: "reviews"),
  ]

  /// All: every entry comes of an event.
  static let digested = Array(specs.indices)

  init(_ tables: [Table]) {
    precondition(tables.count == Self.specs.count, "the state has one table for each specification")
    stock = tables[0]
    custody = tables[1]
    ids = tables[2]
    deadlines = tables[3]
    purchases = tables[4]
    lots = tables[5]
    products = tables[6]
    vendors = tables[7]
    actors = tables[8]
    levels = tables[9]
    shifts = tables[10]
    counters = tables[11]
    approvals = tables[12]
    orders = tables[13]
    customers = tables[14]
    mail = tables[15]
    fraud = tables[16]
    sheets = tables[17]
    purchaseOrders = tables[18]
    receipts = tables[19]
    credentials = tables[20]
    bought = tables[21]
    payments = tables[22]
    cameBack = tables[23]
    mailDue = tables[24]
    reviews = tables[25]
  }
}

/// Where an extent of stock stands in the order in which cards are handed out: first-expiring, then first-imported.
///
/// The key ends in the extent's *last* card: handing out from the front then changes a number in the value and never the key.
struct StockKey: Equatable {
  static let byteCount = 17
  let product: ProductID
  let condition: Condition
  let expiry: Day
  let last: CardID

  var bytes: InlineArray<17, UInt8> {
    var key = InlineArray<17, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: product.rawValue.bigEndian, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: condition.rawValue, toByteOffset: 4, as: UInt8.self)
    bytes.storeBytes(of: expiry.daysSince1970.bigEndian, toByteOffset: 5, as: UInt32.self)
    bytes.storeBytes(of: last.rawValue.bigEndian, toByteOffset: 9, as: UInt64.self)
    return key
  }

  init(product: ProductID, condition: Condition, expiry: Day, last: CardID) {
    self.product = product
    self.condition = condition
    self.expiry = expiry
    self.last = last
  }

  init(_ key: RawSpan) {
    precondition(key.byteCount == Self.byteCount, "a stock key has 17 bytes")
    guard let condition = Condition(rawValue: key.unsafeLoad(fromByteOffset: 4, as: UInt8.self)) else {
      preconditionFailure("a stock key names a condition that does not exist")
    }
    product = ProductID(key.bigEndian(at: 0))
    self.condition = condition
    expiry = Day(daysSince1970: key.bigEndian(at: 5))
    last = CardID(key.bigEndian(at: 9))
  }
}

/// What is left of an extent of stock, `[next, last]`.
struct StockValue {
  static let byteCount = 20
  var next: CardID
  /// The event that put it there.
  var placedBy: UInt64
  var lot: LotID

  var bytes: InlineArray<20, UInt8> {
    var value = InlineArray<20, UInt8>(repeating: 0)
    var span = value.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: next.rawValue.bigEndian, toByteOffset: 0, as: UInt64.self)
    bytes.storeBytes(of: placedBy.bigEndian, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: lot.rawValue.bigEndian, toByteOffset: 16, as: UInt32.self)
    return value
  }

  init(next: CardID, placedBy: UInt64, lot: LotID) {
    self.next = next
    self.placedBy = placedBy
    self.lot = lot
  }

  init(_ value: RawSpan) {
    precondition(value.byteCount == Self.byteCount, "a stock value has 20 bytes")
    next = CardID(value.bigEndian(at: 0))
    placedBy = value.bigEndian(at: 8)
    lot = LotID(value.bigEndian(at: 16))
  }
}

/// The piece of stock that cards of a product are handed out of, as it is now: the table has it under the same key, as it
/// was at the last checkpoint or when it was put there.
struct FrontPiece {
  let key: StockKey
  let value: StockValue
}

/// Who holds an extent that is not in stock.
struct CustodyValue {
  enum Holder: UInt8 {
    case loading = 1
    case reserved = 2
    case delivered = 3
    case quarantined = 4
    case void = 5
  }

  static let byteCount = 34
  var count: UInt32
  var holder: Holder
  /// The condition it was in before it was taken from stock.
  var condition: Condition
  var lot: LotID
  var placedBy: UInt64
  /// The reservation; the purchase of a loading extent, in the low half; the withdrawal of a void one, or zero where no
  /// card was ever loaded.
  var id: RequestID

  var bytes: InlineArray<34, UInt8> {
    var value = InlineArray<34, UInt8>(repeating: 0)
    var span = value.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: count.bigEndian, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: holder.rawValue, toByteOffset: 4, as: UInt8.self)
    bytes.storeBytes(of: condition.rawValue, toByteOffset: 5, as: UInt8.self)
    bytes.storeBytes(of: lot.rawValue.bigEndian, toByteOffset: 6, as: UInt32.self)
    bytes.storeBytes(of: placedBy.bigEndian, toByteOffset: 10, as: UInt64.self)
    bytes.storeBytes(of: id.high.bigEndian, toByteOffset: 18, as: UInt64.self)
    bytes.storeBytes(of: id.low.bigEndian, toByteOffset: 26, as: UInt64.self)
    return value
  }

  init(count: UInt32, holder: Holder, condition: Condition, lot: LotID, placedBy: UInt64, id: RequestID) {
    self.count = count
    self.holder = holder
    self.condition = condition
    self.lot = lot
    self.placedBy = placedBy
    self.id = id
  }

  init(_ value: RawSpan) {
    precondition(value.byteCount == Self.byteCount, "a custody value has 34 bytes")
    guard let holder = Holder(rawValue: value.unsafeLoad(fromByteOffset: 4, as: UInt8.self)),
      let condition = Condition(rawValue: value.unsafeLoad(fromByteOffset: 5, as: UInt8.self))
    else { preconditionFailure("a custody value names a holder or condition that does not exist") }
    count = value.bigEndian(at: 0)
    self.holder = holder
    self.condition = condition
    lot = LotID(value.bigEndian(at: 6))
    placedBy = value.bigEndian(at: 10)
    id = RequestID(high: value.bigEndian(at: 18), low: value.bigEndian(at: 26))
  }
}

/// When a reservation is to be looked at again.
struct DeadlineKey {
  static let byteCount = 24
  let timeMilliseconds: UInt64
  let id: RequestID

  var bytes: InlineArray<24, UInt8> {
    var key = InlineArray<24, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: timeMilliseconds.bigEndian, toByteOffset: 0, as: UInt64.self)
    bytes.storeBytes(of: id.high.bigEndian, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: id.low.bigEndian, toByteOffset: 16, as: UInt64.self)
    return key
  }

  init(timeMilliseconds: UInt64, id: RequestID) {
    self.timeMilliseconds = timeMilliseconds
    self.id = id
  }

  init(_ key: RawSpan) {
    precondition(key.byteCount == Self.byteCount, "a deadline key has 24 bytes")
    timeMilliseconds = key.bigEndian(at: 0)
    id = RequestID(high: key.bigEndian(at: 8), low: key.bigEndian(at: 16))
  }
}

extension RequestID {
  /// The id after it, where a page goes on.
  var next: RequestID { RequestID(high: low == .max ? high &+ 1 : high, low: low &+ 1) }

  /// The id as a key: 16 bytes, big-endian.
  var key: InlineArray<16, UInt8> {
    var key = InlineArray<16, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
    bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    return key
  }
}

extension Identity where RawValue == UInt32 {
  /// The number as a key: 4 bytes, big-endian.
  var key: InlineArray<4, UInt8> {
    var key = InlineArray<4, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: rawValue.bigEndian, toByteOffset: 0, as: UInt32.self)
    return key
  }
}

extension RawSpan {
  /// The big-endian integer at an offset; traps outside the bytes.
  func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value {
    Value(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
