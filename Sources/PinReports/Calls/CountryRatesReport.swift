import PinWords

/// Which cards are the best for calls to the countries that most customers call.
///
/// A rate counts if it is the latest that holds on the period's last day. Cards of one currency are compared with each other,
/// for calls from one country to telephones of one kind; frozen products are left out. A country that customers call and no
/// card reaches is told, too.
package struct CountryRatesReport {
  /// A product, and what calls cost with it.
  package struct RatedProduct: Sendable {
    package var product: Product
    package var rates: [CountryRate]

    package init(_ product: Product, _ rates: [CountryRate]) {
      self.product = product
      self.rates = rates
    }
  }

  private let request: ReportRequest
  private let question: CallQuestion
  /// By origin, kind of telephone and currency, for each destination.
  private var groups: [String: [Group: [Ranked]]] = [:]

  private struct Group: Hashable, Comparable {
    var from: String
    var isMobile: Bool
    var currency: Currency

    static func < (left: Self, right: Self) -> Bool {
      (left.from, left.isMobile ? 1 : 0, left.currency.code) < (right.from, right.isMobile ? 1 : 0, right.currency.code)
    }
  }

  private struct Ranked {
    var product: Product
    var rate: CountryRate
    var cost: CallCost
  }

  private static let columns = [
    Column("country", "Country"), Column("callers", "Callers", .number), Column("from_country", "From"),
    Column("line", "Line"), Column("rank", "Rank", .number), Column("product", "Product"),
    Column("product_name", "Name"), Column("currency", "Currency"), Column("amount", "Amount", .money),
    Column("call_cost", "A call", .rate), Column("maintenance", "Maintenance", .money),
    Column("calls", "Calls", .number), Column("minutes", "Minutes", .percent),
    Column("minute_cost", "A minute", .rate), Column("valid_from", "Since", .day),
  ]

  package init(_ request: ReportRequest, _ products: [RatedProduct]) {
    self.request = request
    question = request.calls
    let day = Day(daysSince1970: request.days.period.to.daysSince1970 - 1)
    for rated in products where request.includes(rated.product) && !rated.product.isFrozen {
      for rate in Self.rates(rated.rates, on: day) where asksFor(rate) {
        let amount = question.amountMinor ?? rated.product.faceValueMinor
        let cost = CallCost(rate, callSeconds: question.callSeconds, amountMinor: amount)
        let group = Group(from: rate.from, isMobile: rate.isMobile, currency: rated.product.currency)
        groups[rate.to, default: [:]][group, default: []].append(
          Ranked(product: rated.product, rate: rate, cost: cost))
      }
    }
  }

  /// Of each call the latest rate that holds on a day.
  private static func rates(_ rates: [CountryRate], on day: Day) -> [CountryRate] {
    var latest: [String: CountryRate] = [:]
    for rate in rates where rate.validFrom <= day {
      let call = "\(rate.from)\(rate.to)\(rate.isMobile)"
      if let known = latest[call], known.validFrom > rate.validFrom { continue }
      latest[call] = rate
    }
    return Array(latest.values)
  }

  private func asksFor(_ rate: CountryRate) -> Bool {
    (question.from.map { $0 == rate.from } ?? true) && (question.to.map { $0 == rate.to } ?? true)
      && (question.isMobile.map { $0 == rate.isMobile } ?? true)
  }

  /// Writes the report; `callers` are how many customers call each country.
  package func write(callers: [String: Int], _ provenance: Provenance, to writer: any ReportWriter) throws {
    try writer.begin(Heading(request))
    let chart = Chart(.bars, "Customers who call", label: "country", value: "callers", isOncePerLabel: true)
    try writer.begin(Section("rows", "The best cards for a call of \(length)", Self.columns, charts: [chart]))
    let wanted = Set(groups.keys).union(callers.keys).filter { question.to == nil || $0 == question.to }
    let countries = wanted.sorted { (-(callers[$0] ?? 0), $0) < (-(callers[$1] ?? 0), $1) }
    for country in countries.prefix(CallQuestion.mostCountries) {
      let head: [Cell] = [.text(country), .number(callers[country] ?? 0)]
      guard let groups = groups[country] else {
        try writer.add(head + Array(repeating: .none, count: Self.columns.count - 2))
        continue
      }
      for (group, ranked) in groups.sorted(by: { $0.key < $1.key }) {
        let best = ranked.sorted { $0.cost < $1.cost || (!($1.cost < $0.cost) && $0.product.id < $1.product.id) }
        for (index, card) in best.prefix(CallQuestion.mostCards).enumerated() {
          try writer.add(head + cells(card, group, rank: index + 1))
        }
      }
    }
    try writer.endSection()
    try writer.end(provenance)
  }

  private func cells(_ card: Ranked, _ group: Group, rank: Int) -> [Cell] {
    let currency = card.product.currency
    func rate(_ thousandths: UInt64?) -> Cell { thousandths.map { .rate($0, currency) } ?? .none }
    return [
      .text(group.from), .text(group.isMobile ? "mobile" : "fixed"), .number(rank), .text(card.product.sku),
      .text(card.product.name), .text(currency.description),
      .money(Int128(question.amountMinor ?? card.product.faceValueMinor), currency), rate(card.cost.callThousandths),
      .money(Int128(card.rate.maintenanceMinor), currency), card.cost.calls.map { .number(Int($0)) } ?? .none,
      card.cost.minutesHundredths.map { .percent(Int($0)) } ?? .none, rate(card.cost.minuteThousandths),
      .day(card.rate.validFrom),
    ]
  }

  private var length: String {
    let (minutes, seconds) = question.callSeconds.quotientAndRemainder(dividingBy: 60)
    let parts = [minutes > 0 ? "\(minutes) min" : nil, seconds > 0 ? "\(seconds) s" : nil]
    return parts.compactMap(\.self).joined(separator: " ")
  }
}
