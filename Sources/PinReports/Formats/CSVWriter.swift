import PinWords

/// One section as CSV (RFC 4180): a header and the rows, in UTF-8 and saying so, lines ended by CR LF, amounts as decimals.
///
/// Text that a spreadsheet would take for a formula, a number or a date gets an apostrophe in front: it is shown as it is,
/// and never run. Numbers of the program's own are numbers, also negative ones.
///
/// The reconciliation ends with a record of what it was made from, by which `ReportCheck` makes it again: a name and a value in
/// each of its first cells.
package final class CSVWriter: ReportWriter {
  private let sink: TextSink
  /// Which section to write; nil for the report's first.
  private let wanted: String?
  private let hasDecimalComma: Bool
  private var heading: Heading?
  /// How many cells each record has.
  private var columnCount = 0
  private var known: [String] = []
  private var isWriting = false
  /// The room of the last row.
  private var row: [UInt8] = []

  /// - Parameter hasDecimalComma: as spreadsheets take it where decimals have a comma: then a semicolon parts the cells.
  package init(_ sink: TextSink, section: String? = nil, hasDecimalComma: Bool = false) {
    self.sink = sink
    wanted = section
    self.hasDecimalComma = hasDecimalComma
  }

  /// The mark by which spreadsheets know UTF-8.
  package func begin(_ heading: Heading) throws {
    self.heading = heading
    try sink.write("\u{FEFF}")
  }

  package func begin(_ section: Section) throws {
    isWriting = wanted.map { $0 == section.key } ?? known.isEmpty
    known.append(section.key)
    guard isWriting else { return }
    columnCount = section.columns.count
    try sink.write(record(section.columns.map(\.key)))
  }

  package func add(_ cells: [Cell]) throws {
    guard isWriting else { return }
    var row: [UInt8] = []
    swap(&row, &self.row)
    row.removeAll(keepingCapacity: true)
    for (index, cell) in cells.enumerated() {
      if index > 0 { row.append(hasDecimalComma ? UInt8(ascii: ";") : UInt8(ascii: ",")) }
      row.append(text(cell))
    }
    row.append("\r\n")
    try sink.write(row)
    self.row = row
  }

  package func endSection() {}

  package func end(_ provenance: Provenance) throws {
    if let wanted, !known.contains(wanted) { throw ReportError.unknownSection(wanted, known: known) }
    if let heading, heading.kind == .reconciliation, wanted == nil || wanted == known.first {
      let facts = Self.facts(heading, provenance).map { Self.quoted("\($0)=\($1)") }
      try sink.write(record(facts + Array(repeating: "", count: columnCount - facts.count)))
    }
    try sink.flush()
  }

  /// By the names that JSON has for them.
  private static func facts(_ heading: Heading, _ provenance: Provenance) -> [(String, String)] {
    let days = heading.days
    return [
      ("report", heading.kind.rawValue), ("from", days.period.from.calendarText),
      ("to", days.period.to.calendarText), ("from_time", rfc3339(days.startMilliseconds)),
      ("to_time", rfc3339(days.endMilliseconds)), ("zone", days.calendar.zoneName),
      ("day_starts", days.calendar.dayStartText), ("product", heading.product ?? ""),
      ("currency", heading.currency?.description ?? ""), ("store", provenance.storeID),
      ("first_sequence", String(provenance.firstSequence)), ("last_sequence", String(provenance.lastSequence)),
      ("chain", provenance.chain),
    ]
  }

  private func record(_ cells: [String]) -> String {
    cells.joined(separator: hasDecimalComma ? ";" : ",") + "\r\n"
  }

  private func text(_ cell: Cell) -> String {
    switch cell {
    case .none: ""
    case .text(let text): Self.quoted(Self.isTakenForItself(text) ? text : "'" + text)
    case .number(let number): String(number)
    case .money(let minor, let currency): shown(currency.text(minor: minor))
    case .rate(let thousandths, let currency): shown(currency.text(thousandths: thousandths))
    case .percent(let hundredths): shown(decimal(hundredths: hundredths))
    case .day(let day): day.calendarText
    case .time(let milliseconds): rfc3339(milliseconds)
    }
  }

  private func shown(_ decimal: String) -> String {
    hasDecimalComma ? decimal.replacing(".", with: ",") : decimal
  }

  /// Whether a spreadsheet leaves text as it is: does not run it, nor make a number or a date of it.
  ///
  /// White space in front does not keep a spreadsheet from running what follows, nor that the signs are full-width ones.
  static func isTakenForItself(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first(where: { $0 != " " }) else { return true }
    if "=+-@＝＋－＠\t\r\n".unicodeScalars.contains(first) { return false }
    guard "0123456789.,".unicodeScalars.contains(first), text.utf8.allSatisfy(" ,-./0123456789Ee%".utf8.contains) else {
      return true
    }
    // An id has more hyphens than a date, and short whole numbers lose nothing.
    let isShort = text.utf8.count <= longestNumber && text.utf8.allSatisfy("0123456789".utf8.contains)
    return text.utf8.count { $0 == UInt8(ascii: "-") } > 2 || text == "0" || isShort && first != "0"
  }

  /// What has more digits a spreadsheet shows as a power of ten.
  private static let longestNumber = 11

  static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 != 0x2C && $0 != 0x3B && $0 != 0x22 && $0 != 0x0D && $0 != 0x0A }
    if isPlain { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

/// `1234` is `12.34`.
func decimal(hundredths: Int) -> String {
  let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
  return "\(hundredths < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
}
