/// Why a file as a whole cannot be read.
///
/// The description is one line that says what, where and what to do. The file's name is for the caller to put before
/// it. It never holds any of the file's text.
package enum VendorFileError: Error, Equatable, Sendable {
  case cannotOpen(reason: String)
  case cannotRead(reason: String)
  case changedWhileRead
  case cannotSpool(reason: String)
  case notGzip
  case compressedEndsEarly
  case compressedDamaged
  /// `looksLike` is a noun with its article.
  case notCSV(looksLike: String)
  case noHeader
  case noColumn(name: String)
  case duplicateColumn(name: String)
  case strayQuoteInHeader(line: Int)
  case noCards
  case quoteNeverCloses(line: Int)
  case quoteTooLong(line: Int, limitBytes: Int)
  case recordTooLong(line: Int, limitBytes: Int)
}

extension VendorFileError {
  /// The name for machines; it never changes.
  package var name: String {
    switch self {
    case .cannotOpen: "cannot-open"
    case .cannotRead: "cannot-read"
    case .changedWhileRead: "changed-while-read"
    case .cannotSpool: "cannot-spool"
    case .notGzip: "not-gzip"
    case .compressedEndsEarly: "compressed-ends-early"
    case .compressedDamaged: "compressed-damaged"
    case .notCSV: "not-csv"
    case .noHeader: "no-header"
    case .noColumn: "no-column"
    case .duplicateColumn: "duplicate-column"
    case .strayQuoteInHeader: "stray-quote-in-header"
    case .noCards: "no-cards"
    case .quoteNeverCloses: "quote-never-closes"
    case .quoteTooLong: "quote-too-long"
    case .recordTooLong: "record-too-long"
    }
  }
}

extension VendorFileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotOpen(let reason): "cannot open the file: \(reason); check its name and your right to read it"
    case .cannotRead(let reason): "cannot read the file: \(reason); copy it to another disk and try again"
    case .changedWhileRead: "the file was changed while it was read; import it again when nothing writes to it"
    case .cannotSpool(let reason): "cannot keep the input for a second reading: \(reason); import it from a file"
    case .notGzip: "not a gzip file, though its name ends in .gz; rename it or compress it"
    case .compressedEndsEarly: "the compressed file ends too early; fetch it from the vendor again"
    case .compressedDamaged: "the compressed file is damaged; fetch it from the vendor again"
    case .notCSV(let looksLike): "not a CSV file but \(looksLike); save it as CSV in UTF-8"
    case .noHeader: "no header: the file is empty; its first line must name the columns: serial,pin,expires"
    case .noColumn(let name):
      "no column '\(name)': the first line must name the columns (serial,pin,expires); add or rename it"
    case .duplicateColumn(let name): "the header names the column '\(name)' more than once; rename all but one"
    case .strayQuoteInHeader(let line):
      "a quote stands in the middle of a name in the header at line \(line); take it out or quote the whole name"
    case .noCards: "no cards: nothing follows the header; check that the vendor sent the whole file"
    case .quoteNeverCloses(let line): "a quote that opens at line \(line) never closes; close it or double it"
    case .quoteTooLong(let line, let limitBytes):
      "a quote that opens at line \(line) has not closed when its row reaches \(limitBytes) bytes; close it or double it"
    case .recordTooLong(let line, let limitBytes):
      "the row that starts at line \(line) is longer than \(limitBytes) bytes; check the file's line ends"
    }
  }
}
