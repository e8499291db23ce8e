import PinStore
import PinWords

@testable import PinEngine
@testable import PinReports

/// A small shop over three days of March 2027 in Berlin, always the same: what the golden files and `docs/reports.md` show.
struct Sample: Sendable {
  let shop: Shop
  let view: JournalView

  /// Made once for all tests.
  private static let made = Task {
    let teller = Teller(shop: try Shop(atMilliseconds: start))
    try await teller.tell()
    return Sample(shop: teller.shop, view: try JournalView(of: teller.shop.directory))
  }
  static var shared: Sample { get async throws { try await made.value } }

  static let days = Result { () throws(ReportError) in
    let period = try ReportPeriod("2027-03", today: Day(year: 2027, month: 4, day: 1)!)
    return try PeriodDays(period, try BusinessCalendar(zone: "Europe/Berlin", dayStarts: "04:00"))
  }

  func make(_ request: ReportRequest, to writer: any ReportWriter) throws {
    let provenance = Provenance(
      storeID: view.storeID.description, firstSequence: 1, lastSequence: view.head.sequence,
      chain: view.head.chain.description, lastMilliseconds: view.head.timeMilliseconds)
    switch request.kind {
    case .countryRates:
      let callers = ["IN": 3, "MX": 1, "PH": 2]
      try CountryRatesReport(request, Self.rated).write(callers: callers, provenance, to: writer)
    case .countries:
      var report = CountriesReport(request, writer)
      try report.begin()
      for client in Self.clients { try report.add(client) }
      try report.end(provenance)
    default:
      let run = ReportRun(request, of: view, to: writer)
      try run.run()
    }
  }

  /// The test vectors of calls: the best card depends on how long one takes.
  private static let rated: [CountryRatesReport.RatedProduct] = {
    func card(_ number: UInt32, _ sku: String, _ rates: [CountryRate]) -> CountryRatesReport.RatedProduct {
      .init(
        Product(
          id: ProductID(number), sku: sku, name: "World Call", vendor: "ACME", currency: Currency("USD")!,
          faceValueMinor: 1000, priceMinor: 950), rates)
    }
    func rate(
      to country: String, _ perMinute: UInt64, by seconds: UInt16, connection: UInt64 = 0, maintenance: UInt64 = 0
    ) -> CountryRate {
      CountryRate(
        from: "US", to: country, isMobile: false, perMinuteThousandths: perMinute, connectionMinor: connection,
        roundingSeconds: seconds, maintenanceMinor: maintenance, validFrom: Day(year: 2027, month: 1, day: 1)!)
    }
    return [
      card(1, "SECOND", [rate(to: "IN", 29_000, by: 1), rate(to: "MX", 1900, by: 1)]),
      card(2, "MINUTE", [rate(to: "IN", 25_000, by: 60, maintenance: 99)]),
      card(3, "THREE", [rate(to: "IN", 20_000, by: 180, connection: 10)]),
    ]
  }()

  private static let clients: [CountriesReport.Client] = {
    var (dollars, euros) = (
      CountriesReport.Purchases(in: Currency("USD")!), CountriesReport.Purchases(in: Currency("EUR")!)
    )
    dollars.add(spendMinor: 1900, atMilliseconds: start)
    dollars.add(spendMinor: 950, atMilliseconds: start + 86_400_000)
    euros.add(spendMinor: 505, atMilliseconds: start)
    return [
      .init(
        id: RequestID(high: 7, low: 1), name: "Ada Größe", email: "ada@example.com", consents: true,
        calls: [
          CalledCountry(country: "PH", knownFrom: .checkout), CalledCountry(country: "IN", knownFrom: .registration),
        ], purchases: [dollars, euros]),
      .init(
        id: RequestID(high: 7, low: 2), name: "=2+3", email: "bob@example.com", consents: false,
        calls: [CalledCountry(country: "IN", knownFrom: .import)], purchases: []),
    ]
  }()

  /// 26 March 2027, 09:00 in Berlin.
  private static let start: UInt64 = 1_806_048_000_000
}

private struct Teller {
  let shop: Shop

  func tell() async throws {
    let till = try await shop.actor("till-1", .terminal)
    let store = try await shop.actor("shop", .storefront)
    let clerk = try await shop.actor("clerk", .clerk)
    let ten = try await shop.product("USD-10", name: "World Call, 10 dollars", in: "USD", face: 1000, price: 950)
    let five = try await shop.product("EUR-5", name: "=HYPERLINK(\"x\") & <b>", in: "EUR", face: 500, price: 505)
    _ = try await shop.stock(ten, 40, unitCost: 800, prefix: "W")
    _ = try await shop.stock(five, 30, loading: 25, unitCost: 430, prefix: "E")
    let first = try await vend(Line(product: ten, count: 2, discountMinor: 99, taxMinor: 50), cashier: 7, till)
    _ = try await vend(Line(product: five, count: 1), cashier: 8, till)
    hours(20)
    // After midnight, and still the same business day; a hold that was sold, and one that was not.
    let cart = shop.id()
    let lines = [Line(product: ten, count: 5, taxMinor: 120), Line(product: five, count: 3, discountMinor: 100)]
    try await done(.reserve(Reserve(id: cart, holdSeconds: 7200, sale: Sale(tender: .card), lines: lines)), store)
    try await done(
      .reserve(Reserve(id: shop.id(), holdSeconds: 60, lines: [Line(product: ten, count: 9)])), store)
    try await done(.dispense(cart), store)
    hours(10)
    let lost = try await vend(Line(product: ten, count: 1), cashier: 7, till)
    try await done(.reverse(lost), till)
    hours(20)
    // On the next day, across the hour that the clocks leave out.
    try await done(.return(Return(id: shop.id(), reservation: first)), clerk)
    try await done(.settle(Settle(id: shop.id(), reservation: lost, reason: "the customer had it")), shop.administrator)
    let torn = StockChange(id: shop.id(), extents: [Extent(first: CardID(40), count: 1)], reason: "torn")
    try await done(.withdraw(torn), shop.administrator)
  }

  private func hours(_ hours: UInt64) { shop.clock.advance(milliseconds: hours * 3_600_000) }

  private func vend(_ line: Line, cashier: UInt32, _ actor: ActorID) async throws -> RequestID {
    let id = shop.id()
    try await done(.vend(Vend(id: id, sale: Sale(cashier: cashier, tender: .cash), line: line)), actor)
    return id
  }

  private func done(_ command: Command, _ actor: ActorID) async throws {
    if case .refused(let refusal) = await shop.ask(command, as: actor) { throw Unexpected(what: "\(refusal)") }
  }
}
