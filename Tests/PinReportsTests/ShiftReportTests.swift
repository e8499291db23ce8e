import Foundation
import PinStore
import PinWords
import Testing

@testable import PinEngine
@testable import PinReports

/// Shifts as they were closed, as they are counted, and as terminals counted them.
@Suite struct ShiftReportTests {
  /// Two shifts of a till: the first from 26 to 27 March 2027, the second running.
  private func shop() async throws -> Shop {
    let shop = try Shop(atMilliseconds: StockReportTests.start)
    let till = try await shop.actor("till", [.terminal, .clerk])
    let product = try await shop.product("A", name: "A", in: "EUR", face: 500, price: 500)
    try await shop.stock(product, 50, unitCost: 400, prefix: "A")
    func vend(_ count: UInt32) async throws -> RequestID {
      let id = shop.id()
      let line = Line(product: product, count: count, discountMinor: 30, taxMinor: 20)
      guard case .delivery = await shop.ask(.vend(Vend(id: id, line: line)), as: till) else {
        throw Unexpected(what: "vend")
      }
      return id
    }
    _ = try await vend(3)
    shop.clock.advance(milliseconds: 86_400_000)
    let lost = try await vend(2)
    _ = await shop.ask(.reverse(lost), as: till)
    let settle = Settle(id: shop.id(), reservation: lost, reason: "seen")
    guard case .moved = await shop.ask(.settle(settle), as: shop.administrator),
      case .shift = await shop.ask(.closeShift(shop.id()), as: till)
    else { throw Unexpected(what: "close") }
    _ = try await vend(1)
    return shop
  }

  private func days(_ from: String, _ to: String) throws -> PeriodDays {
    let period = try ReportPeriod(from: Day(calendarText: from)!, to: Day(calendarText: to)!)
    return try PeriodDays(period, try BusinessCalendar(zone: "UTC"))
  }

  private func sections(
    of shop: Shop, _ terminal: String? = nil, from: String = "2027-03-27"
  ) throws -> [String: [[String]]] {
    var request = try ReportRequest(.shifts, try days(from, "2027-03-31"))
    request.terminalShifts = try terminal.map { try TerminalShift.read(Array($0.utf8)) }
    let writer = RowsWriter()
    let run = ReportRun(request, of: try JournalView(of: shop.directory), to: writer)
    try run.run()
    return writer.sections
  }

