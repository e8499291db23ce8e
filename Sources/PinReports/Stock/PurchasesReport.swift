import PinWords

/// Purchases that became stock in the period, a row for each lot.
///
/// What was declared and not loaded was refused: duplicates, and whatever else could not be. Serials are not in the journal:
/// their column is blank unless they are looked up.
struct PurchasesReport: ReportFold {
  private let writer: any ReportWriter
  private let request: ReportRequest

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    self.request = request
    self.writer = writer
  }

  private static let columns = [
    Column("date", "Date", .day), Column("utc_time", "Time (UTC)", .time), Column("purchase", "Purchase", .number),
    Column("purchase_order", "Purchase order"), Column("vendor", "Vendor"), Column("invoice", "Invoice"),
    Column("product", "Product"), Column("lot", "Lot", .number), Column("expiry", "Expiry", .day),
    Column("cards", "Cards"), Column("serials", "Serials"), Column("ordered", "Ordered", .number),
    Column("received", "Received", .number), Column("duplicates_refused", "Duplicates", .number),
    Column("currency", "Currency"), Column("unit_cost", "Unit cost", .money), Column("total", "Total", .money),
    Column("event", "Event", .number),
  ]

  func begin() {}
  func add(_ posting: Posting, on day: Day, _ books: Books) {}

  func end(_ books: Books, lastMilliseconds: UInt64) throws {
    let chart = Chart(.bars, "Bought of each product", label: "product", value: "total")
    try writer.begin(Section("rows", "By lot", Self.columns, charts: [chart]))
    let period = request.days.startMilliseconds..<request.days.endMilliseconds
    var totals: [Currency: (cards: Int, minor: Int128)] = [:]
    let committed = books.purchases.values.filter { $0.state == .committed && period.contains($0.endedMilliseconds) }
    for purchase in committed.sorted(by: { $0.endedBy < $1.endedBy }) {
      let facts = purchase.facts
      guard let product = books.products[facts.product], request.includes(product) else { continue }
      let day = request.days.calendar.day(at: purchase.endedMilliseconds)
      for (lot, loaded) in zip(facts.lots, purchase.loadedCounts) {
        let total = Int128(facts.unitCostMinor) * Int128(loaded)
        totals[product.currency, default: (0, 0)].cards += Int(loaded)
        totals[product.currency]!.minor += total
        try writer.add([
          .day(day), .time(purchase.endedMilliseconds), .number(Int(facts.purchase.rawValue)),
          purchase.order.map { .text($0.description) } ?? .none,
          .text(facts.vendorName), .text(facts.invoice), .text(product.sku), .number(Int(lot.lot.rawValue)),
          lot.expiry == .never ? .none : .day(lot.expiry),
          loaded == 0 ? .none : .text(Extent(first: lot.extent.first, count: loaded).description),
          loaded == 0
            ? .none : try request.serials?.range(of: Extent(first: lot.extent.first, count: loaded)) ?? .none,
          .number(Int(lot.extent.count)), .number(Int(loaded)), .number(Int(lot.extent.count - loaded)),
          .text(product.currency.description),
          .money(Int128(facts.unitCostMinor), product.currency), .money(total, product.currency),
          .number(Int(purchase.endedBy)),
        ])
      }
    }
    try writer.endSection()
    try writer.begin(
      Section(
        "totals", "Total of each currency",
        [Column("currency", "Currency"), Column("received", "Received", .number), Column("total", "Total", .money)]))
    for (currency, total) in totals.sorted(by: { $0.key.code < $1.key.code }) {
      try writer.add([.text(currency.description), .number(total.cards), .money(total.minor, currency)])
    }
    try writer.endSection()
  }
}
