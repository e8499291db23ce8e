import PinBytes
import PinWords

/// A vended event, read in place: for folds over so many of them that taking each apart would be most of the work.
///
/// It is nil for every other event and for whatever is not as it must be; `JournalEvent` then says what it is.
package struct VendInPlace: ~Escapable {
  private let bytes: RawSpan
  package let id: RequestID
  package let actor: ActorID
  package let sale: Sale
  /// A vend has one line.
  package let line: GrantedLine
  /// How many runs of cards it took.
  package let extentCount: Int

  /// Kind, version and two zero bytes.
  private static let head = UInt32(EventKind.vended.rawValue) << 24 | UInt32(EventKind.vended.version) << 16
  private static let lineStart = 56
  private static let extentsStart = lineStart + GrantReader.lineByteCount

  @_lifetime(copy bytes)
  package init?(_ bytes: RawSpan) {
    let start = Self.lineStart
    guard bytes.byteCount > Self.extentsStart, bytes.bigEndian(at: 0) == Self.head,
      let tender = Tender(rawValue: bytes.unsafeLoad(fromByteOffset: 40, as: UInt8.self)),
      // A zero byte, the number of lines, four zero bytes.
      bytes.bigEndian(at: 40) & 0x00FF_FFFF_FFFF_FFFF == 0x0000_0001_0000_0000 as UInt64,
      bytes.bigEndian(at: 52) == 0 as UInt32,
      let condition = Condition(rawValue: bytes.unsafeLoad(fromByteOffset: start + 8, as: UInt8.self)),
      bytes.bigEndian(at: start + 8) & 0x00FF_FFFF == 0 as UInt32,
      let currency = Currency(code: bytes.bigEndian(at: start + 12))
    else { return nil }
    let count = Int(bytes.bigEndian(at: 48) as UInt32)
    guard bytes.byteCount == Self.extentsStart + count * (GrantReader.sliceByteCount + 8) else { return nil }
    self.bytes = bytes
    extentCount = count
    id = RequestID(high: bytes.bigEndian(at: 8), low: bytes.bigEndian(at: 16))
    actor = ActorID(bytes.bigEndian(at: 4))
    sale = Sale(cashier: bytes.bigEndian(at: 32), tender: tender)
    line = GrantedLine(
      line: Line(
        product: ProductID(bytes.bigEndian(at: start)), count: bytes.bigEndian(at: start + 4), condition: condition,
        discountMinor: bytes.bigEndian(at: start + 24), taxMinor: bytes.bigEndian(at: start + 32)),
      unitPriceMinor: bytes.bigEndian(at: start + 16), currency: currency)
    for index in 0..<count where !extent(index).extent.isSound || !isFirstLines(index) { return nil }
  }

  /// Whether a run of cards is of the first line, and its zero bytes are.
  private func isFirstLines(_ index: Int) -> Bool {
    let start = Self.extentsStart + index * GrantReader.sliceByteCount
    return bytes.bigEndian(at: start) == 0 as UInt32 && bytes.bigEndian(at: start + 20) == 0 as UInt32
  }

  package func extent(_ index: Int) -> (lot: LotID, extent: Extent) {
    let start = Self.extentsStart + index * GrantReader.sliceByteCount
    let extent = Extent(first: CardID(bytes.bigEndian(at: start + 8)), count: bytes.bigEndian(at: start + 16))
    return (LotID(bytes.bigEndian(at: start + 4)), extent)
  }
}

extension EventKind {
  /// Whether an event, by its first byte, is of a kind that moves neither cards nor money, and of which there are many.
  package static func movesNothing(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= EventHead.byteCount, bytes.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == 1 else {
      return false
    }
    switch EventKind(rawValue: bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)) {
    case .opened, .confirmed, .extended, .forgotten: return true
    default: return false
    }
  }
}
