import Foundation

/// What a written report says of itself, so that it can be made again.
///
/// As JSON it says in its first lines what it is of, and in its last line which events it was made from; the reconciliation as
/// CSV says both in its last record. What is between may be long, and is only compared.
struct ReportClaim: Decodable {
  struct Period: Decodable {
    var from: String
    var to: String
    var zone: String
    var dayStarts: String
  }
  struct Journal: Decodable {
    var store: String
    var lastSequence: UInt64
  }
  private(set) var format = ReportFormat.json
  var report: String
  var by: String?
  var product: String?
  var currency: String?
  var period: Period
  var journal: Journal
  var hasSerials: Bool?
  var hasTerminalTotals: Bool?

  private enum CodingKeys: CodingKey {
    case report, by, product, currency, period, journal, hasSerials, hasTerminalTotals
  }

  /// The lines before the first section, of a report as `JSONWriter` writes it.
  private static let firstLines = 3
  /// No more bytes are in them, or in the last line.
  private static let mostBytes = 1 << 16

  /// Nil if it is no report.
  init?(of report: Data) {
    let lineFeed = UInt8(ascii: "\n")
    guard report.last == lineFeed else { return nil }
    let tail = report.dropLast().suffix(Self.mostBytes)
    guard let end = tail.lastIndex(of: lineFeed) else { return nil }
    if report.starts(with: "\u{FEFF}".utf8) {
      self.init(lastRecord: String(decoding: tail[(end + 1)...], as: UTF8.self))
      return
    }
    let ends = report.prefix(Self.mostBytes).indices.lazy.filter { report[$0] == lineFeed }.prefix(Self.firstLines)
    guard let head = ends.last, ends.count == Self.firstLines else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let claim = try? decoder.decode(Self.self, from: report[..<head] + tail[end...]) else { return nil }
    self = claim
  }

  /// Of CSV as `CSVWriter` writes it.
  private init?(lastRecord record: String) {
    format = record.hasPrefix("report=reconciliation;") ? .csvSemicolon : .csv
    let separator: Character = format == .csv ? "," : ";"
    // Between quotes nothing parts the cells, and two quotes are one.
    var (cells, isQuoted, before) = ([""], false, separator)
    for character in record {
      if character == "\"" {
        if !isQuoted, before == "\"" { cells[cells.count - 1].append("\"") }
        isQuoted.toggle()
      } else if character == separator, !isQuoted {
        cells.append("")
      } else {
        cells[cells.count - 1].append(character)
      }
      before = character
    }
    var facts: [String: String] = [:]
    for cell in cells {
      let parts = cell.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
    }
    guard let report = facts["report"], let from = facts["from"], let to = facts["to"], let zone = facts["zone"],
      let dayStarts = facts["day_starts"], let store = facts["store"],
      let lastSequence = facts["last_sequence"].flatMap({ UInt64($0) })
    else { return nil }
    self.report = report
    (product, currency) = (facts["product"], facts["currency"])
    period = Period(from: from, to: to, zone: zone, dayStarts: dayStarts)
    journal = Journal(store: store, lastSequence: lastSequence)
  }
}
