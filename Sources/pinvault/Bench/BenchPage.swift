import Foundation

/// A benchmark's report as one HTML file, with plots as inline SVG; light and dark, and fit to print.
struct BenchPage {
  private let report: BenchReport

  init(_ report: BenchReport) { self.report = report }

  var text: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>PinVault benchmark</title>
    <style>
    \(Self.style)
    </style>
    </head>
    <body>
    <h1>PinVault benchmark</h1>
    <p>\(escaped(report.machine.text))</p>
    <p>\(escaped(report.verdict))</p>
    \(BenchTable.all(of: report).map(\.html).joined(separator: "\n"))
    \((report.reopening?.text).map { "<p>\(escaped($0))</p>" } ?? "")
    \(plots)
    </body>
    </html>

    """
  }

  private var plots: String {
    var plots = [ratioBars, latencyPlot, timePlot].compactMap(\.self)
    let scaling = scalingLines
    if scaling.contains(where: { $0.points.count > 1 }) {
      var plot = Plot(title: "Operations a second by connections", x: "connections", y: "operations a second")
      plot.xTicks = Set(report.results.map(\.connections)).sorted().map { (log2(Double($0)), "\($0)") }
      plots.append(plot.svg(scaling))
    }
    return plots.joined(separator: "\n")
  }

  /// How many times a peer's rate ours is, load by load.
  private var ratioBars: String? {
    let bars = BenchComparison.all(of: report).map { comparison in
      Bars.Bar(
        name: "\(comparison.own.load) / \(comparison.peer.server)", value: comparison.ratio,
        text: "\(Figure.short(comparison.ratio)) ×")
    }
    return bars.isEmpty ? nil : Bars(title: "Times a peer's operations a second", mark: 1).svg(bars)
  }

  /// Percentiles spread out towards the last: each tenfold rarity takes the same width.
  private var latencyPlot: String {
    var plot = Plot(title: "Latency by percentile", x: "percentile", y: "µs")
    func place(_ percentile: Double) -> Double { -log10(max(1 - percentile / 100, 0.000_003)) }
    plot.xTicks = [0, 50, 90, 99, 99.9, 99.99, 99.999].map { (place($0), "\($0)".replacing(/\.0$/, with: "")) }
    plot.isYLogarithmic = true
    return plot.svg(
      report.results.map { result in
        Plot.Line(name: result.name, points: result.percentiles.map { (place($0[0]), max($0[1], 1)) })
      })
  }

  private var timePlot: String {
    var plot = Plot(title: "Operations a second over time", x: "seconds", y: "operations a second")
    let longest = report.results.map(\.seconds).max() ?? 1
    plot.xTicks = stride(from: 0, through: longest, by: max(1, (longest / 10).rounded())).map { ($0, "\(Int($0))") }
    return plot.svg(
      report.results.map { result in
        Plot.Line(
          name: result.name,
          points: result.operationsByTenth.dropLast().enumerated().map {
            (Double($0.offset) / 10, Double($0.element) * 10)
          })
      })
  }

  /// A line for each shape and in-flight count.
  private var scalingLines: [Plot.Line] {
    let groups = Dictionary(grouping: report.results) { "\($0.shape), \($0.inFlight) in flight" }
    return groups.sorted { $0.key < $1.key }.map { name, results in
      Plot.Line(
        name: name,
        points: results.sorted { $0.connections < $1.connections }
          .map { (log2(Double($0.connections)), $0.operationsPerSecond) })
    }
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --rule: #c9ced6; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14171b; --rule: #3b424c; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
    table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
    th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: bottom; }
    th:first-child { text-align: left; white-space: nowrap; }
    figure { margin: 2rem 0; break-inside: avoid; }
    figcaption { font-weight: 600; }
    svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: var(--ink); }
    svg .rule { stroke: var(--rule); }
    svg .mark { stroke: var(--ink); stroke-dasharray: 3 3; }
    h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
    tbody tr:hover { background: color-mix(in srgb, var(--rule) 30%, transparent); }
    td { font-variant-numeric: tabular-nums; white-space: nowrap; }
    .note { font-size: 13px; max-width: 60rem; margin: .4rem 0 0; }
    """
}

/// Makes text safe to stand in HTML.
func escaped(_ text: String) -> String {
  text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    .replacing("\"", with: "&quot;")
}
