import PinBytes
import PinSealing
import PinWords

/// What the machine knows of a lot.
struct LotRecord {
  var id: LotID
  var product: ProductID
  var purchase: PurchaseID
  var vendor: VendorID
  var expiry: Day
  /// All its ids; those never loaded are void.
  var extent: Extent
  var key: KeyRecord

  func write(to writer: inout ByteWriter) {
    writer.write(id.rawValue)
    writer.write(product.rawValue)
    writer.write(purchase.rawValue)
    writer.write(vendor.rawValue)
    writer.write(expiry.daysSince1970)
    writer.write(extent.first.rawValue)
    writer.write(extent.count)
    key.write(to: &writer)
  }
}

extension LotRecord {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    id = LotID(try reader.read())
    product = ProductID(try reader.read())
    purchase = PurchaseID(try reader.read())
    vendor = VendorID(try reader.read())
    expiry = Day(daysSince1970: try reader.read())
    extent = Extent(first: CardID(try reader.read()), count: try reader.read())
    key = try KeyRecord(&reader)
  }
}

/// A key wrapped under the store key, with the number that its wrapping is bound to.
package struct KeyRecord: Sendable {
  package var number: UInt64
  package var wrapped: WrappedKey

  func write(to writer: inout ByteWriter) {
    writer.write(number)
    writer.write(wrapped.bytes)
  }

  package init(number: UInt64, wrapped: WrappedKey) {
    self.number = number
    self.wrapped = wrapped
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    number = try reader.read()
    let bytes = try reader.readBytes(WrappedKey.byteCount)
    do { wrapped = try WrappedKey(bytes: bytes) } catch { throw ByteShortage() }
  }
}

/// What the machine knows of a purchase.
struct PurchaseRecord {
  enum State: UInt8 {
    case loading = 1
    case committed = 2
    case abandoned = 3
  }
  var id: PurchaseID
  var state: State
  var product: ProductID
  var vendor: VendorID
  var unitCostMinor: UInt64
  /// Its lots have consecutive ids.
  var firstLot: LotID
  var lotCount: UInt16
  var begunAtMilliseconds: UInt64
  var request: RequestID
  var invoice: String

  func write(to writer: inout ByteWriter) {
    writer.write(id.rawValue)
    writer.write(state.rawValue)
    writer.write(product.rawValue)
    writer.write(vendor.rawValue)
    writer.write(unitCostMinor)
    writer.write(firstLot.rawValue)
    writer.write(lotCount)
    writer.write(begunAtMilliseconds)
    writer.write(request)
    writer.write(shortString: invoice)
  }

  var lots: [LotID] { (0..<UInt32(lotCount)).map { LotID(firstLot.rawValue + $0) } }
}

extension PurchaseRecord {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    id = PurchaseID(try reader.read())
    guard let state = State(rawValue: try reader.read()) else { throw ByteShortage() }
    self.state = state
    product = ProductID(try reader.read())
    vendor = VendorID(try reader.read())
    unitCostMinor = try reader.read()
    firstLot = LotID(try reader.read())
    lotCount = try reader.read()
    begunAtMilliseconds = try reader.read()
    request = try reader.readRequestID()
    invoice = try reader.readShortString()
  }
}

/// An actor with its keys.
struct ActorRecord {
  var description: ActorDescription
  var key: KeyRecord
  /// The one before it; there if and only if the description has one.
  var oldKey: KeyRecord?

  func write(to writer: inout ByteWriter) {
    precondition((oldKey != nil) == (description.oldKey != nil), "an old key is told and kept together")
    writer.write(description.id.rawValue)
    writer.write(description.roles.rawValue)
    writer.write(UInt8(description.isRevoked ? 1 : 0))
    writer.write(shortString: description.name)
    description.limits.write(to: &writer)
    writer.write(UInt8(oldKey == nil ? 0 : 1))
    writer.write(description.oldKey?.endsAtMilliseconds ?? 0)
    key.write(to: &writer)
    oldKey?.write(to: &writer)
  }

