import Foundation
import PinStore
import PinWords

/// Proves a written report: it is made again from the journal, up to the same event, and compared byte by byte.
package enum ReportCheck {
  package enum Verdict: Hashable, Sendable {
    /// The period may have more events by now, after the last that the report was made from.
    case same(lastSequence: UInt64, hasMore: Bool)
    /// The first line, from 1, that differs from what the journal says.
    case differs(line: Int)
    case otherStore(String)
    /// The report goes on beyond the journal's last event.
    case beyondJournal(lastSequence: UInt64)
  }

  /// Throws `ReportError` if the bytes are no report.
  package static func check(
    _ report: Data, against view: JournalView, progress: (UInt64, UInt64) throws -> Void = { _, _ in }
  ) throws -> Verdict {
    guard let claim = ReportClaim(of: report) else { throw ReportError.notAReport }
    guard claim.hasTerminalTotals == nil, claim.hasSerials == nil,
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
    let writer = claim.format.writer(TextSink { comparison.take($0) })
    let run = ReportRun(request, of: view, through: claim.journal.lastSequence, to: writer)
    let hasMore = try run.run(progress: progress)
    return comparison.firstDifference.map { .differs(line: $0) }
      ?? .same(lastSequence: claim.journal.lastSequence, hasMore: hasMore)
  }

  /// Compares bytes that come in pieces with those that there are.
  private struct Comparison {
    /// What there is after what was the same.
    private var left: Data
    private var line = 1
    private var isSame = true

    init(_ expected: Data) { left = expected }

    mutating func take(_ bytes: [UInt8]) {
      guard isSame else { return }
      let there = left.prefix(bytes.count)
      isSame = there == Data(bytes)
      let same = isSame ? bytes.count : zip(there, bytes).prefix { $0 == $1 }.count
      line += bytes[..<same].count { $0 == UInt8(ascii: "\n") }
      left = left.dropFirst(bytes.count)
    }

    /// The line of it; nil if all is the same.
    var firstDifference: Int? { isSame && left.isEmpty ? nil : line }
  }
}
