import PinProtocol
import Testing

/// The dumps are checked against the codec; here the tables are checked against the dumps.
@Suite("protocol.md's tables say what its dumps show")
struct DocumentTableTests {
  /// A table of a layout, under its heading, and the dump that follows it before any other table.
  struct Layout: Sendable {
    struct Row: Sendable {
      let offset: Int
      let size: Int
      let field: String
    }
    let heading: String
    /// The rows whose offset and size are numbers.
    var rows: [Row] = []
    var dump: String?
  }

  /// One field of a dump's body.
  struct Line: Sendable {
    let offset: Int
    var byteCount: Int
    let comment: String
  }

  private var layouts: [Layout] { Self.read.layouts }
  private var lines: [String: [Line]] { Self.read.lines }
  private static let read = readDocument()

  private static func readDocument() -> (layouts: [Layout], lines: [String: [Line]]) {
    var (layouts, lines): ([Layout], [String: [Line]]) = ([], [:])
    var heading = ""
    var dump: String?
    var isBody = false
    for line in Document.shared.text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        dump = line.hasPrefix("```hex ") ? String(line.dropFirst(7)) : nil
        isBody = false
        if let dump, let last = layouts.indices.last, layouts[last].heading == heading, layouts[last].dump == nil {
          layouts[last].dump = dump
        }
      } else if let dump {
        if line.isEmpty { isBody = true }
        if isBody, !line.isEmpty { read(line, into: &lines[dump, default: []]) }
      } else if line.hasPrefix("#") {
        heading = String(line.drop { $0 == "#" || $0 == " " })
      } else if line.hasPrefix("| offset |") {
        layouts.append(Layout(heading: heading))
      } else if line.hasPrefix("|"), let last = layouts.indices.last {
        let cells = line.split(separator: "|").map { $0.trimmingSpaces }
        guard cells.count >= 4, let offset = Int(cells[0]), let size = Int(cells[1]) else { continue }
        layouts[last].rows.append(Layout.Row(offset: offset, size: size, field: cells[3]))
      }
    }
    return (layouts, lines)
  }

  private static func read(_ line: Substring, into lines: inout [Line]) {
    let parts = line.split(separator: ";", maxSplits: 1)
    let halves = parts[0].split(separator: ":")
    guard halves.count == 2, let offset = Int(halves[0].trimmingSpaces) else { return }
    let byteCount = halves[1].filter { $0 != " " }.count / 2
    if parts.count == 2 {
      lines.append(Line(offset: offset, byteCount: byteCount, comment: parts[1].trimmingSpaces))
    } else if let last = lines.indices.last {
      lines[last].byteCount += byteCount
    }
  }

  @Test("Every fixed field of a request or answer stands at its offset in the dump that follows")
  func operations() {
    let shown = layouts.filter { $0.dump.map { $0.hasSuffix("-request") || $0.hasSuffix("-answer") } ?? false }
    #expect(shown.count > 50)
    for layout in shown { check(layout, lines[layout.dump!] ?? [], from: 0) }
  }

  @Test(
    "Every fixed field of a part stands at its offset in a dump that has one",
    arguments: [
      ("Line", "reserve-request", "line 0"), ("Granted line", "reserve-answer", "line 0"),
      ("Delivery line", "vend-answer", "line 0"), ("Delivery card", "vend-answer", "card 0"),
      ("Extent", "return-request", "extent 0"), ("Credit", "return-answer", "credit 0"),
      ("Declared lot", "begin-purchase-request", "lot 0"), ("Purchase lot", "begin-purchase-answer", "lot 0"),
      ("Loaded card", "load-cards-request", "card 0"), ("Load refusal", "load-cards-answer", "refusal 0"),
      ("Slice", "look-up-answer", "slice 0"), ("Stock level", "stock-answer", "record 0"),
      ("Card life", "card-answer", "record 0"), ("Product", "catalogue-answer", "record 0"),
      ("Journal event", "events-answer", "event 0"), ("Shift total", "shift-totals-answer", "total 0"),
      ("Actor", "actors-answer", "record 0"),
    ])
  func parts(heading: String, dump: String, part: String) throws {
    let layout = try #require(layouts.first { $0.heading == heading })
    let prefix = part + ": "
    let shown = (lines[dump] ?? []).filter { $0.comment.hasPrefix(prefix) }.map {
      Line(offset: $0.offset, byteCount: $0.byteCount, comment: String($0.comment.dropFirst(prefix.count)))
    }
    check(layout, shown, from: try #require(shown.first).offset)
  }

  @Test("A delivery's own table holds for vend, dispense and reprint", arguments: ["vend", "dispense", "reprint"])
  func delivery(operation: String) throws {
    let layout = try #require(layouts.first { $0.heading == "Delivery" })
    check(layout, lines[operation + "-answer"] ?? [], from: 0)
  }

  private func check(_ layout: Layout, _ lines: [Line], from start: Int) {
    for row in layout.rows {
      let isShown = lines.contains {
        $0.offset == start + row.offset && $0.byteCount == row.size && $0.comment.hasPrefix(row.field)
      }
      #expect(isShown, "\(layout.heading), \(layout.dump ?? ""): \(row.field) at \(row.offset)")
    }
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