  /// Whether a key may still open a session, or carry on one that it opened.
  func hasKey(_ number: UInt64, at timeMilliseconds: UInt64) -> Bool {
    if number == key.number { return true }
    guard let oldKey, let old = description.oldKey, oldKey.number == number else { return false }
    return old.works(at: timeMilliseconds)
  }

  /// Lets go of an old key that has ended.
  mutating func forgetOldKey(at timeMilliseconds: UInt64) {
    guard let old = description.oldKey, !old.works(at: timeMilliseconds) else { return }
    description.oldKey = nil
    oldKey = nil
  }
}

extension ActorRecord {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = ActorID(try reader.read())
    let roles = Roles(rawValue: try reader.read())
    let isRevoked = try reader.readFlag()
    let name = try reader.readShortString()
    let limits = try ActorLimits(&reader)
    let hasOldKey = try reader.readFlag()
    let endsAt: UInt64 = try reader.read()
    guard hasOldKey || endsAt == 0 else { throw ByteShortage() }
    description = ActorDescription(
      id: id, name: name, roles: roles, isRevoked: isRevoked, limits: limits,
      oldKey: hasOldKey ? OldKey(endsAtMilliseconds: endsAt) : nil)
    key = try KeyRecord(&reader)
    oldKey = hasOldKey ? try KeyRecord(&reader) : nil
  }
}

/// The same bytes as on the wire: `protocol.md` has their offsets.
extension ActorLimits {
  func write(to writer: inout ByteWriter) {
    writer.write(requestsPerSecond)
    writer.write(currency?.code ?? 0)
    writer.write(UInt16(products.count))
    writer.write(UInt16(0))
    for allowance in [minute, day] {
      writer.write(allowance.cards)
      writer.write(allowance.reprints)
      writer.write(allowance.valueMinor)
    }
    for product in products { writer.write(product.rawValue) }
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    self.init()
    requestsPerSecond = try reader.read()
    let code: UInt32 = try reader.read()
    if code != 0 {
      guard let currency = Currency(code: code) else { throw ByteShortage() }
      self.currency = currency
    }
    let productCount = Int(try reader.read(UInt16.self))
    try reader.readZeros(2)
    minute = Allowance(cards: try reader.read(), reprints: try reader.read(), valueMinor: try reader.read())
    day = Allowance(cards: try reader.read(), reprints: try reader.read(), valueMinor: try reader.read())
    for _ in 0..<productCount { products.append(ProductID(try reader.read())) }
    guard invalidField == nil else { throw ByteShortage() }
  }
}

extension Product {
  func write(to writer: inout ByteWriter) {
    writer.write(id.rawValue)
    writer.write(shortString: sku)
    writer.write(shortString: name)
    writer.write(shortString: vendor)
    writer.write(currency.code)
    writer.write(faceValueMinor)
    writer.write(priceMinor)
    writer.write(shortString: instructions)
    writer.write(lowStockThreshold)
    writer.write(minimumValidityDays)
    writer.write(UInt8(isFrozen ? 1 : 0))
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = ProductID(try reader.read())
    let sku = try reader.readShortString()
    let name = try reader.readShortString()
    let vendor = try reader.readShortString()
    guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
    self.init(
      id: id, sku: sku, name: name, vendor: vendor, currency: currency, faceValueMinor: try reader.read(),
      priceMinor: try reader.read(), instructions: try reader.readShortString(),
      lowStockThreshold: try reader.read(), minimumValidityDays: try reader.read(),
      isFrozen: try reader.readFlag())
  }
}

extension StockLevel {
  func write(to writer: inout ByteWriter) {
    writer.write(product.rawValue)
    for count in [regular, used, quarantined, reserved, delivered, void, loading] { writer.write(count) }
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    self.init(product: ProductID(try reader.read()))
    regular = try reader.read()
    used = try reader.read()
    quarantined = try reader.read()
    reserved = try reader.read()
    delivered = try reader.read()
    void = try reader.read()
    loading = try reader.read()
  }
}

