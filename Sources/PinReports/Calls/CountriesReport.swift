import PinWords

/// Who calls which country, whether marketing mail may reach them, and what they have bought up to the period's end.
///
/// It is told customer by customer, so that it needs no more memory for many of them; then each country with its callers.
package struct CountriesReport {
  package struct Client: Sendable {
    package var id: RequestID
    package var name: String
    package var email: String
    package var consents: Bool
    package var calls: [CalledCountry]
    /// What was bought in each currency.
    package var purchases: [Purchases]

    package init(
      id: RequestID, name: String, email: String, consents: Bool, calls: [CalledCountry], purchases: [Purchases]
    ) {
      (self.id, self.name, self.email, self.consents) = (id, name, email, consents)
      (self.calls, self.purchases) = (calls, purchases)
    }
  }

  package struct Purchases: Hashable, Sendable {
    package var currency: Currency
    package var orders = 0
    /// What was paid and not credited, minor units.
    package var spendMinor: Int128 = 0
    package var lastMilliseconds: UInt64 = 0

    package init(in currency: Currency) { self.currency = currency }

    package mutating func add(spendMinor: Int128, atMilliseconds time: UInt64) {
      orders += 1
      self.spendMinor += spendMinor
      lastMilliseconds = max(lastMilliseconds, time)
    }
  }

  private let request: ReportRequest
  private let writer: any ReportWriter
  private var callers: [String: (all: Int, consenting: Int)] = [:]

  private static let columns = [
    Column("country", "Country"), Column("client", "Client"), Column("name", "Name"), Column("email", "E-mail"),
    Column("consents", "Consents"), Column("known_from", "Known from"), Column("last_purchase", "Last purchase", .day),
    Column("orders", "Orders", .number), Column("currency", "Currency"), Column("spend", "Spend", .money),
  ]

  package init(_ request: ReportRequest, _ writer: any ReportWriter) {
    self.request = request
    self.writer = writer
  }

  package func begin() throws {
    try writer.begin(Heading(request))
    try writer.begin(Section("rows", "Clients", Self.columns))
  }

  /// A row for each country that is asked for and each currency that the client has bought in.
  package mutating func add(_ client: Client) throws {
    if request.calls.isOfConsenting, !client.consents { return }
    let purchases = client.purchases.filter { request.currency == nil || $0.currency == request.currency }
      .sorted { $0.currency.code < $1.currency.code }
    for call in client.calls.sorted(by: { $0.country < $1.country })
    where request.calls.to == nil || call.country == request.calls.to {
      callers[call.country, default: (0, 0)].all += 1
      callers[call.country]!.consenting += client.consents ? 1 : 0
      let head: [Cell] = [
        .text(call.country), .text(client.id.description), .text(client.name), .text(client.email),
        .text(client.consents ? "yes" : "no"), .text(call.knownFrom.rawValue),
      ]
      if purchases.isEmpty { try writer.add(head + [.none, .number(0), .none, .none]) }
      for bought in purchases {
        try writer.add(
          head + [
            .day(request.days.calendar.day(at: bought.lastMilliseconds)), .number(bought.orders),
            .text(bought.currency.description), .money(bought.spendMinor, bought.currency),
          ])
      }
    }
  }

  package func end(_ provenance: Provenance) throws {
    try writer.endSection()
    let columns = [
      Column("country", "Country"), Column("callers", "Callers", .number), Column("consenting", "Consenting", .number),
    ]
    let chart = Chart(.bars, "Customers who call", label: "country", value: "callers")
    try writer.begin(Section("countries", "Countries", columns, charts: [chart]))
    for (country, count) in callers.sorted(by: { (-$0.value.all, $0.key) < (-$1.value.all, $1.key) }) {
      try writer.add([.text(country), .number(count.all), .number(count.consenting)])
    }
    try writer.endSection()
    try writer.end(provenance)
  }
}
