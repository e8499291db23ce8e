import Foundation
import PinStore
import PinWords
import Testing

@testable import PinEngine
@testable import PinReports

/// Cards available, purchases and the control row, case by case.
@Suite struct StockReportTests {
  @Test func ofManySerialsTheFirstAreTold() throws {
    let lookup = SerialLookup { extents, limit in
      Array(extents.flatMap { $0.first.rawValue..<$0.end.rawValue }.prefix(limit).map { "S\($0)" })
    }
    func extent(_ first: UInt64, _ count: UInt32) -> Extent { Extent(first: CardID(first), count: count) }
    #expect(try lookup.text(of: Few([extent(3, 2), extent(9, 1)])) == .text("S3 S4 S9"))
    guard case .text(let many) = try lookup.text(of: Few(extent(1, 1007))) else { throw Unexpected(what: "no text") }
    #expect(many.hasPrefix("S1 S2 ") && many.hasSuffix(" S1000 and 7 more"))
    #expect(try lookup.range(of: extent(5, 1)) == .text("S5"))
    #expect(try lookup.range(of: extent(5, 9)) == .text("S5 to S13"))
  }

  /// 26 March 2027, 08:00 UTC.
  static let start: UInt64 = 1_806_048_000_000

  private func sections(
    _ kind: ReportKind, of shop: Shop, _ from: String, _ to: String, product: String? = nil, currency: String? = nil
  ) throws -> [String: [[String]]] {
    let period = try ReportPeriod(from: Day(calendarText: from)!, to: Day(calendarText: to)!)
    let request = try ReportRequest(
      kind, try PeriodDays(period, try BusinessCalendar(zone: "UTC")), product: product,
      currency: currency.flatMap { Currency($0) })
    let writer = RowsWriter()
    let run = ReportRun(request, of: try JournalView(of: shop.directory), to: writer)
    try run.run()
    return writer.sections
  }

  private func done(_ command: Command, of shop: Shop, as actor: ActorID) async throws {
    if case .refused(let refusal) = await shop.ask(command, as: actor) { throw Unexpected(what: "\(refusal)") }
  }

  @Test func cardsThatExpireSoonAreNoCover() async throws {
    let shop = try Shop(atMilliseconds: Self.start)
    let till = try await shop.actor("till", [.terminal, .clerk])
    let product = try await shop.product("A", name: "A", in: "EUR", face: 500, price: 500, threshold: 50)
    let other = try await shop.product("B", name: "B", in: "EUR", face: 500, price: 500)
    try await shop.stock(product, 40, unitCost: 400, prefix: "A")
    try await shop.stock(product, 30, unitCost: 400, prefix: "S", expiry: Day(calendarText: "2027-04-20")!)
    try await shop.stock(other, 100, unitCost: 400, prefix: "B")
    // The ten that expire first are sold; two come back used, and one of them is sold once more.
    let sale = shop.id()
    let vend = Vend(id: sale, line: Line(product: product, count: 10))
    guard case .delivery(let sold) = await shop.ask(.vend(vend), as: till) else { throw Unexpected(what: "vend") }
    let back = [Extent(first: sold.slices[0].extent.first, count: 2)]
    try await done(.return(Return(id: shop.id(), reservation: sale, extents: back)), of: shop, as: till)
    let used = Line(product: product, count: 1, condition: .used)
    try await done(.vend(Vend(id: shop.id(), line: used)), of: shop, as: till)
    try await done(.vend(Vend(id: shop.id(), line: Line(product: other, count: 50))), of: shop, as: till)
    shop.clock.advance(milliseconds: 86_400_000)
    // A hold that is given up, and one that stays.
    let (given, held) = (shop.id(), shop.id())
    for id in [given, held] {
      let lines = [Line(product: product, count: 3)]
      try await done(.reserve(Reserve(id: id, holdSeconds: 3600, lines: lines)), of: shop, as: till)
    }
    try await done(.release(given), of: shop, as: till)

    let rows = try sections(.cardsAvailable, of: shop, "2027-03-26", "2027-03-28")["rows"]!
    // Regular: 40 and 30, less 10 sold and 3 held. Expiring: 30 less those. In two days 10 − 2 + 1 are sold: 4.5 a day.
    // The 40 that last, last 8 days; 30 days take 135.
    #expect(rows[0] == ["A", "A", "ACME", "57", "3", "1", "0", "17", "50", "450", "8", "95", "EUR", "400"])
    #expect(rows[1] == ["B", "B", "ACME", "50", "0", "0", "0", "0", "0", "2500", "2", "700", "EUR", "400"])
    // Without a sale nothing says how long they last, and only the threshold says what to buy.
    let before = try sections(.cardsAvailable, of: shop, "2027-03-27", "2027-03-28")["rows"]!
    #expect(before[0] == ["A", "A", "ACME", "57", "3", "1", "0", "17", "50", "0", "", "10", "EUR", "400"])
  }

