import Glibc
import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// Reads cards and opens their PINs, for one serving thread; never on the writer.
///
/// Opening is disclosing: it is done for a `Delivery` alone, which the engine hands out only after the event that decided it
/// is on disk (law 2). The reader reads one state of the payload until it is told to `rest`, and then holds no old pages of it.
public struct CardReader: ~Copyable {
  private let engine: EngineContext
  private var transaction: ReadTransaction
  private let tables: CardTables
  private(set) var opening = Opening()

  /// A reader over a payload.
  static func make(context: EngineContext, payload: Payload) throws(LMDBError) -> CardReader {
    CardReader(context, CardTables(payload.tables), try payload.beginRead())
  }

  private init(_ context: EngineContext, _ tables: CardTables, _ transaction: consuming ReadTransaction) {
    engine = context
    self.tables = tables
    self.transaction = transaction
    self.transaction.reset()
  }

  /// Opens the cards of a delivery, in its order, and lends each to `body`: product, id, expiry, serial, PIN.
  ///
  /// Throws `CardFault` if a card is missing or does not open: rot, never the client's fault. `rest` when there is nothing more
  /// to open.
  package mutating func open(
    _ delivery: borrowing Delivery,
    _ body: (_ slice: Slice, _ id: CardID, _ expiry: Day, _ serial: RawSpan, _ pin: RawSpan) -> Void
  ) throws(CardFault) {
    let catalogue = engine.catalogue
    if !transaction.isActive {
      do { try transaction.renew() } catch { throw CardFault(card: CardID(0), reason: "\(error)") }
    }
    for slice in delivery.slices {
      let lot = catalogue.lot(slice.lot)
      for number in slice.extent.first.rawValue..<slice.extent.end.rawValue {
        try opening.open(CardID(number), of: lot, in: transaction, tables.cards) { serial, pin in
          body(slice, CardID(number), lot.expiry, serial, pin)
        }
      }
    }
  }

  /// Lets go of the state of the payload that it reads: the next delivery is opened from the newest.
  ///
  /// A delivery may only be opened from a state that is no older than its event.
  package mutating func rest() { transaction.reset() }

  /// Opens the cards of a delivery as values.
  public mutating func cards(of delivery: borrowing Delivery) throws(CardFault) -> [Card] {
    defer { rest() }
    var cards: [Card] = []
    try open(delivery) { slice, id, expiry, serial, pin in
      cards.append(
        Card(
          id: id, product: slice.product, expiry: expiry, serial: String(validating: serial) ?? "",
          pin: PIN(String(validating: pin) ?? "")))
    }
    return cards
  }

  /// The ids of the cards with this serial: at most one of each vendor, or of the one named.
  mutating func find(serial: String, vendor: VendorID?) throws(LMDBError) -> [CardID] {
    try transaction.renew()
    defer { transaction.reset() }
    var found: [CardID] = []
    var key = ByteWriter()
    let bytes = Array(serial.utf8)
    let vendors = vendor.map { [$0] } ?? engine.catalogue.vendors.indices.map { VendorID(UInt32($0) + 1) }
    for vendor in vendors {
      vendorKey(vendor, bytes.span.bytes, into: &key)
      if let value = try transaction.value(for: key.bytes, in: tables.serials) {
        found.append(CardID(value.bigEndian(at: 0)))
      }
    }
    return found
  }

  /// The serial of a card.
  mutating func serial(of card: CardID) throws(LMDBError) -> String? {
    try transaction.renew()
    defer { transaction.reset() }
    guard let row = try transaction.value(for: card.rawValue, in: tables.cards) else { return nil }
    return String(validating: CardRow(row).serial)
  }

  /// The opener and the one buffer that a PIN is opened into, which holds none but while it is lent.
  struct Opening: ~Copyable {
    private var opener = Opener()
    private(set) var pin: [UInt8] = []

    init() { pin.reserveCapacity(SealedPIN.pinByteCounts.upperBound) }

    mutating func open(
      _ id: CardID, of lot: Catalogue.Lot, in transaction: borrowing ReadTransaction, _ cards: Table,
      _ body: (_ serial: RawSpan, _ pin: RawSpan) -> Void
    ) throws(CardFault) {
      defer { wipe() }
      do {
        guard let row = try transaction.value(for: id.rawValue, in: cards) else {
          throw CardFault(card: id, reason: "the card is not in the payload")
        }
        let card = CardRow(row)
        try opener.open(
          card.sealedPIN, cardID: id.rawValue, product: lot.product.rawValue, lot: lot.id.rawValue, under: lot.key,
          into: &pin)
        body(card.serial, pin.span.bytes)
      } catch let fault as CardFault {
        throw fault
      } catch {
        throw CardFault(card: id, reason: "\(error)")
      }
    }

    private mutating func wipe() {
      pin.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } }
      pin.removeAll(keepingCapacity: true)
    }
  }
}

/// A card that should be there is not, or does not open. Holds no secret.
public struct CardFault: Error, CustomStringConvertible {
  public let card: CardID
  public let reason: String
  public var description: String { "card \(card) cannot be opened: \(reason); run verify" }
}
