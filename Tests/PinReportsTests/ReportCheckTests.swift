import Foundation
import PinStore
import PinWords
import Testing

@testable import PinReports

/// A report as JSON is proved against the journal, and nothing else passes for it.
@Suite struct ReportCheckTests {
  static let names: [(ReportKind, Grouping?)] = [
    (.reconciliation, nil), (.dailyDetails, .user), (.totals, .product), (.shifts, nil), (.purchases, nil),
    (.cardsAvailable, nil), (.dailyTotals, nil),
  ]

  private func report(_ kind: ReportKind, by grouping: Grouping? = nil, of view: JournalView) throws -> Data {
    var bytes: [UInt8] = []
    let request = try ReportRequest(kind, try Sample.days.get(), by: grouping)
    let run = ReportRun(request, of: view, to: JSONWriter(TextSink { bytes += $0 }))
    try run.run()
    return Data(bytes)
  }

  @Test func aReportIsProvedAlsoAfterTheJournalWentOn() async throws {
    var history = try await History(seed: 7, startingAt: 1_805_500_000_000)
    try await history.go(30)
    let before = try JournalView(of: history.shop.directory)
    let reports = try Self.names.map { try report($0, by: $1, of: before) }
    try await history.go(30)
    let after = try JournalView(of: history.shop.directory)
    #expect(after.head.sequence > before.head.sequence)
    for report in reports {
      #expect(try ReportCheck.check(report, against: after) == .same(lastSequence: before.head.sequence))
    }
    // The other way round, the report knows more than the journal.
    let late = try report(.totals, of: after)
    #expect(try ReportCheck.check(late, against: before) == .beyondJournal(lastSequence: before.head.sequence))
  }

  @Test func everyChangedByteIsNoticed() async throws {
    let view = try await Sample.shared.view
    let report = try report(.reconciliation, of: view)
    #expect(try ReportCheck.check(report, against: view) == .same(lastSequence: view.head.sequence))
    for index in stride(from: 0, to: report.count, by: 7) {
      var changed = report
      changed[index] ^= 1
      // What it says of itself may be no report then, or that of another store, period or event.
      let verdict = try? ReportCheck.check(changed, against: view)
      #expect(verdict != .same(lastSequence: view.head.sequence), "byte \(index)")
    }
    #expect((try? ReportCheck.check(report + Data([10]), against: view)) != .same(lastSequence: view.head.sequence))
    let lines = String(decoding: report, as: UTF8.self)
    let edited = lines.replacing("\"amount_minor\":505", with: "\"amount_minor\":506")
    #expect(edited != lines)
    #expect(try ReportCheck.check(Data(edited.utf8), against: view) == .differs(line: 6))
    #expect(throws: ReportError.notAReport) { try ReportCheck.check(Data("{}".utf8), against: view) }
  }
}
