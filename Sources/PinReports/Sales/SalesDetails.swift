import PinWords

/// Daily sales details: a row for each line of each posting, in the order of the journal, written as it is read.
///
/// Customer and authorisation are an order's: blank for sales of terminals. A customer is told by number: who it is can be
/// purged.
struct SalesDetails: ReportFold {
  private let writer: any ReportWriter
  private let calendar: BusinessCalendar
  private let serials: SerialLookup?
  /// Nil unless it is made by user.
  private var users: GroupedFigures?
  private var totals = CurrencyTotals()

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    self.writer = writer
    calendar = request.days.calendar
    users = request.grouping == nil ? nil : GroupedFigures(by: request.grouping)
    serials = request.serials
  }

  static let columns = [
    Column("business_date", "Date", .day), Column("utc_time", "Time (UTC)", .time), Column("order", "Order"),
    Column("line", "Line", .number), Column("state", "State"), Column("user", "User"), Column("terminal", "Terminal"),
    Column("customer", "Customer"), Column("product", "Product"), Column("serial", "Serial"), Column("cards", "Cards"),
    Column("quantity", "Quantity", .number), Column("condition", "Condition"), Column("currency", "Currency"),
    Column("face", "Face", .money), Column("price", "Price", .money), Column("discount", "Discount", .money),
    Column("tax", "Tax", .money), Column("net", "Net", .money), Column("cost", "Cost", .money),
    Column("margin", "Margin", .money), Column("tender", "Tender"), Column("authorisation", "Authorisation"),
    Column("original_date", "Sold on", .day), Column("original_event", "Sold by event", .number),
    Column("event", "Event", .number),
  ]

  func begin() throws { try writer.begin(Section("rows", "Sales", Self.columns)) }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) throws {
    totals.add(posting)
    try users?.add(posting)
    func money(_ minor: Int128) -> Cell { .money(minor, posting.currency) }
    let product = books.products[posting.product]
    try writer.add([
      .day(day), .time(posting.timeMilliseconds), .text(posting.reservation.description), .number(posting.line + 1),
      .text(posting.kind.rawValue), .text(books.name(of: posting.user)), .text(books.name(of: posting.user.actor)),
      posting.order.map { .text($0.customer.description) } ?? .none, .text(books.sku(of: posting.product)),
      try serials?.text(of: posting.extents) ?? .none,
      .text(posting.extentsText), .number(posting.cards),
      .text(posting.condition.name), .text(posting.currency.description),
      product.map { money(Int128($0.faceValueMinor)) } ?? .none, money(Int128(posting.unitPriceMinor)),
      money(posting.discountMinor), money(posting.taxMinor), money(posting.netMinor), money(posting.costMinor),
      money(posting.marginMinor), .text(posting.tender.name),
      posting.order.flatMap { $0.authorisation.isEmpty ? nil : .text($0.authorisation) } ?? .none,
      posting.original.map { .day(calendar.day(at: $0.timeMilliseconds)) } ?? .none,
      posting.original.map { .number(Int($0.sequence)) } ?? .none, .number(Int(posting.sequence)),
    ])
  }

  mutating func end(_ books: Books, lastMilliseconds: UInt64) throws {
    try writer.endSection()
    if let users {
      try writer.begin(
        Section(
          "by_user", "By user", [Column("user", "User")] + SalesFigures.columns,
          charts: [Chart(.bars, "Net by user", label: "user", value: "net")]))
      for (key, figures) in users.sorted { try writer.add(key.cells(books) + figures.cells(key.currency)) }
      try writer.endSection()
    }
    try totals.write(to: writer)
  }
}