  /// Also a day on which nothing but a confirmation happened, which moves no card.
  @Test func salesADayAreOverTheDaysThatTheJournalReachesInto() async throws {
    let shop = try Shop(atMilliseconds: Self.start)
    let till = try await shop.actor("till", .terminal)
    let product = try await shop.product("A", name: "A", in: "EUR", face: 500, price: 500)
    try await shop.stock(product, 100, unitCost: 400, prefix: "A")
    let sale = shop.id()
    try await done(.vend(Vend(id: sale, line: Line(product: product, count: 10))), of: shop, as: till)
    func perDay() throws -> String {
      try sections(.cardsAvailable, of: shop, "2027-03-26", "2027-03-30")["rows"]![0][9]
    }
    #expect(try perDay() == "1000")
    shop.clock.advance(milliseconds: 86_400_000)
    try await done(.confirm(sale), of: shop, as: till)
    #expect(try perDay() == "500")
  }

  @Test func onlyWhatBecameStockInThePeriodIsAPurchase() async throws {
    let shop = try Shop(atMilliseconds: Self.start)
    let product = try await shop.product("A", name: "A", in: "EUR", face: 500, price: 500)
    try await shop.stock(product, 5, unitCost: 400, prefix: "A")
    shop.clock.advance(milliseconds: 86_400_000)
    try await shop.stock(product, 8, loading: 6, unitCost: 401, prefix: "B")
    let order = try await shop.order(product, 6, receiving: PurchaseID(2))
    try await shop.stock(product, 7, unitCost: 402, prefix: "C", isGivenUp: true)
    shop.clock.advance(milliseconds: 86_400_000)
    try await shop.stock(product, 8, unitCost: 403, prefix: "D")
    let sections = try sections(.purchases, of: shop, "2027-03-27", "2027-03-28")
    #expect(sections["rows"]!.map { $0[5] } == ["R-B"])
    #expect(sections["rows"]![0][3] == order.description && Array(sections["rows"]![0][11...13]) == ["8", "6", "2"])
    #expect(sections["totals"] == [["EUR", "6", "2406"]])
    #expect(sections["control"]!.map { Array($0[2...]) } == [["5", "6", "0", "0", "0", "11"]])
  }

  @Test func aReportOfOneProductOrCurrencyHasNoOther() async throws {
    let shop = try Shop(atMilliseconds: Self.start)
    let till = try await shop.actor("till", .terminal)
    for (sku, currency, price) in [("A", "EUR", UInt64(100)), ("B", "EUR", 20), ("C", "USD", 3)] {
      let product = try await shop.product(sku, name: sku, in: currency, face: 500, price: price)
      try await shop.stock(product, 5, unitCost: 1, prefix: sku)
      try await done(.vend(Vend(id: shop.id(), line: Line(product: product, count: 1))), of: shop, as: till)
    }
    func gross(product: String? = nil, currency: String? = nil) throws -> [[String]] {
      let found = try sections(
        .totals, of: shop, "2027-03-26", "2027-03-27", product: product, currency: currency)
      let control = found["control"]!.map { $0[0] }.joined()
      return found["rows"]!.map { [$0[0], $0[4], control] }
    }
    #expect(try gross() == [["EUR", "120", "ABC"], ["USD", "3", "ABC"]])
    #expect(try gross(product: "B") == [["EUR", "20", "B"]])
    #expect(try gross(product: "3") == [["USD", "3", "C"]])
    #expect(try gross(currency: "EUR") == [["EUR", "120", "AB"]])
    #expect(try gross(product: "A", currency: "USD").isEmpty)
    #expect(throws: ReportError.unknownProduct("D")) { try gross(product: "D") }
  }

  @Test func aJournalWithoutItsBeginningMakesNoReport() async throws {
    let shop = try Shop(atMilliseconds: Self.start)
    // More than one segment of names.
    for number in 0..<700 { _ = try await shop.actor("actor-\(number)", .terminal) }
    let copy = NSTemporaryDirectory() + "pinvault-late-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for name in ["format", "journal"] {
      try FileManager.default.copyItem(atPath: "\(shop.directory)/\(name)", toPath: "\(copy)/\(name)")
    }
    try FileManager.default.removeItem(atPath: "\(copy)/journal/00000001.journal")
    let view = try JournalView(of: copy)
    let first = try view.firstSequence
    #expect(first > 1)
    let days = try PeriodDays(
      try ReportPeriod("2027-03", today: Day(calendarText: "2027-04-01")!), try BusinessCalendar(zone: "UTC"))
    let run = ReportRun(try ReportRequest(.totals, days), of: view, to: RowsWriter())
    #expect(throws: ReportError.journalBeginsLate(sequence: first)) { try run.run() }
  }

  @Test func booksThatDoNotBalanceAreNotTold() throws {
    let product = Product(
      id: ProductID(1), sku: "A", name: "A", vendor: "ACME", currency: Currency("EUR")!, faceValueMinor: 1,
      priceMinor: 1)
    let flows: [(WritableKeyPath<StockFlows, Int>, Int)] = [
      (\.received, 1), (\.sold, -1), (\.returned, 1), (\.withdrawn, -1),
    ]
    for (flow, sign) in flows {
      var account = StockAccount()
      account.regular = 10
      account.beginPeriod()
      account.flows[keyPath: flow] = 3
      #expect(throws: ReportError.outOfBalance(product: "A", expected: 10 + 3 * sign, counted: 10)) {
        try StockControl.row(product, account)
      }
      account.reserved = 3 * sign
      #expect(try StockControl.row(product, account).last == .number(10 + 3 * sign))
    }
  }
}
