import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// The tables of the payload: the cards themselves and the two indices that refuse duplicates over all history.
///
///     cards          card id (integer key) → serial length, serial, sealed PIN
///     serials        vendor u32, serial → card id u64
///     fingerprints   vendor u32, keyed hash of the PIN (16 bytes) → card id u64
///     documents      id of the change that brought it (16) → sealed document: see `DocumentDesk`
///     unnamed        the same id → a zero byte, until it is known whether the change was done, and what it replaced is purged
///
/// A card's three rows are always written, and removed, in one transaction.
struct CardTables {
  let cards: Table
  let serials: Table
  let fingerprints: Table
  let documents: Table
  let unnamed: Table

  static let specs = [
    Table.Spec(name: "cards", hasIntegerKeys: true), Table.Spec(name: "serials"), Table.Spec(name: "fingerprints"),
    Table.Spec(name: "documents"), Table.Spec(name: "unnamed"),
  ]

  init(_ tables: [Table]) {
    precondition(tables.count == Self.specs.count, "the payload has one table for each specification")
    cards = tables[0]
    serials = tables[1]
    fingerprints = tables[2]
    documents = tables[3]
    unnamed = tables[4]
  }
}

/// A row of the cards table, read in place.
struct CardRow: ~Escapable {
  let serial: RawSpan
  let sealedPIN: RawSpan

  @_lifetime(copy row)
  init(_ row: RawSpan) {
    let serialLength = Int(row.unsafeLoad(as: UInt8.self))
    serial = row.extracting(1..<1 + serialLength)
    sealedPIN = row.extracting(1 + serialLength..<row.byteCount)
  }
}

/// A vendor's number and what is unique with that vendor, as a key.
func vendorKey(_ vendor: VendorID, _ bytes: RawSpan, into key: inout ByteWriter) {
  key.removeAll()
  key.write(vendor.rawValue)
  key.write(bytes)
}
