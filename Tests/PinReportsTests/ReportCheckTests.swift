import Foundation
import PinStore
import PinWords
import Testing

@testable import PinReports

/// A report as JSON, and the reconciliation also as CSV, is proved against the journal, and nothing else passes for it.
@Suite struct ReportCheckTests {
  static let names: [(ReportKind, Grouping?)] = [
    (.reconciliation, nil), (.dailyDetails, .user), (.totals, .product), (.shifts, nil), (.purchases, nil),
    (.cardsAvailable, nil), (.dailyTotals, nil),
  ]

  private func report(
    _ kind: ReportKind, by grouping: Grouping? = nil, of view: JournalView, as format: ReportFormat = .json,
    product: String? = nil
  ) throws -> Data {
    var bytes: [UInt8] = []
    let request = try ReportRequest(kind, try Sample.days.get(), by: grouping, product: product)
    let run = ReportRun(request, of: view, to: format.writer(TextSink { bytes += $0 }))
    try run.run()
    return Data(bytes)
  }

  @Test func aReportIsProvedAlsoAfterTheJournalWentOn() async throws {
    var history = try await History(seed: 7, startingAt: 1_805_500_000_000)
    try await history.go(30)
    let before = try JournalView(of: history.shop.directory)
    let reports =
      try Self.names.map { try report($0, by: $1, of: before) }
      + [ReportFormat.csv, .csvSemicolon].map { try report(.reconciliation, of: before, as: $0) }
    try await history.go(30)
    let after = try JournalView(of: history.shop.directory)
    #expect(after.head.sequence > before.head.sequence)
    for report in reports {
      #expect(try ReportCheck.check(report, against: after) == .same(lastSequence: before.head.sequence, hasMore: true))
    }
    // The other way round, the report knows more than the journal.
    let late = try report(.totals, of: after)
    #expect(try ReportCheck.check(late, against: before) == .beyondJournal(lastSequence: before.head.sequence))
  }

  /// As it is made at night: the day is over, and nothing has happened since.
  @Test func aDayThatIsOverIsTheSameAlsoWhenTheNextHasBegun() async throws {
    let shop = try Shop(atMilliseconds: 1_806_048_000_000)
    let till = try await shop.actor("till", .terminal)
    let product = try await shop.product("TEN", name: "Ten", in: "EUR", face: 1000, price: 1000)
    try await shop.stock(product, 10, unitCost: 900, prefix: "T")
    func sell() async {
      _ = await shop.ask(.vend(Vend(id: shop.id(), line: Line(product: product, count: 1))), as: till)
    }
    func bytes(_ kind: ReportKind, _ format: ReportFormat, of view: JournalView) throws -> Data {
      var bytes: [UInt8] = []
      let period = try ReportPeriod("2027-03-26", today: Day(year: 2027, month: 3, day: 27)!)
      let request = try ReportRequest(kind, try PeriodDays(period, try BusinessCalendar(zone: "UTC")))
      let run = ReportRun(request, of: view, to: format.writer(TextSink { bytes += $0 }))
      try run.run()
      return Data(bytes)
    }
    await sell()
    let atNight = try JournalView(of: shop.directory)
    shop.clock.advance(milliseconds: 48 * 3_600_000)
    await sell()
    let later = try JournalView(of: shop.directory)
    #expect(later.head.sequence == atNight.head.sequence + 1)
    for (kind, _) in Self.names {
      for format in ReportFormat.allCases {
        #expect(try bytes(kind, format, of: later) == bytes(kind, format, of: atNight), "\(kind) \(format)")
      }
      let verdict = try ReportCheck.check(try bytes(kind, .json, of: atNight), against: later)
      #expect(verdict == .same(lastSequence: atNight.head.sequence, hasMore: false), "\(kind)")
    }
  }

  @Test(
    arguments: [
      (.json, "\"amount_minor\":505", "\"amount_minor\":506"), (.csv, ",5.05,4.30\r\n", ",5.06,4.30\r\n"),
      (.csvSemicolon, ";5,05;4,30\r\n", ";5,06;4,30\r\n"),
    ] as [(ReportFormat, String, String)])
  func everyChangedByteIsNoticed(_ format: ReportFormat, _ amount: String, _ other: String) async throws {
    let view = try await Sample.shared.view
    let report = try report(.reconciliation, of: view, as: format)
    #expect(try ReportCheck.check(report, against: view) == .same(lastSequence: view.head.sequence, hasMore: false))
    for index in stride(from: 0, to: report.count, by: 7) {
      var changed = report
      changed[index] ^= 1
      // What it says of itself may be no report then, or that of another store, period or event.
      let verdict = try? ReportCheck.check(changed, against: view)
      #expect(verdict != .same(lastSequence: view.head.sequence, hasMore: false), "byte \(index)")
    }
    let longer = try? ReportCheck.check(report + Data([10]), against: view)
    #expect(longer != .same(lastSequence: view.head.sequence, hasMore: false))
    let lines = String(decoding: report, as: UTF8.self)
    let edited = lines.replacing(amount, with: other)
    #expect(edited != lines)
    let line = format == .json ? 6 : 3
    #expect(try ReportCheck.check(Data(edited.utf8), against: view) == .differs(line: line))
  }

  @Test(arguments: [ReportFormat.csv, .csvSemicolon]) func anExportOfOneProductIsProved(_ format: ReportFormat)
    async throws
  {
    let view = try await Sample.shared.view
    let report = try report(.reconciliation, of: view, as: format, product: "USD-10")
    #expect(try ReportCheck.check(report, against: view) == .same(lastSequence: view.head.sequence, hasMore: false))
  }

  @Test func whatDoesNotSayWhatItWasMadeFromIsNoReport() async throws {
    let view = try await Sample.shared.view
    // Of the other reports, CSV has one table and no more.
    for report in [Data("{}".utf8), Data(), Data([0xEF, 0xBB, 0xBF]), try report(.totals, of: view, as: .csv)] {
      #expect(throws: ReportError.notAReport) { try ReportCheck.check(report, against: view) }
    }
  }
}
