import PinWords

/// Daily totals, and totals for the period; each also by user, actor, product or tender.
///
/// Amounts of two currencies are never summed: each has rows of its own.
struct SalesTotals: ReportFold {
  private let grouping: Grouping?
  private let isDaily: Bool
  private let writer: any ReportWriter
  /// What was posted since the last quarter of an hour began: all else is summed from this.
  private var running = Rows()
  private var quarter: UInt64?
  /// Of the day that runs; of the whole period if the report is not daily.
  private var rows = Rows()
  private var totals = CurrencyTotals()
  private var hours: HourTotals
  private var day: Day?

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    grouping = request.grouping
    isDaily = request.kind == .dailyTotals
    self.writer = writer
    hours = HourTotals(request.days.calendar)
  }

  func begin() throws {
    let columns = (isDaily ? [Column("date", "Date", .day)] : []) + (grouping?.columns ?? []) + SalesFigures.columns
    try writer.begin(Section("rows", isDaily ? "By day" : "Totals", columns, charts: charts))
  }

  private var charts: [Chart] {
    let byDay = isDaily ? [Chart(.columns, "Net by day", label: "date", value: "net")] : []
    guard let grouping, let label = grouping.columns.first else { return byDay }
    let value = grouping == .product ? ("Margin", "margin") : ("Net", "net")
    return byDay + [Chart(.bars, "\(value.0) by \(grouping.rawValue)", label: label.key, value: value.1)]
  }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) throws {
    let quarter = posting.timeMilliseconds / HourTotals.quarterMilliseconds
    if self.quarter != quarter || self.day != day {
      sumUp()
      if isDaily, self.day != day { try writeRows(books) }
      (self.quarter, self.day) = (quarter, day)
    }
    let key = RowKey(group: GroupKey(grouping, posting), currency: posting.currency)
    running.list[running.place(of: key)].figures.add(posting)
  }

  mutating func end(_ books: Books) throws {
    sumUp()
    try writeRows(books)
    try writer.endSection()
    if isDaily || grouping != nil { try totals.write(to: writer) }
    try hours.write(to: writer)
  }

  private mutating func sumUp() {
    guard let quarter else { return }
    for (key, figures) in running.list {
      rows.list[rows.place(of: key)].figures.add(figures)
      totals.add(figures, in: key.currency)
      hours.add(figures, in: key.currency, quarter: quarter)
    }
    running.removeAll()
  }

  private mutating func writeRows(_ books: Books) throws {
    for (key, figures) in rows.list.sorted(by: { $0.key < $1.key }) {
      let date: [Cell] = isDaily ? [.day(day!)] : []
      try writer.add(date + key.group.cells(books) + figures.cells(key.currency))
    }
    rows.removeAll()
  }
}

/// Sums by what they are of.
private struct Rows {
  var list: [(key: RowKey, figures: SalesFigures)] = []
  private var places: [RowKey: Int] = [:]
  /// What was asked for last: the next one often is the same.
  private var last = 0

  /// Where the sum of a key is in the list.
  mutating func place(of key: RowKey) -> Int {
    if last < list.count, list[last].key == key { return last }
    if let place = places[key] {
      last = place
    } else {
      last = list.count
      list.append((key, SalesFigures()))
      places[key] = last
    }
    return last
  }

  mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }
}

private struct RowKey: Hashable, Comparable {
  var group: GroupKey
  var currency: Currency

  static func < (left: RowKey, right: RowKey) -> Bool {
    left.group == right.group ? left.currency.code < right.currency.code : left.group < right.group
  }
}

/// What a posting counts for in a report that is made by something.
enum GroupKey: Hashable {
  case all
  case user(Posting.User)
  case actor(ActorID)
  case product(ProductID)
  case tender(Tender)

  init(_ grouping: Grouping?, _ posting: Posting) {
    switch grouping {
    case nil: self = .all
    case .user: self = .user(posting.user)
    case .actor: self = .actor(posting.user.actor)
    case .product: self = .product(posting.product)
    case .tender: self = .tender(posting.tender)
    }
  }

  func cells(_ books: Books) -> [Cell] {
    switch self {
    case .all: []
    case .user(let user): [.text(books.name(of: user))]
    case .actor(let actor): [.text(books.name(of: actor))]
    case .product(let product): [.text(books.sku(of: product)), .text(books.products[product]?.name ?? "")]
    case .tender(let tender): [.text(tender.name)]
    }
  }
}

extension GroupKey: Comparable {
  /// In the order in which things were named first: that of their numbers.
  static func < (left: GroupKey, right: GroupKey) -> Bool {
    switch (left, right) {
    case (.user(let left), .user(let right)): left < right
    case (.actor(let left), .actor(let right)): left < right
    case (.product(let left), .product(let right)): left < right
    case (.tender(let left), .tender(let right)): left.rawValue < right.rawValue
    default: false
    }
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
