import Foundation

/// Lines over two axes, as inline SVG; told apart by dashes as well as by colour.
struct Plot {
  struct Line {
    var name: String
    var points: [(x: Double, y: Double)]
  }

  var title: String
  var x: String
  var y: String
  /// Where the x axis is marked, and with what.
  var xTicks: [(place: Double, text: String)] = []
  var isYLogarithmic = false

  init(title: String, x: String, y: String) {
    self.title = title
    self.x = x
    self.y = y
  }

  private static let width = 900.0
  private static let height = 340.0
  private static let left = 80.0
  private static let bottom = 50.0
  private static let top = 14.0
  private static let colours = ["#2f6fde", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490", "#be185d", "#4d7c0f"]
  private static let dashes = ["none", "8 4", "2 3", "10 3 2 3", "4 4", "14 4", "1 5", "6 2 1 2"]

  func svg(_ lines: [Line]) -> String {
    let points = lines.flatMap(\.points)
    let xs = points.map(\.x) + xTicks.map(\.place)
    let (lowX, highX) = (xs.min() ?? 0, max(xs.max() ?? 1, (xs.min() ?? 0) + 1e-9))
    let ticks = yTicks(points.map(\.y))
    let (lowY, highY) = (scaled(ticks.first ?? 0), max(scaled(ticks.last ?? 1), scaled(ticks.first ?? 0) + 1e-9))
    func across(_ value: Double) -> Double {
      Self.left + (value - lowX) / (highX - lowX) * (Self.width - Self.left - 20)
    }
    func down(_ value: Double) -> Double {
      let share = (scaled(value) - lowY) / (highY - lowY)
      return Self.height - Self.bottom - share * (Self.height - Self.bottom - Self.top)
    }
    var parts: [String] = []
    for tick in ticks {
      let y = number(down(tick))
      parts.append(
        "<line class=\"rule\" x1=\"\(number(Self.left))\" x2=\"\(number(Self.width - 20))\" y1=\"\(y)\" y2=\"\(y)\"/>"
          + "<text x=\"\(number(Self.left - 8))\" y=\"\(y)\" text-anchor=\"end\" dy=\".35em\">\(Figure.whole(tick))</text>"
      )
    }
    for tick in xTicks {
      parts.append(
        "<text x=\"\(number(across(tick.place)))\" y=\"\(number(Self.height - Self.bottom + 18))\""
          + " text-anchor=\"middle\">\(escaped(tick.text))</text>")
    }
    for (index, line) in lines.enumerated() {
      let path = line.points.map { "\(number(across($0.x))),\(number(down($0.y)))" }.joined(separator: " ")
      parts.append(
        "<polyline points=\"\(path)\" fill=\"none\" stroke-width=\"2\" stroke=\"\(Self.colours[index % 8])\""
          + " stroke-dasharray=\"\(Self.dashes[index % 8])\"><title>\(escaped(line.name))</title></polyline>")
    }
    parts.append(
      "<text x=\"\(number(Self.width / 2))\" y=\"\(number(Self.height - 8))\" text-anchor=\"middle\">\(escaped(x))</text>"
        + "<text transform=\"translate(14 \(number(Self.height / 2))) rotate(-90)\" text-anchor=\"middle\">\(escaped(y))</text>"
    )
    return """
      <figure>
      <figcaption>\(escaped(title))</figcaption>
      <svg viewBox="0 0 \(number(Self.width)) \(number(Self.height + 18 * Double(lines.count)))" role="img" \
      aria-label="\(escaped(title))">
      \((parts + legend(lines)).joined(separator: "\n"))
      </svg>
      </figure>
      """
  }

  private func legend(_ lines: [Line]) -> [String] {
    lines.enumerated().map { index, line in
      let y = number(Self.height + 12 + 18 * Double(index))
      return
        "<line x1=\"\(number(Self.left))\" x2=\"\(number(Self.left + 40))\" y1=\"\(y)\" y2=\"\(y)\" stroke-width=\"2\""
        + " stroke=\"\(Self.colours[index % 8])\" stroke-dasharray=\"\(Self.dashes[index % 8])\"/>"
        + "<text x=\"\(number(Self.left + 48))\" y=\"\(y)\" dy=\".35em\">\(escaped(line.name))</text>"
    }
  }

  private func scaled(_ value: Double) -> Double { isYLogarithmic ? log10(max(value, 1e-9)) : value }

  /// Round values around all points: powers of ten, or four to eight equal steps from zero.
  private func yTicks(_ values: [Double]) -> [Double] {
    let highest = max(values.max() ?? 1, 1)
    if isYLogarithmic {
      let low = log10(max(values.min() ?? 1, 1)).rounded(.down)
      return Array(stride(from: low, through: max(log10(highest).rounded(.up), low + 1), by: 1)).map { pow(10, $0) }
    }
    let power = pow(10, log10(highest).rounded(.down))
    let step = [0.2, 0.5, 1, 2].map { $0 * power }.first { highest / $0 <= 8 } ?? power * 2
    return Array(stride(from: 0, through: (highest / step).rounded(.up) * step, by: step))
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