extension Shift {
  func write(to writer: inout ByteWriter) {
    writer.write(number)
    writer.write(openedAtMilliseconds)
    writer.write(UInt16(totals.count))
    for total in totals {
      writer.write(total.currency.code)
      writer.write(total.sales)
      writer.write(total.cards)
      writer.write(total.grossMinor)
      writer.write(total.discountMinor)
      writer.write(total.taxMinor)
      writer.write(total.reversals)
      writer.write(total.reversedCards)
      writer.write(total.reversedMinor)
      writer.write(total.returnedCards)
      writer.write(total.returnedMinor)
    }
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    self.init(number: try reader.read(), openedAtMilliseconds: try reader.read(), totals: [])
    for _ in 0..<(try reader.read(UInt16.self)) {
      guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
      var total = ShiftTotal(currency: currency)
      total.sales = try reader.read()
      total.cards = try reader.read()
      total.grossMinor = try reader.read()
      total.discountMinor = try reader.read()
      total.taxMinor = try reader.read()
      total.reversals = try reader.read()
      total.reversedCards = try reader.read()
      total.reversedMinor = try reader.read()
      total.returnedCards = try reader.read()
      total.returnedMinor = try reader.read()
      totals.append(total)
    }
  }
}

/// The next of every number the store gives, and what the store is.
struct Counters {
  var storeID = RequestID.zero
  var nextCard = CardID(1)
  var nextLot = LotID(1)
  var nextPurchase = PurchaseID(1)
  var nextProduct = ProductID(1)
  var nextVendor = VendorID(1)
  var nextActor = ActorID(1)
  /// The purchase that is being loaded; 0 for none.
  var loadingPurchase = PurchaseID(0)
  /// After a restore that forgot sales, until all stock is in quarantine: nobody is served before.
  var isQuarantining = false
  var approvalRule = ApprovalRule.off
  /// The day (UTC) of the last re-inventory without approval, and the cards of all of that day.
  var aloneDay = Day(daysSince1970: 0)
  var aloneCards: UInt64 = 0

  static let key: [UInt8] = Array("counters".utf8)

  func write(to writer: inout ByteWriter) {
    writer.write(storeID)
    writer.write(nextCard.rawValue)
    writer.write(nextLot.rawValue)
    writer.write(nextPurchase.rawValue)
    writer.write(nextProduct.rawValue)
    writer.write(nextVendor.rawValue)
    writer.write(nextActor.rawValue)
    writer.write(loadingPurchase.rawValue)
    writer.write(UInt8(isQuarantining ? 1 : 0))
    writer.write(approvalRule.cardsPerDay)
    writer.write(aloneDay.daysSince1970)
    writer.write(aloneCards)
  }
}

extension Counters {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    storeID = try reader.readRequestID()
    nextCard = CardID(try reader.read())
    nextLot = LotID(try reader.read())
    nextPurchase = PurchaseID(try reader.read())
    nextProduct = ProductID(try reader.read())
    nextVendor = VendorID(try reader.read())
    nextActor = ActorID(try reader.read())
    loadingPurchase = PurchaseID(try reader.read())
    isQuarantining = try reader.readFlag()
    approvalRule = ApprovalRule(cardsPerDay: try reader.read())
    aloneDay = Day(daysSince1970: try reader.read())
    aloneCards = try reader.read()
  }
}

extension ByteWriter {
  mutating func write(_ id: RequestID) {
    write(id.high)
    write(id.low)
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  mutating func readRequestID() throws(ByteShortage) -> RequestID {
    RequestID(high: try read(), low: try read())
  }

  /// Reads a byte that is 0 or 1.
  @_lifetime(self: copy self)
  mutating func readFlag() throws(ByteShortage) -> Bool {
    let byte: UInt8 = try read()
    guard byte <= 1 else { throw ByteShortage() }
    return byte == 1
  }
}

/// Reads a record that the store wrote itself and whose checksum held: that it is cut short is a broken invariant.
func trusting<Value: ~Copyable>(_ bytes: RawSpan, _ read: (inout ByteReader) throws(ByteShortage) -> Value) -> Value {
  var reader = ByteReader(bytes)
  do throws(ByteShortage) {
    return try read(&reader)
  } catch {
    preconditionFailure("a record or an event that the store wrote itself is cut short")
  }
}
