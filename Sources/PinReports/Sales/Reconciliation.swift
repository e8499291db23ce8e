import PinWords

/// All sales of a period by nothing but what the journal says: numbers and ids, no name that could change or be purged.
///
/// With the journal's range and chain head, which every report ends with, it is the same bytes for ever.
struct Reconciliation: ReportFold {
  private let writer: any ReportWriter
  private var totals = CurrencyTotals()

  init(_ writer: any ReportWriter) { self.writer = writer }

  private static let columns = [
    Column("event", "Event", .number), Column("time", "Time (UTC)", .time), Column("business_date", "Date", .day),
    Column("state", "State"), Column("reservation", "Reservation"), Column("line", "Line", .number),
    Column("original_event", "Sold by event", .number), Column("actor", "Actor", .number),
    Column("cashier", "Cashier", .number), Column("tender", "Tender"), Column("product", "Product", .number),
    Column("condition", "Condition"), Column("cards", "Cards"), Column("quantity", "Quantity", .number),
    Column("currency", "Currency"), Column("price", "Price", .money), Column("gross", "Gross", .money),
    Column("discount", "Discount", .money), Column("tax", "Tax", .money), Column("amount", "Amount", .money),
    Column("cost", "Cost", .money),
  ]

  func begin() throws { try writer.begin(Section("rows", "Sales", Self.columns)) }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) throws {
    totals.add(posting)
    let amounts = [
      Int128(posting.unitPriceMinor), posting.grossMinor, posting.discountMinor, posting.taxMinor, posting.amountMinor,
      posting.costMinor,
    ]
    try writer.add(
      [
        .number(Int(posting.sequence)), .time(posting.timeMilliseconds), .day(day), .text(posting.kind.rawValue),
        .text(posting.reservation.description), .number(posting.line + 1),
        posting.original.map { .number(Int($0.sequence)) } ?? .none, .number(Int(posting.user.actor.rawValue)),
        posting.user.cashier == 0 ? .none : .number(Int(posting.user.cashier)), .text(posting.tender.name),
        .number(Int(posting.product.rawValue)), .text(posting.condition.name),
        .text(posting.extentsText), .number(posting.cards),
        .text(posting.currency.description),
      ] + amounts.map { .money($0, posting.currency) })
  }

  func end(_ books: Books, lastMilliseconds: UInt64) throws {
    try writer.endSection()
    try totals.write(to: writer)
  }
}
