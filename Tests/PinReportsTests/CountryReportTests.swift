import PinWords
import TestSupport
import Testing

@testable import PinReports

/// Which card is the best for a call, and who calls where.
@Suite struct CountryReportTests {
  private static let usd = Currency("USD")!

  private static func rate(
    _ perMinute: UInt64, by seconds: UInt16, connection: UInt64 = 0, maintenance: UInt64 = 0, from: String = "US",
    to: String = "IN", isMobile: Bool = false, since day: Int = 1
  ) -> CountryRate {
    CountryRate(
      from: from, to: to, isMobile: isMobile, perMinuteThousandths: perMinute, connectionMinor: connection,
      roundingSeconds: seconds, maintenanceMinor: maintenance, validFrom: Day(year: 2027, month: 3, day: day)!)
  }

  private static func card(
    _ number: UInt32, _ rates: [CountryRate], currency: String = "USD", isFrozen: Bool = false
  ) -> CountryRatesReport.RatedProduct {
    var product = Product(
      id: ProductID(number), sku: "C\(number)", name: "C", vendor: "V", currency: Currency(currency)!,
      faceValueMinor: 1000, priceMinor: 900)
    product.isFrozen = isFrozen
    return CountryRatesReport.RatedProduct(product, rates)
  }

  /// The rows without what is the same in all: country, callers, from, line, rank, product, currency, a call, calls, a minute.
  private func rows(
    _ cards: [CountryRatesReport.RatedProduct], callers: [String: Int] = ["IN": 1], currency: Currency? = nil,
    _ change: (inout CallQuestion) -> Void = { _ in }
  ) throws -> [[String]] {
    let period = try ReportPeriod("2027-03-15", today: Day(year: 2027, month: 3, day: 15)!)
    var request = try ReportRequest(
      .countryRates, try PeriodDays(period, try BusinessCalendar(zone: "UTC")), currency: currency)
    change(&request.calls)
    try request.calls.confirmSound(currency)
    let writer = RowsWriter()
    let provenance = Provenance(
      storeID: "", firstSequence: 1, lastSequence: 1, chain: "", lastMilliseconds: 0)
    try CountryRatesReport(request, cards).write(callers: callers, provenance, to: writer)
    return writer.sections["rows"]!.map { row in [0, 1, 2, 3, 4, 5, 7, 9, 11, 13].map { row[$0] } }
  }

  @Test(
    arguments: [
      (30, [14_500, 25_000, 60_000], [1, 2, 3]), (420, [203_000, 175_000, 180_000], [2, 3, 1]),
    ] as [(UInt32, [UInt64], [Int])]) func theBestCardDependsOnTheCall(
      _ seconds: UInt32, _ costs: [UInt64], _ order: [Int]
    ) throws
  {
    let rates = [Self.rate(29_000, by: 1), Self.rate(25_000, by: 60), Self.rate(20_000, by: 180)]
    for (rate, cost) in zip(rates, costs) {
      #expect(CallCost(rate, callSeconds: seconds, amountMinor: 1000).callThousandths == cost)
    }
    let cards = rates.enumerated().map { Self.card(UInt32($0.offset) + 1, [$0.element]) }
    let rows = try rows(cards.reversed()) { $0.callSeconds = seconds }
    #expect(rows.map { $0[5] } == order.map { "C\($0)" } && rows.map { $0[4] } == ["1", "2", "3"])
    #expect(rows.map { $0[7] } == order.map { "\(costs[$0 - 1])" })
  }

  @Test func feesAreInWhatAMinuteComesTo() {
    // 10.00 less 0.99 buys 36 calls of 25 cents each, 30 seconds long: 18 minutes for 9.99.
    let fee = CallCost(Self.rate(25_000, by: 60, maintenance: 99), callSeconds: 30, amountMinor: 1000)
    #expect(fee.calls == 36 && fee.minutesHundredths == 1800 && fee.minuteThousandths == 55_500)
    let connected = CallCost(Self.rate(25_000, by: 60, connection: 7), callSeconds: 61, amountMinor: 1000)
    #expect(connected.callThousandths == 57_000 && connected.calls == 17)
    #expect(connected.minutesHundredths == 1728)
    // A part of a thousandth is a whole one: 1 s at 1 cent a minute.
    #expect(CallCost(Self.rate(1000, by: 1), callSeconds: 1, amountMinor: 1).callThousandths == 17)
    let none = CallCost(Self.rate(25_000, by: 60, maintenance: 1001), callSeconds: 30, amountMinor: 1000)
    #expect(none.calls == 0 && none.minuteThousandths == nil)
    #expect(CallCost(Self.rate(25_000, by: 60), callSeconds: 60, amountMinor: 24).calls == 0)
    let free = CallCost(Self.rate(0, by: 60), callSeconds: 60, amountMinor: 24)
    #expect(free.calls == nil && free.minutesHundredths == nil && free.minuteThousandths == 0)
    let most: UInt64 = 1 << 40
    let largest = CallCost(
      Self.rate(most, by: 3600, connection: most, maintenance: most), callSeconds: 86_400, amountMinor: most)
    #expect(largest.calls == 0)
    let cheapest = CallCost(Self.rate(1, by: 1, maintenance: 0), callSeconds: 86_400, amountMinor: most)
    #expect(cheapest.calls == most * 1000 / 1440)
  }

