import LMDB
import PinBytes
import PinStore
import PinWords

/// Removes cards that count for nothing, with their index entries: those of an import that came to nothing, and those
/// that a restored journal has never heard of.
///
/// It needs no key, so damage never stands in its way. The rows go last: cut short, it is repeated as long as there are any.
struct CardSweep {
  private static let entriesPerTransaction = 200_000
  private static let rowsPerTransaction = 10_000

  let payload: Payload
  let tables: CardTables

  init(_ payload: Payload) {
    self.payload = payload
    tables = CardTables(payload.tables)
  }

  /// Which of these ranges of card ids hold any rows.
  func occupied(_ ranges: [Range<UInt64>]) throws -> [Range<UInt64>] {
    let transaction = try payload.beginRead()
    return try ranges.filter { range in
      guard let entry = try transaction.entry(atOrAfter: range.lowerBound, in: tables.cards) else { return false }
      return range.contains(entry.integerKey)
    }
  }

  /// Removes every card in these ranges, a bounded number in a transaction.
  func remove(_ ranges: [Range<UInt64>]) throws {
    let ranges = try occupied(ranges)
    guard !ranges.isEmpty else { return }
    for table in [tables.serials, tables.fingerprints] {
      var next: [UInt8]? = [0]
      while let start = next {
        next = try payload.withWrite { try Self.removeEntries(in: table, from: start, naming: ranges, &$0) }
      }
    }
    for range in ranges {
      while try payload.withWrite({ try removeRows(in: range, &$0) }) {}
    }
  }

  /// Removes the entries that name a card in the ranges; the key to go on from, or nil at the end of the table.
  private static func removeEntries(
    in table: Table, from start: [UInt8], naming ranges: [Range<UInt64>], _ payload: inout WriteTransaction
  ) throws(LMDBError) -> [UInt8]? {
    let (doomed, next) = try findEntries(in: table, from: start, naming: ranges, payload)
    for key in doomed { _ = try payload.remove(key.span.bytes, in: table) }
    return next
  }

  private static func findEntries(
    in table: Table, from start: [UInt8], naming ranges: [Range<UInt64>], _ payload: borrowing WriteTransaction
  ) throws(LMDBError) -> (doomed: [[UInt8]], next: [UInt8]?) {
    var doomed: [[UInt8]] = []
    var count = 0
    var walk = try payload.walk(table, from: start.span.bytes)
    while let entry = try walk.next() {
      if count == entriesPerTransaction { return (doomed, [UInt8](entry.key)) }
      count += 1
      let card: UInt64 = entry.value.bigEndian(at: 0)
      if ranges.contains(where: { $0.contains(card) }) { doomed.append([UInt8](entry.key)) }
    }
    return (doomed, nil)
  }

  /// Removes rows from the front of a range; false when none is left.
  private func removeRows(in range: Range<UInt64>, _ payload: inout WriteTransaction) throws(LMDBError) -> Bool {
    for _ in 0..<Self.rowsPerTransaction {
      guard let card = try firstRow(in: range, payload) else { return false }
      _ = try payload.remove(card, in: tables.cards)
    }
    return true
  }

  private func firstRow(
    in range: Range<UInt64>, _ payload: borrowing WriteTransaction
  ) throws(LMDBError) -> UInt64? {
    guard let entry = try payload.entry(atOrAfter: range.lowerBound, in: tables.cards) else { return nil }
    return range.contains(entry.integerKey) ? entry.integerKey : nil
  }
}

extension Extent {
  var ids: Range<UInt64> { first.rawValue..<end.rawValue }
}

extension Machine {
  /// The card ids whose rows count for nothing: those of abandoned purchases, and those never given.
  func idsToSweep(_ state: borrowing WriteTransaction) throws(LMDBError) -> [Range<UInt64>] {
    var ranges: [Range<UInt64>] = []
    var walk = try state.walk(tables.purchases)
    while let entry = try walk.next() {
      let purchase = trusting(entry.value) { (reader) throws(ByteShortage) in try PurchaseRecord(&reader) }
      if purchase.state == .abandoned { ranges += purchase.lots.map { lot($0).extent.ids } }
    }
    ranges.append(counters.nextCard.rawValue..<UInt64.max)
    return ranges
  }
}
