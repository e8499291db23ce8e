import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// Gives the cards of the import that is under way their ids, refuses duplicates over all history, and puts all into the
/// payload.
///
/// One thread's; it works inside a write transaction of the payload that its caller commits.
struct CardLoader: ~Copyable {
  let purchase: PurchaseID
  private let tables: CardTables
  private let catalogue: Catalogue
  /// By number, each of another expiry.
  private let lots: [Catalogue.Lot]
  private let lotIndexes: [Day: Int]
  /// Of the last card: the next is mostly of the same.
  private var lotIndex = 0
  /// How many cards each lot has, in the order of the lots' numbers.
  private(set) var loadedCounts: [UInt32]
  private var key = ByteWriter(capacity: 96)
  /// The rows of the chunk that was placed last: they are sealed on another thread while the next one is placed.
  private var rows: Ahead<CardChunk.Rows>?

  init(purchase: PurchaseID, lots: [Catalogue.Lot], tables: CardTables, catalogue: Catalogue) {
    self.purchase = purchase
    self.tables = tables
    self.catalogue = catalogue
    self.lots = lots.sorted { $0.id < $1.id }
    lotIndexes = Dictionary(uniqueKeysWithValues: self.lots.enumerated().map { ($1.expiry, $0) })
    loadedCounts = self.lots.map { _ in 0 }
  }

  /// Loads a chunk, card by card; each is accepted or refused alone. `finish` comes before the transaction's commit.
  mutating func load(
    _ chunk: CardChunk, _ prints: CardChunk.Prints, into payload: inout WriteTransaction
  ) throws(LMDBError) -> LoadedChunk {
    var placed: [CardChunk.Placed] = []
    placed.reserveCapacity(chunk.count)
    var refusals: [LoadRefusal] = []
    for (index, fingerprint) in prints.fingerprints.enumerated() {
      let refusal = try chunk.withCard(index) { (expiry, serial, pin) throws(LMDBError) -> Refused? in
        guard (1...64).contains(serial.byteCount), SealedPIN.pinByteCounts.contains(pin.byteCount) else {
          return (.malformed, PurchaseID(0))
        }
        guard let lotIndex = lotWithRoom(for: expiry) else { return (.undeclared, PurchaseID(0)) }
        let lot = lots[lotIndex]
        let card = CardID(lot.extent.first.rawValue + UInt64(loadedCounts[lotIndex]))
        if let refused = try place(card, vendor: lot.vendor, serial: serial, fingerprint, into: &payload) {
          return refused
        }
        placed.append(CardChunk.Placed(index: index, card: card, lotIndex: lotIndex))
        loadedCounts[lotIndex] += 1
        return nil
      }
      if let refusal {
        refusals.append(LoadRefusal(index: UInt16(index), reason: refusal.reason, purchase: refusal.purchase))
      }
    }
    let loaded = LoadedChunk(acceptedCount: placed.count, refusals: refusals)
    let rows = Ahead { [placed, lots] in chunk.sealed(placed, in: lots) }
    try finish(&payload)
    self.rows = rows
    return loaded
  }

  /// Puts what is not in the payload yet of the chunks that were loaded.
  mutating func finish(_ payload: inout WriteTransaction) throws(LMDBError) {
    guard let rows = rows.take()?.wait() else { return }
    var start = 0
    for (card, end) in rows.cards {
      try payload.put(rows.bytes.span.bytes.extracting(start..<end), for: card.rawValue, in: tables.cards)
      start = end
    }
  }

  private typealias Refused = (reason: LoadRefusal.Reason, purchase: PurchaseID)

  private mutating func lotWithRoom(for expiry: Day) -> Int? {
    if lots[lotIndex].expiry != expiry {
      guard let index = lotIndexes[expiry] else { return nil }
      lotIndex = index
    }
    return loadedCounts[lotIndex] < lots[lotIndex].extent.count ? lotIndex : nil
  }

  /// Enters a card into both indices, or into none if either has one like it.
  private mutating func place(
    _ card: CardID, vendor: VendorID, serial: RawSpan, _ fingerprint: Fingerprint, into payload: inout WriteTransaction
  ) throws(LMDBError) -> Refused? {
    let idBytes = InlineArray<1, UInt64>(repeating: card.rawValue.bigEndian)
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