  @Test func costsAreThoseOfCallingUntilTheMoneyIsGone() {
    var generator = SeededGenerator(seed: Seed.value)
    for _ in 0..<300 {
      func number(_ most: UInt64) -> UInt64 { UInt64.random(in: 0...most, using: &generator) }
      let (perMinute, step, connection, maintenance) = (number(60_000), number(179) + 1, number(50), number(300))
      let (seconds, amount) = (number(899) + 1, number(3000))
      let rate = Self.rate(perMinute, by: UInt16(step), connection: connection, maintenance: maintenance)
      let cost = CallCost(rate, callSeconds: UInt32(seconds), amountMinor: amount)
      // The clock runs; each step that is begun is paid.
      var (paidSeconds, sixtieths) = (UInt64(0), UInt64(0))
      for second in 0..<seconds where second == paidSeconds {
        paidSeconds += step
        sixtieths += step * perMinute
      }
      let call = connection * 1000 + sixtieths / 60 + (sixtieths % 60 > 0 ? 1 : 0)
      var (left, calls) = (Int(amount * 1000) - Int(maintenance * 1000), UInt64(0))
      while call > 0, left >= Int(call) { (left, calls) = (left - Int(call), calls + 1) }
      let told = "seed \(Seed.value): \(rate) for \(seconds) s and \(amount)"
      #expect(cost.callThousandths == call, "\(told)")
      if call > 0 || amount < maintenance { #expect(cost.calls == calls, "\(told)") }
      guard calls > 0, let minute = cost.minuteThousandths else { continue }
      // The least whole number at which so many minutes cost no less than what was spent.
      let (spent, talked) = (Int(amount * 1000) - left, Int(calls * seconds))
      #expect(Int(minute) * talked >= spent * 60 && (Int(minute) - 1) * talked < spent * 60, "\(told)")
    }
  }

  @Test func aRateCountsFromItsDayOnUntilTheNext() throws {
    let card = Self.card(
      1,
      [
        Self.rate(30_000, by: 60, since: 14), Self.rate(50_000, by: 60, since: 1), Self.rate(20_000, by: 60, since: 15),
        Self.rate(10_000, by: 60, since: 16), Self.rate(9000, by: 60, isMobile: true, since: 16),
      ])
    #expect(try rows([card]).map { $0[7] } == ["100000"])
  }

  @Test func originsLinesAndCurrenciesAreApart() throws {
    let cards = [
      Self.card(1, [Self.rate(30_000, by: 60), Self.rate(20_000, by: 60, from: "DE")]),
      Self.card(2, [Self.rate(40_000, by: 60), Self.rate(50_000, by: 60, isMobile: true)]),
      Self.card(3, [Self.rate(10_000, by: 60)], currency: "EUR"), Self.card(4, [Self.rate(1, by: 60)], isFrozen: true),
      Self.card(5, [Self.rate(30_000, by: 60), Self.rate(99_000, by: 60, to: "MX")]),
    ]
    let callers = ["IN": 4, "PH": 9, "ZZ": 4]
    let all = try rows(cards, callers: callers)
    // The most called first; one that no card reaches is told.
    #expect(
      all.map { Array($0[0...6]) } == [
        ["PH", "9", "", "", "", "", ""], ["IN", "4", "DE", "fixed", "1", "C1", "USD"],
        ["IN", "4", "US", "fixed", "1", "C3", "EUR"], ["IN", "4", "US", "fixed", "1", "C1", "USD"],
        ["IN", "4", "US", "fixed", "2", "C5", "USD"], ["IN", "4", "US", "fixed", "3", "C2", "USD"],
        ["IN", "4", "US", "mobile", "1", "C2", "USD"], ["ZZ", "4", "", "", "", "", ""],
        ["MX", "0", "US", "fixed", "1", "C5", "USD"],
      ])
    func products(_ change: (inout CallQuestion) -> Void) throws -> [String] {
      try rows(cards, callers: callers, change).map { $0[5] }
    }
    #expect(try products { ($0.to, $0.from) = ("IN", "DE") } == ["C1"])
    #expect(try products { ($0.to, $0.isMobile) = ("IN", true) } == ["C2"])
    #expect(try products { $0.to = "MX" } == ["C5"])
    #expect(try rows(cards, callers: callers, currency: Currency("EUR")).map { $0[5] } == ["", "C3", ""])
    // What the amount buys, and no more cards or countries than are asked for.
    #expect(try rows(cards, currency: Self.usd) { ($0.to, $0.amountMinor) = ("MX", 1980) }.map { $0[8] } == ["4"])
    let many = (1...9).map { Self.card(UInt32($0), [Self.rate(UInt64(10_000 - $0), by: 60)]) }
    #expect(try rows(many).map { $0[5] } == ["C9", "C8", "C7", "C6", "C5"])
    let letters = "ABCDEFGHIJ".map { String($0) }
    let codes = letters.flatMap { first in letters.map { first + $0 } }
    let countries = Dictionary(uniqueKeysWithValues: codes.map { ($0, 1) })
    #expect(try rows([], callers: countries).count == CallQuestion.mostCountries)
  }

  @Test func callsThatCannotBeSoAreRefused() throws {
    let cases: [(name: String, change: (inout CallQuestion) -> Void)] = [
      ("length", { $0.callSeconds = 0 }), ("length", { $0.callSeconds = 86_401 }), ("origin", { $0.from = "usa" }),
      ("country", { $0.to = "U" }), ("amount", { $0.amountMinor = 5 }),
    ]
    for (name, change) in cases {
      #expect(throws: ReportError.notACall(name)) { try rows([], change) }
    }
    #expect(throws: ReportError.notACall("amount")) { try rows([], currency: Self.usd) { $0.amountMinor = 0 } }
  }
}
