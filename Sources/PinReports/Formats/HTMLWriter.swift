import PinWords

/// A report as one page that needs nothing else: no script, no font, no picture from elsewhere.
///
/// It prints, follows the system's light or dark, and is read by keyboard and by ear: tables have names and headers, wide
/// ones scroll in a region that takes the focus, and each chart's numbers are in the table beside it. Charts stand above
/// their table, but below one that is so long that it is written as it is made.
package final class HTMLWriter: ReportWriter {
  private let sink: TextSink
  private var section: Section?
  /// The rows that wait for their charts.
  private var waiting: [String] = []
  private var isStreaming = false
  private var charts: [ChartData] = []
  private var chartCount = 0
  private static let mostWaitingRows = 2000

  package init(_ sink: TextSink) { self.sink = sink }

  package func begin(_ heading: Heading) throws {
    let filters = [heading.product.map { "product \($0)" }, heading.currency.map { "in \($0)" }].compactMap(\.self)
    try sink.write(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(escaped(heading.title)), \(escaped(heading.days.dates))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(escaped(heading.title))</h1>
      <p>\(escaped(heading.days.text))</p>
      \(filters.isEmpty ? "" : "<p>Only \(escaped(filters.joined(separator: ", ")))</p>\n")
      """)
  }

  package func begin(_ section: Section) throws {
    self.section = section
    waiting = []
    isStreaming = false
    charts = section.charts.compactMap { ChartData($0, section.columns) }
    try sink.write(
      "<section>\n<h2 id=\"s-\(section.key)\">\(escaped(section.title))</h2>\n")
  }

  package func add(_ cells: [Cell]) throws {
    guard let section else { preconditionFailure("rows belong to a section") }
    for index in charts.indices { charts[index].add(cells) }
    let row = Self.row(cells, section)
    if isStreaming { return try sink.write(row) }
    waiting.append(row)
    guard waiting.count > Self.mostWaitingRows else { return }
    try beginTable(section)
    for row in waiting { try sink.write(row) }
    waiting = []
    isStreaming = true
  }

  package func endSection() throws {
    guard let section else { preconditionFailure("a section is begun before it is ended") }
    if isStreaming {
      try sink.write("</tbody></table></div>\n")
      try drawCharts()
    } else if waiting.isEmpty {
      try sink.write("<p>Nothing.</p>\n")
    } else {
      try drawCharts()
      try beginTable(section)
      for row in waiting { try sink.write(row) }
      try sink.write("</tbody></table></div>\n")
    }
    try sink.write("</section>\n")
    self.section = nil
  }

  package func end(_ provenance: Provenance) throws {
    let time = provenance.lastSequence == 0 ? "" : " of \(TableWriter.text(provenance.lastMilliseconds)) UTC"
    try sink.write(
      """
      <footer><p>Made from the journal of store \(escaped(provenance.storeID)), through event \
      \(provenance.lastSequence)\(time), chain \(escaped(provenance.chain)).</p></footer>
      </main>
      </body>
      </html>

      """)
    try sink.flush()
  }

  // MARK: Parts

  private func beginTable(_ section: Section) throws {
    let head = section.columns.map { column in
      "<th scope=\"col\"\(column.kind.isNumeric ? " class=\"n\"" : "")>\(escaped(column.title))</th>"
    }
    let size = section.columns.count > Self.mostColumnsOfNormalSize ? " class=\"wide\"" : ""
    try sink.write(
      """
      <div class="scroll" role="region" tabindex="0" aria-labelledby="s-\(section.key)">
      <table\(size) aria-labelledby="s-\(section.key)"><thead><tr>\(head.joined())</tr></thead><tbody>

      """)
  }

  /// An id is not broken, nor a name at its hyphens.
  private static let longestUnbroken = 40
  /// What is not longer is not broken where paper is narrow, either.
  private static let longestWord = 12
  /// A table of more columns is printed small, so that the paper holds it.
  private static let mostColumnsOfNormalSize = 16

  private static func row(_ cells: [Cell], _ section: Section) -> String {
    var row = "<tr>"
    for (cell, column) in zip(cells, section.columns) {
      let text = escaped(TableWriter.text(cell))
      let isNegative = column.kind.isNumeric && text.hasPrefix("-")
      switch column.kind {
      case .number, .money, .rate, .percent: row += "<td class=\"n\(isNegative ? " neg" : "")\">"
      case .day: row += "<td class=\"s\">"
      case .time: row += "<td class=\"d\">"
      case .text where text.count > longestUnbroken: row += "<td>"
      case .text: row += text.count > longestWord ? "<td class=\"d\">" : "<td class=\"s\">"
      }
      row += text + "</td>"
    }
    return row + "</tr>\n"
  }

  private func drawCharts() throws {
    for chart in charts {
      for drawing in chart.drawings {
        chartCount += 1
        try sink.write(drawing("c\(chartCount)").svg)
      }
    }
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #666; --line: #bbb; --band: #f3f3f3;
      --bar: #1f5fa8; --minus: #b3261e; }
    @media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #16181b; --faint: #aaa; --line: #555;
      --band: #202327; --bar: #7fb2ee; --minus: #ff8a80; } }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
    main { max-width: 120rem; margin: 0 auto; padding: 1.5rem; }
    h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
    p { margin: .25rem 0; color: var(--faint); overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; } .scroll:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
    table { border-collapse: collapse; font-size: .85em; font-variant-numeric: tabular-nums; }
    th, td { padding: .3rem .45rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
    th { border-bottom-width: 2px; vertical-align: bottom; } td { max-width: 22rem; overflow-wrap: break-word; }
    .d, .s { white-space: nowrap; } .n { text-align: right; } td.n { white-space: nowrap; } .neg { color: var(--minus); }
    tbody tr:nth-child(even) { background: var(--band); }
    figure { margin: 0 0 1rem; max-width: 46rem; } figcaption { font-weight: 600; margin-bottom: .25rem; }
    svg { width: 100%; min-width: 45rem; height: auto; font: 12px system-ui, sans-serif; } svg text { fill: var(--ink); }
    .bar { fill: var(--bar); stroke: var(--bar); } .minus { fill: var(--minus); }
    .axis { stroke: var(--ink); } .grid { stroke: var(--line); }
    footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
    @media print { :root { --ink: #000; --paper: #fff; --faint: #333; --line: #999; --band: #fff; --bar: #555; --minus: #000; }
      @page { size: landscape; margin: 12mm; } main { max-width: none; padding: 0; } body { font-size: 9pt; }
      .scroll { overflow: visible; } svg { min-width: 0; } thead { display: table-header-group; } tr, figure { break-inside: avoid; }
      h1, h2 { break-after: avoid; } .wide { font-size: 6pt; } .wide th, .wide td { padding: .1rem .15rem;
      overflow-wrap: anywhere; } .wide .d { white-space: normal; min-width: 8em; } .wide th { overflow-wrap: normal; }
      th, td { padding: .15rem .35rem; } }
    """
}

/// What a chart shows, summed by label as rows go by.
private struct ChartData {
  private let chart: Chart
  private let label: Int
  private let value: Int
  private var labels: [String] = []
  private var sums: [Currency?: [String: Int128]] = [:]
  private var currencies: [Currency?] = []
  /// More bars than this are no picture.
  private static let mostLabels = 400

  init?(_ chart: Chart, _ columns: [Column]) {
    guard let label = columns.firstIndex(where: { $0.key == chart.label }),
      let value = columns.firstIndex(where: { $0.key == chart.value })
    else { return nil }
    (self.chart, self.label, self.value) = (chart, label, value)
  }

  mutating func add(_ cells: [Cell]) {
    let amount: Int128
    let currency: Currency?
    switch cells[value] {
    case .money(let minor, let of): (amount, currency) = (minor, of)
    case .number(let number): (amount, currency) = (Int128(number), nil)
    default: return
    }
    let text = TableWriter.text(cells[label])
    if !currencies.contains(currency) { currencies.append(currency) }
    if sums[currency]?[text] == nil {
      guard labels.count <= Self.mostLabels else { return }
      if !labels.contains(text) { labels.append(text) }
    }
    let before = chart.isOncePerLabel ? 0 : sums[currency]?[text] ?? 0
    sums[currency, default: [:]][text] = before + amount
  }

  /// The chart's own labels, from the first to the last that a row had.
  private var places: [String] {
    let said = Set(labels)
    guard let first = chart.labels.firstIndex(where: said.contains),
      let last = chart.labels.lastIndex(where: said.contains)
    else { return [] }
    return Array(chart.labels[first...last])
  }

  /// One for each currency, to be given an id.
  var drawings: [(String) -> ChartDrawing] {
    guard max(labels.count, places.count) <= Self.mostLabels else { return [] }
    return currencies.sorted { ($0?.code ?? 0) < ($1?.code ?? 0) }.compactMap { currency in
      let points = (chart.labels.isEmpty ? labels.filter { sums[currency]?[$0] != nil } : places).map { label in
        (label: label, amount: sums[currency]?[label] ?? 0)
      }
      // One bar is no picture.
      guard points.count > 1 else { return nil }
      return { ChartDrawing(title: chart.title, kind: chart.kind, points: points, currency: currency, id: $0) }
    }
  }
}
