// Start here. The room is the books: reports as folds over the journal, for a period of business days.
//
//   ReportKind, ReportRequest   which reports there are, and what is asked of one
//   ReportRun                   reads the journal once, from its first event to the period's end
//   ReportCheck                 makes a report again, and compares
//   Periods/                    business days: zones, the start of the day, days of 23 and 25 hours
//   Books/                      the fold: names, costs, where cards are; and the postings that events amount to;
//                               `BooksFolder` keeps it as of the beginning of each segment
//   Sales/, Stock/              what the postings add up to, a report to a file
//   Calls/                      country rates, and who calls which country: of documents, so a server makes them
//   Serving/                    reports beside a server that serves: in pieces, on threads of their own
//   Formats/                    the same rows as a table, CSV, JSON or a page
//
// A report reads the journal's files beside the process that writes them (`JournalView`), and opens no table: so it works
// while the store serves and while it does not, needs no key, and costs the writer nothing but its share of the machine.
// A report on days that are over is made from events that never change: it is the same bytes for ever.

import PinEngine
import PinWords

/// The reports by their names on the command line.
package enum ReportKind: String, CaseIterable, Sendable {
  case dailyDetails = "daily-details"
  case dailyTotals = "daily-totals"
  case totals
  case cardsAvailable = "cards-available"
  case purchases
  case shifts
  case reconciliation
  case countryRates = "country-rates"
  case countries

  package var title: String {
    switch self {
    case .dailyDetails: "Daily sales details"
    case .dailyTotals: "Daily totals"
    case .totals: "Totals for the period"
    case .cardsAvailable: "Cards available"
    case .purchases: "Purchases"
    case .shifts: "Shifts"
    case .reconciliation: "Reconciliation"
    case .countryRates: "Country rates"
    case .countries: "Countries and clients"
    }
  }

  /// What `report list` says of it.
  package var about: String {
    switch self {
    case .dailyDetails: "each line of each sale, return and cancellation, as it happened"
    case .dailyTotals: "a row for each business day and currency"
    case .totals: "a row for each currency"
    case .cardsAvailable: "what is there, how long it lasts at the period's rate of sale, and what to buy"
    case .purchases: "what came in from vendors, a row for each lot"
    case .shifts: "X and Z: what each actor's shifts came to, and what differs from what was recorded"
    case .reconciliation: "all sales by numbers and ids alone: the same bytes for ever"
    case .countryRates: "the best cards for calls to the countries that most customers call"
    case .countries: "who calls which country, has consented to mail, and has bought how much"
    }
  }

  /// What its rows can be made by, besides nothing.
  package var groupings: [Grouping] {
    switch self {
    case .dailyDetails: [.user]
    case .dailyTotals, .totals: [.user, .actor, .product, .tender]
    case .cardsAvailable, .purchases, .shifts, .reconciliation, .countryRates, .countries: []
    }
  }

  /// Whether the journal alone tells it; else it is made by a server, from documents that can be purged.
  package var isOfJournal: Bool { self != .countryRates && self != .countries }

  package init(name: String) throws(ReportError) {
    guard let kind = ReportKind(rawValue: name) else { throw .unknownReport(name) }
    self = kind
  }
}

/// What a report's rows are made by.
package enum Grouping: String, CaseIterable, Sendable {
  /// An actor and its cashier.
  case user
  case actor
  case product
  case tender
}

/// What is asked of a report.
package struct ReportRequest: Sendable {
  package var kind: ReportKind
  package var days: PeriodDays
  package var grouping: Grouping?
  /// Only this product: its SKU or its number.
  package var product: String?
  /// Only this currency.
  package var currency: Currency?
  /// What terminals counted themselves, for the shifts to be compared with.
  package var terminalShifts: [TerminalShift]?
  /// What calls the country reports are about.
  package var calls = CallQuestion()
  /// Looks up the serials of cards, for details and purchases; nil to leave them blank.
  package var serials: SerialLookup?

  package init(
    _ kind: ReportKind, _ days: PeriodDays, by grouping: Grouping? = nil, product: String? = nil,
    currency: Currency? = nil
  ) throws(ReportError) {
    if let grouping, !kind.groupings.contains(grouping) { throw .notGroupedBy(grouping, kind) }
    // A shift's totals are of all its products, and so is what a client has bought.
    if kind == .shifts || kind == .countries, product != nil { throw .notOfOneProduct(kind) }
    self.kind = kind
    self.days = days
    self.grouping = grouping
    self.product = product
    self.currency = currency
  }
}

/// Looks up serials, which no event has: those of at most so many cards, in order.
package struct SerialLookup: Sendable {
  package var find: @Sendable (_ extents: [Extent], _ limit: Int) throws -> [String]

  /// Of one line of a sale; its other serials are in `pinvault show`.
  static let mostPerLine = 1000

  package init(_ find: @escaping @Sendable (_ extents: [Extent], _ limit: Int) throws -> [String]) { self.find = find }

  /// The serials of cards, beside each other.
  func text(of extents: Few<Extent>) throws -> Cell {
    let serials = try find(Array(extents), Self.mostPerLine)
    let rest = extents.reduce(0) { $0 + Int($1.count) } - serials.count
    return .text(serials.joined(separator: " ") + (rest > 0 ? " and \(rest) more" : ""))
  }

  /// The first and the last of a lot's cards.
  func range(of extent: Extent) throws -> Cell {
    let ends = extent.count == 1 ? [extent.first] : [extent.first, extent.last]
    return .text(try find(ends.map { Extent(first: $0, count: 1) }, 2).joined(separator: " to "))
  }
}
