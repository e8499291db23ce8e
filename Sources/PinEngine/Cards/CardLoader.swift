import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// Seals the cards of the import that is under way into the payload, and refuses duplicates over all history.
///
/// One thread's; it works inside a write transaction of the payload that its caller commits.
struct CardLoader: ~Copyable {
  struct Lot {
    let facts: Catalogue.Lot
    var loadedCount: UInt32 = 0
  }

  let purchase: PurchaseID
  private let tables: CardTables
  private let catalogue: Catalogue
  /// By number, each of another expiry.
  private var lots: [Lot]
  private let lotIndexes: [Day: Int]
  /// Of the last card: the next is mostly of the same.
  private var lotIndex = 0
  private var sealer = Sealer()
  private var fingerprinter: Fingerprinter
  private var key = ByteWriter(capacity: 96)
  private var row: [UInt8] = []

  init(
    purchase: PurchaseID, lots: [Catalogue.Lot], tables: CardTables, catalogue: Catalogue,
    fingerprintKey: SecretKey
  ) {
    self.purchase = purchase
    self.tables = tables
    self.catalogue = catalogue
    self.lots = lots.sorted { $0.id < $1.id }.map { Lot(facts: $0) }
    lotIndexes = Dictionary(uniqueKeysWithValues: self.lots.enumerated().map { ($1.facts.expiry, $0) })
    fingerprinter = Fingerprinter(key: fingerprintKey)
  }

  /// How many cards each lot has, in the order of the lots' numbers.
  var loadedCounts: [UInt32] { lots.map(\.loadedCount) }

  /// Loads a chunk, card by card; each is accepted or refused alone.
  mutating func load(
    _ chunk: CardChunk, into payload: inout WriteTransaction
  ) throws(LMDBError) -> LoadedChunk {
    var result = LoadedChunk(acceptedCount: 0, refusals: [])
    for index in 0..<chunk.count {
      let refusal = try chunk.withCard(index) { (expiry, serial, pin) throws(LMDBError) in
        try load(expiry: expiry, serial: serial, pin: pin, into: &payload)
      }
      if let refusal {
        result.refusals.append(
          LoadRefusal(index: UInt16(index), reason: refusal.reason, purchase: refusal.purchase))
      } else {
        result.acceptedCount += 1
      }
    }
    return result
  }

  private typealias Refused = (reason: LoadRefusal.Reason, purchase: PurchaseID)

  private mutating func load(
    expiry: Day, serial: RawSpan, pin: RawSpan, into payload: inout WriteTransaction
  ) throws(LMDBError) -> Refused? {
    guard (1...64).contains(serial.byteCount), SealedPIN.pinByteCounts.contains(pin.byteCount) else {
      return (.malformed, PurchaseID(0))
    }
    if lots[lotIndex].facts.expiry != expiry {
      guard let index = lotIndexes[expiry] else { return (.undeclared, PurchaseID(0)) }
      lotIndex = index
    }
    let lot = lots[lotIndex]
    guard lot.loadedCount < lot.facts.extent.count else { return (.undeclared, PurchaseID(0)) }
    let card = CardID(lot.facts.extent.first.rawValue + UInt64(lot.loadedCount))
    let id = card.rawValue.bigEndian
    let idBytes = InlineArray<1, UInt64>(repeating: id)

    let vendor = lot.facts.vendor
    let fingerprint = fingerprinter.fingerprint(vendor: vendor.rawValue, pin: pin)
    fingerprint.withBytes { vendorKey(vendor, $0, into: &key) }
    guard try payload.insert(idBytes.span.bytes, for: key.bytes, in: tables.fingerprints) else {
      return (.duplicatePIN, try holder(of: key.bytes, in: tables.fingerprints, payload))
    }
    vendorKey(vendor, serial, into: &key)
    guard try payload.insert(idBytes.span.bytes, for: key.bytes, in: tables.serials) else {
      let holder = try holder(of: key.bytes, in: tables.serials, payload)
      fingerprint.withBytes { vendorKey(vendor, $0, into: &key) }
      _ = try payload.remove(key.bytes, in: tables.fingerprints)
      return (.duplicateSerial, holder)
    }
    row.removeAll(keepingCapacity: true)
    row.append(UInt8(serial.byteCount))
    serial.withUnsafeBytes { row.append(contentsOf: $0) }
    sealer.seal(
      pin, cardID: card.rawValue, product: lot.facts.product.rawValue, lot: lot.facts.id.rawValue,
      under: lot.facts.key, into: &row)
    try payload.put(row.span.bytes, for: card.rawValue, in: tables.cards)
    lots[lotIndex].loadedCount += 1
    return nil
  }

  /// The purchase of the card that an index entry names.
  private func holder(
    of key: RawSpan, in table: Table, _ payload: borrowing WriteTransaction
  ) throws(LMDBError) -> PurchaseID {
    guard let value = try payload.value(for: key, in: table) else { return purchase }
    return catalogue.lot(of: CardID(value.bigEndian(at: 0)))?.purchase ?? purchase
  }
}
