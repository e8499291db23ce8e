import PinWords

/// A report for people: columns under each other, numbers to the right, folded to the terminal's width.
///
/// Column widths are those of the first rows of a section; a later cell that is wider pushes its line out of step. So a
/// report of any length is written as it is made.
package final class TableWriter: ReportWriter {
  private let sink: TextSink
  private let style: Style
  private var section: Section?
  private var rows: [[String]] = []
  /// Known once enough rows have been seen.
  private var widths: [Int]?
  private static let measuredRowCount = 500

  package struct Style: Sendable {
    /// Escape sequences for headings and what is below zero.
    package var hasColour: Bool
    /// In characters; nil where lines may have any length.
    package var width: Int?

    package init(hasColour: Bool = false, width: Int? = nil) {
      self.hasColour = hasColour
      self.width = width
    }
  }

  package init(_ sink: TextSink, style: Style = Style()) {
    self.sink = sink
    self.style = style
  }

  package func begin(_ heading: Heading) throws {
    try sink.write(bold(heading.title) + "\n" + heading.days.text + "\n")
    let filters = [heading.product.map { "product \($0)" }, heading.currency.map { "in \($0)" }].compactMap(\.self)
    if !filters.isEmpty { try sink.write("Only " + filters.joined(separator: ", ") + "\n") }
  }

  package func begin(_ section: Section) throws {
    self.section = section
    rows = []
    widths = nil
    try sink.write("\n" + bold(section.title) + "\n")
  }

  package func add(_ cells: [Cell]) throws {
    let row = cells.map(Self.text)
    if let widths { return try write(row, widths) }
    rows.append(row)
    if rows.count >= Self.measuredRowCount { try writeMeasured() }
  }

  package func endSection() throws {
    if widths == nil { try writeMeasured() }
    if rows.isEmpty, widths == nil { return }
    section = nil
  }

  package func end(_ provenance: Provenance) throws {
    let time = provenance.lastSequence == 0 ? "" : " of \(Self.text(provenance.lastMilliseconds)) UTC"
    try sink.write("\nThrough event \(provenance.lastSequence)\(time).\nChain \(provenance.chain)\n")
    try sink.flush()
  }

  // MARK: Lines

  private func writeMeasured() throws {
    guard let section else { return }
    guard !rows.isEmpty else { return try sink.write("nothing\n") }
    var (widths, least): ([Int], [Int]) = ([], [])
    for (column, title) in section.columns.map(\.title).enumerated() {
      let widest = rows.reduce(0) { max($0, $1[column].columnCount) }
      let longestWord = title.split(separator: " ").map(\.columnCount).max() ?? 0
      widths.append(max(title.columnCount, widest))
      least.append(max(longestWord, section.columns[column].folds ? min(widest, Self.narrowestText) : widest))
    }
    if let width = style.width { fit(&widths, least, width) }
    self.widths = widths
    let titles = section.columns.indices.map { Self.pieces(of: section.columns[$0].title, widths[$0]) }
    for line in lines(titles, widths) { try sink.write(bold(line) + "\n") }
    for row in rows { try write(row, widths) }
    rows = []
  }

  /// A date, behind which a time is parted.
  private static let narrowestText = 10

  /// Narrows the widest columns until all fit the line, as far as that goes.
  private func fit(_ widths: inout [Int], _ least: [Int], _ width: Int) {
    while widths.reduce(0, +) + 2 * (widths.count - 1) > width {
      let folding = widths.indices.filter { widths[$0] > least[$0] }
      guard let widest = folding.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
    }
  }

  private func write(_ row: [String], _ widths: [Int]) throws {
    guard let section else { return }
    let parts = row.indices.map { section.columns[$0].folds ? Self.pieces(of: row[$0], widths[$0]) : [row[$0]] }
    for line in lines(parts, widths) { try sink.write(line + "\n") }
  }

  /// The lines that a row takes: a cell that is wider than its column goes on below.
  private func lines(_ parts: [[String]], _ widths: [Int]) -> [String] {
    (0..<(parts.map(\.count).max() ?? 1)).map { line in
      var text = ""
      for column in parts.indices {
        let cell = line < parts[column].count ? parts[column][line] : ""
        let space = String(repeating: " ", count: max(0, widths[column] - cell.columnCount))
        let shown = style.hasColour && isNumeric(column) && cell.hasPrefix("-") ? "\u{1B}[31m\(cell)\u{1B}[0m" : cell
        text += (column > 0 ? "  " : "") + (isNumeric(column) ? space + shown : shown + space)
      }
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
  }

  private func isNumeric(_ column: Int) -> Bool { section?.columns[column].kind.isNumeric ?? false }

  /// Parts text at blanks and behind hyphens; in the midst of a word only if that is wider than the column.
  static func pieces(of text: String, _ width: Int) -> [String] {
    var (pieces, rest): ([String], Substring) = ([], text[...])
    while rest.columnCount > width {
      var (end, room) = (rest.startIndex, width)
      // A column holds one sign at least.
      repeat {
        room -= String(rest[end]).columnCount
        rest.formIndex(after: &end)
      } while end < rest.endIndex && String(rest[end]).columnCount <= room
      let whole = rest[..<end]
      let isWord = end == rest.endIndex || rest[end] == " "
      let blank = isWord ? end : whole.lastIndex(of: " ")
      let hyphen = whole.lastIndex(of: "-").map { rest.index(after: $0) }
      let cut = [blank, hyphen].compactMap(\.self).filter { $0 > rest.startIndex }.max() ?? end
      pieces.append(String(rest[..<cut]))
      rest = rest[cut...].drop { $0 == " " }
    }
    return pieces.isEmpty || !rest.isEmpty ? pieces + [String(rest)] : pieces
  }

  private func bold(_ text: String) -> String { style.hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  static func text(_ cell: Cell) -> String {
    switch cell {
    case .none: ""
    // What would move the cursor or break the line is shown as a space.
    case .text(let text):
      text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        ? text : String(text.map { $0.unicodeScalars.allSatisfy(\.isPrintable) ? $0 : " " })
    case .number(let number): String(number)
    case .money(let minor, let currency): currency.text(minor: minor)
    case .rate(let thousandths, let currency): currency.text(thousandths: thousandths)
    case .percent(let hundredths): decimal(hundredths: hundredths)
    case .day(let day): day.calendarText
    case .time(let milliseconds): text(milliseconds)
    }
  }

  /// A time for people, to the second: `2026-03-09 14:05:00`.
  static func text(_ timeMilliseconds: UInt64) -> String {
    String(rfc3339(timeMilliseconds).prefix(19)).replacing("T", with: " ")
  }
}

extension Column {
  /// Whether a cell may go on in the line below.
  fileprivate var folds: Bool { kind == .text || kind == .time }
}

extension StringProtocol {
  /// How many columns of a terminal it takes: signs of East Asian scripts, and most pictures, take two.
  fileprivate var columnCount: Int {
    if utf8.allSatisfy({ $0 < 0x80 }) { return utf8.count }
    return reduce(0) { $0 + ($1.unicodeScalars.first.map(\.isWide) == true ? 2 : 1) }
  }
}

extension Unicode.Scalar {
  fileprivate var isWide: Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }

  fileprivate var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}

extension PeriodDays {
  /// The period's days, for people.
  package var dates: String {
    let last = Day(daysSince1970: period.to.daysSince1970 - 1)
    return period.dayCount == 1
      ? period.from.calendarText : "\(period.from.calendarText) to \(last.calendarText), \(period.dayCount) days"
  }

  /// The period in a line, for people.
  package var text: String {
    let start = calendar.dayStartMinutes == 0 ? "" : ", days start at \(calendar.dayStartText)"
    return
      "\(dates), \(calendar.zoneName)\(start) (\(TableWriter.text(startMilliseconds)) to "
      + "\(TableWriter.text(endMilliseconds)) UTC)"
  }
}
