import Foundation

/// A bar for each of several figures, as inline SVG.
struct Bars {
  struct Bar {
    var name: String
    var value: Double
    var text: String
  }

  var title: String
  /// A value to draw a line at.
  var mark: Double

  private static let width = 900.0
  private static let left = 330.0
  private static let step = 24.0

  func svg(_ bars: [Bar]) -> String {
    let highest = max(bars.map(\.value).max() ?? 1, mark)
    func across(_ value: Double) -> Double { Self.left + value / highest * (Self.width - Self.left - 80) }
    let height = Self.step * Double(bars.count) + 8
    let parts = bars.enumerated().map { index, bar in
      let y = Self.step * Double(index)
      return """
        <text x="\(number(Self.left - 8))" y="\(number(y + 15))" text-anchor="end">\(escaped(bar.name))</text>
        <rect x="\(number(Self.left))" y="\(number(y + 4))" width="\(number(max(across(bar.value) - Self.left, 1)))" \
        height="15" fill="#2f6fde"/>
        <text x="\(number(across(bar.value) + 6))" y="\(number(y + 15))">\(escaped(bar.text))</text>
        """
    }
    let line =
      "<line class=\"mark\" x1=\"\(number(across(mark)))\" x2=\"\(number(across(mark)))\" y1=\"0\" y2=\"\(number(height))\"/>"
    return """
      <figure>
      <figcaption>\(escaped(title))</figcaption>
      <svg viewBox="0 0 \(number(Self.width)) \(number(height))" role="img" aria-label="\(escaped(title))">
      \((parts + [line]).joined(separator: "\n"))
      </svg>
      </figure>
      """
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
