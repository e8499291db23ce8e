/// One pass over a vendor file, row by row, in memory that does not grow with the file.
///
/// Every byte is looked at where the read put it; a good row costs no allocation. Nothing may be kept of a file before
/// `next` has returned nil: a broken quote or a damaged compression shows only where it ends.
///
/// Blank lines are skipped. Spaces around a field are dropped unless they are inside its quotes.
package struct VendorFileReader: ~Copyable {
  /// Names of the columns that are not used, in the file's order: to be told to the user, once.
  package var ignoredColumns: [String] { header.ignoredColumns }
  /// Bytes of the stored input, compressed if it is, that were read so far.
  package var consumedBytes: Int { window.consumedBytes }
  /// What `consumedBytes` will be at the end.
  package let totalBytes: Int?
  package private(set) var cardCount = 0
  package private(set) var refusedCount = 0

  private var window: RecordWindow
  private let header: Header
  private let today: CalendarDay
  /// The line where the next record starts.
  private var line: Int
  /// Where the present card's serial and PIN lie in the window, if the present row is a card.
  private var card: (serial: Range<Int>, pin: Range<Int>)?

  /// The longest row in bytes, its line's end included.
  package static let recordLimitBytes = 64 * 1024

  /// Takes the header from a stream of text and stands before the first row.
  ///
  /// - Parameter totalBytes: how many bytes the stream will say it consumed, if that is known.
  /// - Parameter today: a card whose expiry is an earlier day is refused as expired.
  package init(
    bytes: any ByteSource, totalBytes: Int?, today: CalendarDay,
    recordLimitBytes: Int = VendorFileReader.recordLimitBytes, chunkBytes: Int = VendorFiles.chunkBytes
  ) throws(VendorFileError) {
    self.totalBytes = totalBytes
    self.today = today
    window = RecordWindow(source: bytes, recordLimitBytes: recordLimitBytes, chunkBytes: chunkBytes)
    line = 1
    header = try window.takeHeader(line: &line)
  }

  /// Reads on to the next row; nil at the end of the file.
  ///
  /// - Throws: what makes the whole file unusable, which no later call mends; `.noCards` if it has no row at all.
  package mutating func next() throws(VendorFileError) -> VendorRow? {
    card = nil
    while true {
      var serial = FieldRange(text: 0..<0)
      var pin = FieldRange(text: 0..<0)
      var expires = FieldRange(text: 0..<0)
      let (serialColumn, pinColumn, expiresColumn) = (header.serial, header.pin, header.expires ?? -1)
      let scan = window.scan(delimiter: header.delimiter) { column, field in
        if column == serialColumn {
          serial = field
        } else if column == pinColumn {
          pin = field
        } else if column == expiresColumn {
          expires = field
        }
      }
      guard case .record = scan.outcome else {
        try window.makeRoom(after: scan, line: line)
        continue
      }
      if scan.end == window.unread.lowerBound {
        guard cardCount + refusedCount > 0 else { throw .noCards }
        return nil
      }
      let lines = line...(line + scan.lineBreaks)
      line += scan.lines
      window.skip(scan.end - window.unread.lowerBound)
      if scan.isBlank { continue }
      return row(scan, serial, pin, expires, lines: lines)
    }
  }

  private mutating func row(
    _ scan: RecordScan, _ serial: FieldRange, _ pin: FieldRange, _ expires: FieldRange, lines: ClosedRange<Int>
  ) -> VendorRow {
    let serialText = window.undoubleQuotes(in: serial)
    let pinText = window.undoubleQuotes(in: pin)
    do throws(RowRefusal) {
      try checkShape(scan)
      let expiry = try window.withText { text throws(RowRefusal) in
        try checkSerial(text, in: serialText)
        try checkPIN(text, in: pinText)
        return try readExpiry(text, in: expires.text)
      }
      card = (serialText, pinText)
      cardCount += 1
      return .card(line: lines.lowerBound, expires: expiry)
    } catch {
      refusedCount += 1
      return .refused(RefusedRow(line: lines.lowerBound, lastLine: lines.upperBound, fault: error.fault))
    }
  }

  /// Lends the serial and the PIN of the card that `next` returned last.
  package borrowing func withCard<R, Failure: Error>(
    _ body: (_ serial: RawSpan, _ pin: RawSpan) throws(Failure) -> R
  ) throws(Failure) -> R {
    guard let card else { preconditionFailure("withCard is for a row that is a card") }
    return try window.withText { text throws(Failure) in
      try body(text.extracting(card.serial).bytes, text.extracting(card.pin).bytes)
    }
  }
}

/// Carries a row's fault out of its checks.
private struct RowRefusal: Error {
  let fault: RowFault
}

extension VendorFileReader {
  private func checkShape(_ scan: RecordScan) throws(RowRefusal) {
    if scan.hasStrayQuote { throw RowRefusal(fault: .strayQuote) }
    if scan.fieldCount < header.columnCount { throw RowRefusal(fault: .tooFewColumns) }
    if scan.fieldCount > header.columnCount { throw RowRefusal(fault: .tooManyColumns) }
  }

  private func checkSerial(_ text: Span<UInt8>, in range: Range<Int>) throws(RowRefusal) {
    switch fieldFault(text, in: range) {
    case nil: return
    case .empty: throw RowRefusal(fault: .emptySerial)
    case .tooLong: throw RowRefusal(fault: .serialTooLong)
    case .controlCharacter: throw RowRefusal(fault: .controlCharacter)
    case .invalidUTF8: throw RowRefusal(fault: .invalidUTF8)
    }
  }

  private func checkPIN(_ text: Span<UInt8>, in range: Range<Int>) throws(RowRefusal) {
    switch fieldFault(text, in: range) {
    case nil: return
    case .empty: throw RowRefusal(fault: .emptyPIN)
    case .tooLong: throw RowRefusal(fault: .pinTooLong)
    case .controlCharacter: throw RowRefusal(fault: .controlCharacter)
    case .invalidUTF8: throw RowRefusal(fault: .invalidUTF8)
    }
  }

  private func readExpiry(_ text: Span<UInt8>, in range: Range<Int>) throws(RowRefusal) -> CalendarDay? {
    if range.isEmpty { return nil }
    switch CalendarDay.parse(text, in: range) {
    case .failure(.notADate): throw RowRefusal(fault: .badDate)
    case .failure(.noSuchDay): throw RowRefusal(fault: .noSuchDay)
    case .success(let day) where day < today: throw RowRefusal(fault: .expired(day))
    case .success(let day): return day
    }
  }
}
