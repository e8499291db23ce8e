import PinWords

/// A report as one JSON object, a row to a line: `docs/report.schema.json` is its schema.
///
/// Amounts are integers, in minor units of the row's currency, under keys that end in `_minor`. What is not there is null.
package final class JSONWriter: ReportWriter {
  private let sink: TextSink
  private var keys: [String] = []
  private var isFirstRow = true

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
      "product":\(text(orNull: heading.product)),"currency":\(text(orNull: heading.currency?.description))
      """)
  }

  package func begin(_ section: Section) throws {
    keys = section.columns.map { Self.quoted($0.jsonKey) + ":" }
    isFirstRow = true
    try sink.write(",\n\(Self.quoted(section.key)):[")
  }

  package func add(_ cells: [Cell]) throws {
    precondition(cells.count == keys.count, "a row has a cell for each column")
    try sink.write(isFirstRow ? "\n{" : ",\n{")
    isFirstRow = false
    for (index, cell) in cells.enumerated() { try sink.write((index > 0 ? "," : "") + keys[index] + Self.text(cell)) }
    try sink.write("}")
  }

  package func endSection() throws { try sink.write("]") }

  package func end(_ provenance: Provenance) throws {
    try sink.write(
      """
      ,
      "journal":{"store":\(Self.quoted(provenance.storeID)),"first_sequence":\(provenance.firstSequence),\
      "last_sequence":\(provenance.lastSequence),"chain":\(Self.quoted(provenance.chain)),\
      "last_time":\(provenance.lastSequence == 0 ? "null" : Self.quoted(rfc3339(provenance.lastMilliseconds))),\
      "is_complete":\(provenance.isComplete)}}

      """)
    try sink.flush()
  }

  private static func text(_ cell: Cell) -> String {
    switch cell {
    case .none: "null"
    case .text(let text): quoted(text)
    case .number(let number): String(number)
    case .money(let minor, _): String(minor)
    case .percent(let hundredths): decimal(hundredths: hundredths)
    case .day(let day): "\"\(day.calendarText)\""
    case .time(let milliseconds): "\"\(rfc3339(milliseconds))\""
    }
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
