import PinWords

/// A report as one JSON object, a row to a line: `docs/report.schema.json` is its schema.
///
/// Amounts are integers, in minor units of the row's currency, under keys that end in `_minor`. What is not there is null.
package final class JSONWriter: ReportWriter {
  private let sink: TextSink
  /// With the comma before, and the colon after.
  private var keys: [[UInt8]] = []
  private var isFirstRow = true
  /// The room of the last row.
  private var row: [UInt8] = []

  package init(_ sink: TextSink) { self.sink = sink }

  package func begin(_ heading: Heading) throws {
    let (days, calendar) = (heading.days, heading.days.calendar)
    func text(orNull text: String?) -> String { text.map(Self.quoted) ?? "null" }
    try sink.write(
      """
      {"report":\(Self.quoted(heading.kind.rawValue)),"title":\(Self.quoted(heading.title)),\
      "by":\(text(orNull: heading.grouping?.rawValue)),
      "period":{"from":\(Self.quoted(days.period.from.calendarText)),"to":\(Self.quoted(days.period.to.calendarText)),\
      "from_time":\(Self.quoted(rfc3339(days.startMilliseconds))),"to_time":\(Self.quoted(rfc3339(days.endMilliseconds))),\
      "zone":\(Self.quoted(calendar.zoneName)),"day_starts":\(Self.quoted(calendar.dayStartText))},
      "product":\(text(orNull: heading.product)),"currency":\(text(orNull: heading.currency?.description))\
      \(heading.hasSerials ? ",\"has_serials\":true" : "")\
      \(heading.hasTerminalTotals ? ",\"has_terminal_totals\":true" : "")
      """)
  }

  package func begin(_ section: Section) throws {
    keys = section.columns.enumerated().map { index, column in
      Array(((index > 0 ? "," : "") + Self.quoted(column.jsonKey) + ":").utf8)
    }
    isFirstRow = true
    try sink.write(",\n\(Self.quoted(section.key)):[")
  }

  package func add(_ cells: [Cell]) throws {
    precondition(cells.count == keys.count, "a row has a cell for each column")
    var row: [UInt8] = []
    swap(&row, &self.row)
    row.removeAll(keepingCapacity: true)
    row.append(isFirstRow ? "\n{" : ",\n{")
    isFirstRow = false
    for (index, cell) in cells.enumerated() {
      row.append(contentsOf: keys[index])
      Self.append(cell, to: &row)
    }
    row.append("}")
    try sink.write(row)
    self.row = row
  }

  package func endSection() throws { try sink.write("]") }

  package func end(_ provenance: Provenance) throws {
    try sink.write(
      """
      ,
      "journal":{"store":\(Self.quoted(provenance.storeID)),"first_sequence":\(provenance.firstSequence),\
      "last_sequence":\(provenance.lastSequence),"chain":\(Self.quoted(provenance.chain)),\
      "last_time":\(provenance.lastSequence == 0 ? "null" : Self.quoted(rfc3339(provenance.lastMilliseconds)))}}

      """)
    try sink.flush()
  }

  private static func append(_ cell: Cell, to row: inout [UInt8]) {
    switch cell {
    case .none: row.append("null")
    case .text(let text):
      // Most text is of characters that need no look at what they are.
      let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x3C }
      if isPlain { append(plain: text, to: &row) } else { row.append(quoted(text)) }
    case .number(let number): row.append(String(number))
    case .money(let minor, _): row.append(text(minor))
    case .rate(let thousandths, _): row.append(String(thousandths))
    case .percent(let hundredths): row.append(decimal(hundredths: hundredths))
    case .day(let day): append(plain: day.calendarText, to: &row)
    case .time(let milliseconds): append(plain: rfc3339(milliseconds), to: &row)
    }
  }

  private static func append(plain text: String, to row: inout [UInt8]) {
    row.append(UInt8(ascii: "\""))
    row.append(text)
    row.append(UInt8(ascii: "\""))
  }

  /// Long division of 128 bits is for what has no room in 64.
  private static func text(_ minor: Int128) -> String {
    if let small = Int64(exactly: minor) { String(small) } else { String(minor) }
  }

  /// A string of RFC 8259. Control characters are escaped, and `<`, so that it can stand in a page.
  static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\0"..<" ", "<", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
