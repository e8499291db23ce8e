import PinWords

/// One section as CSV (RFC 4180): a header and the rows, in UTF-8, lines ended by CR LF, amounts as decimals.
///
/// Text that a spreadsheet would take for a formula gets an apostrophe in front: it is shown, never run. Numbers of the
/// program's own are numbers, also negative ones.
package final class CSVWriter: ReportWriter {
  private let sink: TextSink
  /// Which section to write; nil for the report's first.
  private let wanted: String?
  private var known: [String] = []
  private var isWriting = false
  /// The room of the last row.
  private var row: [UInt8] = []

  package init(_ sink: TextSink, section: String? = nil) {
    self.sink = sink
    wanted = section
  }

  package func begin(_ heading: Heading) {}

  package func begin(_ section: Section) throws {
    isWriting = wanted.map { $0 == section.key } ?? known.isEmpty
    known.append(section.key)
    guard isWriting else { return }
    try sink.write(section.columns.map { Self.quoted($0.key) }.joined(separator: ",") + "\r\n")
  }

  package func add(_ cells: [Cell]) throws {
    guard isWriting else { return }
    var row: [UInt8] = []
    swap(&row, &self.row)
    row.removeAll(keepingCapacity: true)
    for (index, cell) in cells.enumerated() {
      if index > 0 { row.append(UInt8(ascii: ",")) }
      row.append(Self.text(cell))
    }
    row.append("\r\n")
    try sink.write(row)
    self.row = row
  }

  package func endSection() {}

  package func end(_ provenance: Provenance) throws {
    if let wanted, !known.contains(wanted) { throw ReportError.unknownSection(wanted, known: known) }
    try sink.flush()
  }

  private static func text(_ cell: Cell) -> String {
    switch cell {
    case .none: ""
    case .text(let text): quoted(neutralised(text))
    case .number(let number): String(number)
    case .money(let minor, let currency): currency.text(minor: minor)
    case .rate(let thousandths, let currency): currency.text(thousandths: thousandths)
    case .percent(let hundredths): decimal(hundredths: hundredths)
    case .day(let day): day.calendarText
    case .time(let milliseconds): rfc3339(milliseconds)
    }
  }

  /// White space in front does not keep a spreadsheet from running what follows, nor that the signs are full-width ones.
  static func neutralised(_ text: String) -> String {
    guard let first = text.unicodeScalars.first(where: { $0 != " " }), "=+-@＝＋－＠\t\r\n".unicodeScalars.contains(first)
    else { return text }
    return "'" + text
  }

  static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 != 0x2C && $0 != 0x22 && $0 != 0x0D && $0 != 0x0A }
    if isPlain { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

/// `1234` is `12.34`.
func decimal(hundredths: Int) -> String {
  let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
  return "\(hundredths < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
}