  @Test func aShiftBeginsWithTheCloseBeforeIt() async throws {
    let shop = try await shop()
    let sections = try sections(of: shop)
    // Sales, cards, gross, discount, tax; reversals and their cards; the settlement counts as a sale, without its tax.
    #expect(
      sections["rows"]!.map { Array($0[0...2] + $0[5...]) } == [
        ["till", "1", "Z", "EUR", "3", "7", "3500", "90", "40", "1", "2", "970", "0", "0", "2440"],
        ["till", "2", "X", "EUR", "1", "1", "500", "30", "20", "0", "0", "0", "0", "0", "470"],
      ])
    #expect(sections["differences"] == [])
    #expect(sections["terminal_differences"] == nil)
    // When it was opened, and when it was closed; nobody knows when the first was opened.
    let close = rfc3339(shop.clock.nowMilliseconds())
    #expect(sections["rows"]!.map { Array($0[3...4]) } == [["", close], [close, ""]])
    // After the close it is the second that runs, and no other is told.
    let after = try self.sections(of: shop, from: "2027-03-28")
    #expect(after["rows"]! == [sections["rows"]![1]] && after["differences"] == [])
  }

  @Test func noNumberIsMissingWhereNothingWasSold() async throws {
    let shop = try await shop()
    let till = ActorID(2)
    for _ in 0..<2 {
      guard case .shift = await shop.ask(.closeShift(shop.id()), as: till) else { throw Unexpected(what: "close") }
    }
    let rows = try sections(of: shop)["rows"]!
    #expect(rows.map { Array($0[1...2]) } == [["1", "Z"], ["2", "Z"], ["3", "Z"]])
    #expect(rows[2][5...] == ["", "0", "0", "", "", "", "0", "0", "", "0", "", ""])
  }

  @Test func overAHistoryEachCloseIsWhatWasPosted() async throws {
    var history = try await History(seed: Seed.value, startingAt: StockReportTests.start)
    try await history.go(300)
    let writer = RowsWriter()
    let request = try ReportRequest(.shifts, try days("2027-01-01", "2029-01-01"))
    let run = ReportRun(request, of: try JournalView(of: history.shop.directory), to: writer)
    try run.run()
    #expect(writer.sections["differences"] == [], "seed \(Seed.value)")
    #expect(writer.sections["rows"]!.count { $0[2] == "Z" } > 3, "seed \(Seed.value)")
  }

  @Test func whatWasRecordedAndNotPostedIsADifference() async throws {
    let shop = try await shop()
    let view = try JournalView(of: shop.directory)
    let writer = RowsWriter()
    var (report, books) = (
      ShiftReport(try ReportRequest(.shifts, try days("2027-03-01", "2027-04-01")), writer), Bookkeeper(view)
    )
    try report.begin()
    var events = try view.readAhead()
    while try events.next() {
      let event = try books.fold(
        events.event, sequence: events.sequence, timeMilliseconds: events.timeMilliseconds, wantsPostings: true)
      // The first sale is kept from it.
      for posting in books.postings where posting.cards != 3 { report.add(posting, on: .never, books.books) }
      if let event { try report.see(event, isInPeriod: true, books.books) }
    }
    try report.end(books.books, lastMilliseconds: 0)
    #expect(
      writer.sections["differences"] == [
        ["till", "1", "EUR", "sales", "3", "2", "", ""], ["till", "1", "EUR", "cards", "7", "4", "", ""],
        ["till", "1", "EUR", "gross", "", "", "3500", "2000"], ["till", "1", "EUR", "discount", "", "", "90", "60"],
        ["till", "1", "EUR", "tax", "", "", "40", "20"],
      ])
  }

  @Test func ofOneCurrencyTheyAreWhatTheyAreOfAll() async throws {
    let shop = try await shop()
    func rows(_ currency: String) throws -> [[String]] {
      var request = try ReportRequest(.shifts, try days("2027-03-27", "2027-03-28"), currency: Currency(currency)!)
      request.terminalShifts = try TerminalShift.read(Array("{\"actor\":\"till\",\"number\":1,\"totals\":[]}".utf8))
      let writer = RowsWriter()
      let run = ReportRun(request, of: try JournalView(of: shop.directory), to: writer)
      try run.run()
      #expect(writer.sections["differences"] == [])
      return writer.sections["rows"]! + writer.sections["terminal_differences"]!
    }
    #expect(try rows("USD") == [])
    #expect(
      try rows("EUR").map { Array($0[0...2]) }.filter { $0[2] != "EUR" } == [["till", "1", "Z"], ["till", "2", "X"]])
    #expect(throws: ReportError.notOfOneProduct(.shifts)) {
      try ReportRequest(.shifts, try days("2027-03-27", "2027-03-28"), product: "A")
    }
  }

  @Test func eachDifferenceToATerminalIsListed() async throws {
    let shop = try await shop()
    let agreed = """
      {"actor":"till","number":1,"totals":[{"currency":"EUR","sales":3,"gross_minor":3500,"reversed_cards":2}]}

      {"actor":"till","number":2,"totals":[{"currency":"EUR","cards":1}]}
      """
    #expect(try sections(of: shop, agreed)["terminal_differences"] == [])
    let disputed = """
      {"actor":"till","number":1,"totals":[{"currency":"EUR","sales":4,"cards":7,"gross_minor":3000},{"currency":"USD","sales":1}]}
      {"actor":"till","number":2,"totals":[]}
      {"actor":"till","number":3,"totals":[]}
      {"actor":"other","number":1,"totals":[]}
      """
    let rows = try #require(try sections(of: shop, disputed)["terminal_differences"])
    #expect(
      rows == [
        ["till", "1", "EUR", "sales", "4", "3", "", ""], ["till", "1", "EUR", "gross", "", "", "3000", "3500"],
        ["till", "1", "USD", "sales", "1", "0", "", ""],
        ["till", "2", "EUR", "sales", "0", "1", "", ""], ["till", "2", "EUR", "cards", "0", "1", "", ""],
        ["till", "2", "EUR", "gross", "", "", "0", "500"], ["till", "2", "EUR", "discount", "", "", "0", "30"],
        ["till", "2", "EUR", "tax", "", "", "0", "20"],
        ["other", "1", "", "no such shift in the period", "", "", "", ""],
        ["till", "3", "", "no such shift in the period", "", "", "", ""],
      ])
  }

  @Test(arguments: [
    "{", "{\"actor\":\"a\"}", "{\"actor\":\"a\",\"number\":-1,\"totals\":[]}",
    "{\"actor\":\"a\",\"number\":1,\"totals\":[{\"sales\":1}]}",
    "{\"actor\":\"a\",\"number\":1,\"totals\":[{\"currency\":\"eur\"}]}",
    "{\"actor\":\"a\",\"number\":1,\"totals\":[{\"currency\":\"EUR\",\"sold\":1}]}",
    "{\"actor\":\"a\",\"number\":1,\"totals\":[{\"currency\":\"EUR\",\"sales\":1.5}]}",
    "{\"actor\":\"a\",\"number\":1,\"totals\":[{\"currency\":\"EUR\",\"sales\":1}]}",
  ]) func whatIsNoTerminalShiftIsRefused(_ line: String) {
    let good = "{\"actor\":\"a\",\"number\":1,\"totals\":[]}\n"
    #expect(throws: ReportError.notATerminalShift(line: 2)) { try TerminalShift.read(Array((good + line).utf8)) }
  }

  @Test func aReportThatSaysWhatTerminalsCountedIsNotProved() async throws {
    let shop = try await shop()
    var request = try ReportRequest(.shifts, try days("2027-03-27", "2027-03-28"))
    request.terminalShifts = []
    var bytes: [UInt8] = []
    let view = try JournalView(of: shop.directory)
    let run = ReportRun(request, of: view, to: JSONWriter(TextSink { bytes += $0 }))
    try run.run()
    #expect(throws: ReportError.notOfTheJournalAlone) { try ReportCheck.check(Data(bytes), against: view) }
  }
}
