import Foundation
import PinStore
import PinWords

/// Proves a report that was written as JSON: it is made again from the journal, up to the same event, and compared byte by
/// byte.
package enum ReportCheck {
  /// What a report says of itself.
  private struct Claim: Decodable {
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
    var report: String
    var by: String?
    var product: String?
    var currency: String?
    var period: Period
    var journal: Journal
    var terminalDifferences: [Difference]?
    var hasSerials: Bool?
    struct Difference: Decodable {}
  }

  package enum Verdict: Hashable, Sendable {
    case same(lastSequence: UInt64)
    /// The first line, from 1, that differs from what the journal says.
    case differs(line: Int)
    case otherStore(String)
    /// The report goes on beyond the journal's last event.
    case beyondJournal(lastSequence: UInt64)
  }

  /// Throws `ReportError` if the bytes are no report.
  package static func check(
    _ report: [UInt8], against view: JournalView, progress: (UInt64, UInt64) throws -> Void = { _, _ in }
  ) throws -> Verdict {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let claim = try? decoder.decode(Claim.self, from: Data(report)) else { throw ReportError.notAReport }
    guard claim.terminalDifferences == nil, claim.hasSerials == nil,
      (try? ReportKind(name: claim.report))?.isOfJournal != false
    else { throw ReportError.notOfTheJournalAlone }
    guard claim.journal.store == view.storeID.description else { return .otherStore(claim.journal.store) }
    guard claim.journal.lastSequence <= view.head.sequence else {
      return .beyondJournal(lastSequence: view.head.sequence)
    }
    guard let from = Day(calendarText: claim.period.from), let to = Day(calendarText: claim.period.to) else {
      throw ReportError.notAReport
    }
    let calendar = try BusinessCalendar(zone: claim.period.zone, dayStarts: claim.period.dayStarts)
    let request = try ReportRequest(
      try ReportKind(name: claim.report), try PeriodDays(try ReportPeriod(from: from, to: to), calendar),
      by: claim.by.flatMap { Grouping(rawValue: $0) }, product: claim.product,
      currency: claim.currency.flatMap { Currency($0) })
    var comparison = Comparison(report)
    let writer = JSONWriter(TextSink { comparison.take($0) })
    var run = ReportRun(request, of: view, through: claim.journal.lastSequence, to: writer)
    try run.run(progress: progress)
    return comparison.verdict(lastSequence: claim.journal.lastSequence)
  }

  /// Compares bytes that come in pieces with those that there are.
  private struct Comparison {
    private let expected: [UInt8]
    private var offset = 0
    private var line = 1
    private var isSame = true

    init(_ expected: [UInt8]) { self.expected = expected }

    mutating func take(_ bytes: [UInt8]) {
      for byte in bytes where isSame {
        guard offset < expected.count, expected[offset] == byte else {
          isSame = false
          return
        }
        if byte == UInt8(ascii: "\n") { line += 1 }
        offset += 1
      }
    }

    func verdict(lastSequence: UInt64) -> Verdict {
      isSame && offset == expected.count ? .same(lastSequence: lastSequence) : .differs(line: line)
    }
  }
}
