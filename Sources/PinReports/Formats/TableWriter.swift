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
    let time = provenance.lastSequence == 0 ? "" : " of \(rfc3339(provenance.lastMilliseconds))"
    let state = provenance.isComplete ? "" : "; the journal ends within the period"
    try sink.write("\nThrough event \(provenance.lastSequence)\(time)\(state).\nChain \(provenance.chain)\n")
    try sink.flush()
  }

  // MARK: Lines

  private func writeMeasured() throws {
    guard let section else { return }
    guard !rows.isEmpty else { return try sink.write("nothing\n") }
    var widths = section.columns.indices.map { column in
      max(section.columns[column].title.count, rows.reduce(0) { max($0, $1[column].count) })
    }
    if let width = style.width { fit(&widths, section, width) }
    self.widths = widths
    for line in folded(section.columns.map(\.title), widths) { try sink.write(bold(line) + "\n") }
    for row in rows { try write(row, widths) }
    rows = []
  }

  /// Narrows the widest columns of text until all fit the line, as far as that goes.
  private func fit(_ widths: inout [Int], _ section: Section, _ width: Int) {
    while widths.reduce(0, +) + 2 * (widths.count - 1) > width {
      let folding = widths.indices.filter { !section.columns[$0].kind.isNumeric && widths[$0] > 8 }
      guard let widest = folding.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
    }
  }

  private func write(_ row: [String], _ widths: [Int]) throws {
    for line in folded(row, widths) { try sink.write(line + "\n") }
  }

  /// The lines that a row takes: a cell that is wider than its column goes on below.
  private func folded(_ row: [String], _ widths: [Int]) -> [String] {
    let parts = row.indices.map { column in
      isNumeric(column) ? [row[column]] : Self.pieces(of: row[column], widths[column])
    }
    return (0..<(parts.map(\.count).max() ?? 1)).map { line in
      var text = ""
      for column in row.indices {
        let cell = line < parts[column].count ? parts[column][line] : ""
        let space = String(repeating: " ", count: max(0, widths[column] - cell.count))
        let shown = style.hasColour && isNumeric(column) && cell.hasPrefix("-") ? "\u{1B}[31m\(cell)\u{1B}[0m" : cell
        text += (column > 0 ? "  " : "") + (isNumeric(column) ? space + shown : shown + space)
      }
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
  }

  private func isNumeric(_ column: Int) -> Bool { section?.columns[column].kind.isNumeric ?? false }

  private static func pieces(of text: String, _ width: Int) -> [String] {
    guard text.count > width else { return [text] }
    var pieces: [String] = []
    var rest = text[...]
    while !rest.isEmpty {
      pieces.append(String(rest.prefix(width)))
      rest = rest.dropFirst(width)
    }
    return pieces
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
    case .time(let milliseconds): rfc3339(milliseconds)
    }
  }
}

extension Unicode.Scalar {
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
      "\(dates), \(calendar.zoneName)\(start) (\(rfc3339(startMilliseconds)) to \(rfc3339(endMilliseconds)))"
  }
}
