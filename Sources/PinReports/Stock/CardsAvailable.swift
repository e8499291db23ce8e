import PinWords

/// What is there of each product at the period's end, how long it lasts at the period's rate of sale, and what to buy.
///
/// Sales a day are deliveries and settlements less what came back, over the days of the period that the journal reaches
/// into. Days of cover count the regular cards that do not expire soon. What is suggested brings those up to the cover
/// that was asked for, and at least to the product's threshold; what one cost is that of the product's last purchase.
struct CardsAvailable: ReportFold {
  private let writer: any ReportWriter
  private let request: ReportRequest
  private var sold: [ProductID: Int] = [:]

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    self.request = request
    self.writer = writer
  }

  /// Cards that expire within so many days after the period are not counted as cover.
  static let soonDays: UInt32 = 30
  /// How many days what is suggested is to last.
  static let coverDays = 30

  private static let columns = [
    Column("product", "Product"), Column("product_name", "Name"), Column("vendor", "Vendor"),
    Column("regular", "Regular", .number), Column("reserved", "Reserved", .number), Column("used", "Used", .number),
    Column("quarantined", "Quarantined", .number), Column("expiring_soon", "Expiring soon", .number),
    Column("threshold", "Threshold", .number), Column("sales_per_day", "Sales a day", .percent),
    Column("days_of_cover", "Days of cover", .number), Column("suggested_quantity", "Suggested", .number),
    Column("currency", "Currency"), Column("unit_cost", "Unit cost", .money),
  ]

  func begin() {}

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) {
    sold[posting.product, default: 0] += posting.cards
  }

  func end(_ books: Books, lastMilliseconds: UInt64) throws {
    let chart = Chart(.bars, "Days of cover", label: "product", value: "days_of_cover")
    try writer.begin(Section("rows", "By product", Self.columns, charts: [chart]))
    let soon = request.days.period.to.adding(days: Self.soonDays)
    let costs = books.lastUnitCosts
    let expiring = books.regularCards { $0 < soon }
    let dayCount = request.days.daysReached(by: lastMilliseconds)
    for (product, account) in books.stock where request.includes(product) {
      let lasting = account.regular - (expiring[product.id] ?? 0)
      let sold = max(0, sold[product.id] ?? 0)
      let needed = max((sold * Self.coverDays + dayCount - 1) / dayCount, Int(product.lowStockThreshold))
      try writer.add([
        .text(product.sku), .text(product.name), .text(product.vendor), .number(account.regular),
        .number(account.reserved), .number(account.used), .number(account.quarantined),
        .number(expiring[product.id] ?? 0),
        .number(Int(product.lowStockThreshold)), .percent((sold * 200 + dayCount) / (2 * dayCount)),
        sold == 0 ? .none : .number(lasting * dayCount / sold), .number(max(0, needed - lasting)),
        .text(product.currency.description),
        costs[product.id].map { .money(Int128($0), product.currency) } ?? .none,
      ])
    }
    try writer.endSection()
  }
}
