import PinWords

/// The bars of a chart in one currency, drawn as SVG that takes its colours from the page.
///
/// It can be read without colour: each bar has its label and, where there is room, its amount; one below zero is hatched and
/// goes the other way. A reader of the screen hears the title and what the bars say.
struct ChartDrawing {
  let title: String
  let kind: Chart.Kind
  let points: [(label: String, amount: Int128)]
  let currency: Currency?
  /// Makes the ids of the page unique.
  let id: String

  private static let width = 720

  var svg: String {
    let body = kind == .bars ? lying : upright
    let summary = points.map { "\($0.label) \(text($0.amount))" }.joined(separator: "; ")
    return """
      <figure><figcaption id="\(id)-c">\(escaped(heading))</figcaption>
      <div class="scroll" role="region" tabindex="0" aria-labelledby="\(id)-c">
      <svg viewBox="0 0 \(Self.width) \(body.height)" role="img" aria-labelledby="\(id)-t" aria-describedby="\(id)-d">
      <title id="\(id)-t">\(escaped(heading))</title><desc id="\(id)-d">\(escaped(summary))</desc>
      <defs><pattern id="\(id)-h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
      <rect class="minus" width="3" height="6"/></pattern></defs>
      \(body.text)</svg></div></figure>

      """
  }

  private var heading: String { title + (currency.map { ", \($0)" } ?? "") }
  private func text(_ amount: Int128) -> String { currency.map { $0.text(minor: amount) } ?? String(amount) }
  private var most: Int128 { max(1, points.map(\.amount).max() ?? 1, 0) }
  private var least: Int128 { min(0, points.map(\.amount).min() ?? 0) }

  /// Where an amount is on a scale of so many units, from the least to the most.
  private func place(_ amount: Int128, of units: Int) -> Int { Int((amount - least) * Int128(units) / (most - least)) }

  private func bar(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ amount: Int128, _ label: String) -> String {
    let fill = amount < 0 ? " style=\"fill:url(#\(id)-h)\"" : ""
    return
      "<rect class=\"bar\" x=\"\(x)\" y=\"\(y)\" width=\"\(max(1, width))\" height=\"\(max(1, height))\"\(fill)>"
      + "<title>\(escaped(label)): \(escaped(text(amount)))</title></rect>\n"
  }

  /// A line for each label, its amount behind the bar.
  private var lying: (text: String, height: Int) {
    let (left, right, step) = (180, 110, 24)
    let room = Self.width - left - right
    let zero = left + place(0, of: room)
    var text = ""
    for (index, point) in points.enumerated() {
      let y = index * step
      let end = left + place(point.amount, of: room)
      text += "<text class=\"label\" x=\"\(left - 8)\" y=\"\(y + 16)\" text-anchor=\"end\">"
      text += "\(escaped(shortened(point.label)))</text>\n"
      text += bar(min(zero, end), y + 3, abs(end - zero), step - 6, point.amount, point.label)
      text +=
        "<text class=\"amount\" x=\"\(max(zero, end) + 6)\" y=\"\(y + 16)\">\(escaped(self.text(point.amount)))</text>\n"
    }
    let height = points.count * step
    text += "<line class=\"axis\" x1=\"\(zero)\" y1=\"0\" x2=\"\(zero)\" y2=\"\(height)\"/>\n"
    return (text, height)
  }

  /// A column for each label, with as many labels as fit.
  private var upright: (text: String, height: Int) {
    let (left, top, room, foot) = (90, 14, 200, 26)
    let step = min(90, Double(Self.width - left) / Double(points.count))
    let zero = top + room - place(0, of: room)
    var text = ""
    for amount in least < 0 ? [most, 0, least] : [most, 0] {
      let y = top + room - place(amount, of: room)
      text += "<line class=\"grid\" x1=\"\(left)\" y1=\"\(y)\" x2=\"\(Self.width)\" y2=\"\(y)\"/>\n"
      text +=
        "<text class=\"amount\" x=\"\(left - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">\(self.text(amount))</text>\n"
    }
    let every = max(1, Int((76 / step).rounded(.up)))
    for (index, point) in points.enumerated() {
      let x = left + Int(Double(index) * step)
      let y = top + room - place(point.amount, of: room)
      let width = min(48, Int(step * 0.8))
      if point.amount != 0 { text += bar(x, min(y, zero), width, abs(zero - y), point.amount, point.label) }
      let middle = x + width / 2
      if index % every == 0, middle + 36 <= Self.width {
        text += "<text class=\"label\" x=\"\(middle)\" y=\"\(top + room + 18)\" text-anchor=\"middle\">"
        text += "\(escaped(point.label))</text>\n"
      }
    }
    text += "<line class=\"axis\" x1=\"\(left)\" y1=\"\(zero)\" x2=\"\(Self.width)\" y2=\"\(zero)\"/>\n"
    return (text, top + room + foot)
  }

  private func shortened(_ label: String) -> String { label.count > 24 ? label.prefix(23) + "…" : label }
}

/// Text as it stands in a page, also within quotes.
func escaped(_ text: String) -> String {
  // Most text has nothing to escape: letters, digits and what stands in numbers and ids.
  if text.utf8.allSatisfy({
    $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x26 && $0 != 0x27 && $0 != 0x3C && $0 != 0x3E
  }) {
    return text
  }
  var page = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": page += "&amp;"
    case "<": page += "&lt;"
    case ">": page += "&gt;"
    case "\"": page += "&quot;"
    case "'": page += "&#39;"
    // XML has no other control characters.
    case "\0"..<" " where scalar != "\t" && scalar != "\n", "\u{7F}"..."\u{9F}": page += " "
    default: page.unicodeScalars.append(scalar)
    }
  }
  return page
}
