import PinWords

/// Daily totals, and totals for the period; each also by user, actor, product or tender.
///
/// Amounts of two currencies are never summed: each has rows of its own.
struct SalesTotals: ReportFold {
  private let grouping: Grouping?
  private let isDaily: Bool
  private let days: PeriodDays
  private let writer: any ReportWriter
  /// What was posted since the last quarter of an hour began: all else is summed from this.
  private var running: GroupedFigures
  private var quarter: UInt64?
  /// Of the day that runs; of the whole period if the report is not daily.
  private var rows: GroupedFigures
  private var totals = CurrencyTotals()
  private var hours: HourTotals
  private var day: Day?

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    grouping = request.grouping
    isDaily = request.kind == .dailyTotals
    self.writer = writer
    days = request.days
    hours = HourTotals(request.days.calendar)
    running = GroupedFigures(by: grouping)
    rows = running
  }

  func begin() throws {
    let columns = (isDaily ? [Column("date", "Date", .day)] : []) + (grouping?.columns ?? []) + SalesFigures.columns
    try writer.begin(Section("rows", isDaily ? "By day" : "Totals", columns, charts: charts))
  }

  private var charts: [Chart] {
    let byDay = isDaily ? [Chart(.columns, "Net by day", label: "date", value: "net", labels: days.labels)] : []
    guard let grouping, let label = grouping.columns.first else { return byDay }
    let value = grouping == .product ? ("Margin", "margin") : ("Net", "net")
    return byDay + [Chart(.bars, "\(value.0) by \(grouping.rawValue)", label: label.key, value: value.1)]
  }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) throws {
    let quarter = posting.timeMilliseconds / HourTotals.quarterMilliseconds
    if self.quarter != quarter || self.day != day {
      try sumUp()
      if isDaily, self.day != day { try writeRows(books) }
      (self.quarter, self.day) = (quarter, day)
    }
    try running.add(posting)
  }

  mutating func end(_ books: Books, lastMilliseconds: UInt64) throws {
    try sumUp()
    try writeRows(books)
    try writer.endSection()
    if isDaily || grouping != nil { try totals.write(to: writer) }
    try hours.write(to: writer)
  }

  private mutating func sumUp() throws(ReportError) {
    guard let quarter else { return }
    for (key, figures) in running.list {
      try rows.add(figures, of: key)
      totals.add(figures, in: key.currency)
      hours.add(figures, in: key.currency, quarter: quarter)
    }
    running.removeAll()
  }

  private mutating func writeRows(_ books: Books) throws {
    for (key, figures) in rows.sorted {
      let date: [Cell] = isDaily ? [.day(day!)] : []
      try writer.add(date + key.cells(books) + figures.cells(key.currency))
    }
    rows.removeAll()
  }
}

extension Grouping {
  var columns: [Column] {
    switch self {
    case .user: [Column("user", "User")]
    case .actor: [Column("actor", "Actor")]
    case .product: [Column("product", "Product"), Column("product_name", "Name")]
    case .tender: [Column("tender", "Tender")]
    }
  }
}

extension Books {
  /// The actor, and the number of its cashier behind a slash: `till-3/7`.
  func name(of user: Posting.User) -> String {
    name(of: user.actor) + (user.cashier == 0 ? "" : "/\(user.cashier)")
  }

  func name(of actor: ActorID) -> String {
    actor.rawValue == 0 ? "the store" : actors[actor]?.name ?? "actor \(actor)"
  }

  func sku(of product: ProductID) -> String { products[product]?.sku ?? "product \(product)" }
}

extension Tender {
  /// As a report tells it: a constant, since asking the type for it costs more than the rest of a row.
  package var name: String {
    switch self {
    case .unspecified: "unspecified"
    case .cash: "cash"
    case .card: "card"
    case .account: "account"
    case .voucher: "voucher"
    case .other: "other"
    }
  }
}
