import Glibc
import PinSealing
import PinWords

/// Cards of an import on their way to be sealed: serials and PINs in one buffer, wiped when it goes.
///
/// `@unchecked Sendable`: it is filled by one thread before it is handed over and only read after that; `Engine.load`
/// takes it as consumed.
public final class CardChunk: @unchecked Sendable {
  struct Entry {
    let expiry: Day
    let serialEnd: Int
    let pinEnd: Int
  }
  private var bytes: [UInt8] = []
  private(set) var entries: [Entry] = []

  /// An empty chunk with room for so many bytes of serials and PINs together: more would leave a copy behind.
  public init(capacity: Int) { bytes.reserveCapacity(capacity) }

  deinit {
    // Not by assigning: that may be left out for memory that nobody reads any more.
    bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } }
  }

  /// Adds a card; an empty or too long serial or PIN is refused by `load`, with the card's index.
  public func append(expiry: Day, serial: RawSpan, pin: RawSpan) {
    precondition(
      bytes.count + serial.byteCount + pin.byteCount <= bytes.capacity, "a chunk has the room it was made with")
    serial.withUnsafeBytes { bytes.append(contentsOf: $0) }
    let serialEnd = bytes.count
    pin.withUnsafeBytes { bytes.append(contentsOf: $0) }
    entries.append(Entry(expiry: expiry, serialEnd: serialEnd, pinEnd: bytes.count))
  }

  public var count: Int { entries.count }

  func withCard<Result, Failure: Error>(
    _ index: Int, _ body: (_ expiry: Day, _ serial: RawSpan, _ pin: RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let entry = entries[index]
    let start = index == 0 ? 0 : entries[index - 1].pinEnd
    let bytes = self.bytes
    return try body(
      entry.expiry, bytes.span.bytes.extracting(start..<entry.serialEnd),
      bytes.span.bytes.extracting(entry.serialEnd..<entry.pinEnd))
  }
}

// What an import works out beside the thread that writes.
extension CardChunk {
  struct Prints: Sendable {
    /// Tells this chunk from any other.
    let digest: Digest256
    /// Of the PINs, in the order of the cards.
    let fingerprints: [Fingerprint]
  }

  func prints(vendor: VendorID, key: SecretKey) -> Prints {
    var fingerprinter = Fingerprinter(key: key)
    let fingerprints = (0..<count).map { index in
      withCard(index) { (_, _, pin) in fingerprinter.fingerprint(vendor: vendor.rawValue, pin: pin) }
    }
    return Prints(digest: digest, fingerprints: fingerprints)
  }

  private var digest: Digest256 {
    var hasher = SHA256Hasher()
    hasher.update(bytes.span.bytes)
    for entry in entries {
      for number in [UInt64(entry.expiry.daysSince1970), UInt64(entry.serialEnd), UInt64(entry.pinEnd)] {
        let word = InlineArray<1, UInt64>(repeating: number)
        hasher.update(word.span.bytes)
      }
    }
    return hasher.finish()
  }

  /// A card that was accepted: its place in the chunk, its id, and its lot's place among those of its purchase.
  struct Placed: Sendable {
    let index: Int
    let card: CardID
    let lotIndex: Int
  }

  /// Rows of the cards table, one behind the other.
  struct Rows: Sendable {
    var bytes: [UInt8] = []
    var cards: [(card: CardID, end: Int)] = []
  }

  func sealed(_ placed: [Placed], in lots: [Catalogue.Lot]) -> Rows {
    var sealer = Sealer()
    var rows = Rows()
    rows.bytes.reserveCapacity(bytes.count + placed.count * (1 + SealedPIN.overhead))
    rows.cards.reserveCapacity(placed.count)
    for place in placed {
      let lot = lots[place.lotIndex]
      withCard(place.index) { (_, serial, pin) in
        rows.bytes.append(UInt8(serial.byteCount))
        serial.withUnsafeBytes { rows.bytes.append(contentsOf: $0) }
        sealer.seal(
          pin, cardID: place.card.rawValue, product: lot.product.rawValue, lot: lot.id.rawValue, under: lot.key,
          into: &rows.bytes)
      }
      rows.cards.append((place.card, rows.bytes.count))
    }
    return rows
  }
}

/// How a chunk went.
public struct LoadedChunk: Sendable {
  public var acceptedCount: Int
  /// In the order of their indexes.
  public var refusals: [LoadRefusal]
}
