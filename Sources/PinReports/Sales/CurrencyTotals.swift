import PinWords

/// The sum of each currency. There are few: they are looked through.
struct CurrencyTotals {
  private var totals: [(currency: Currency, figures: SalesFigures)] = []

  mutating func add(_ posting: Posting) {
    var figures = SalesFigures()
    figures.add(posting)
    add(figures, in: posting.currency)
  }

  mutating func add(_ figures: SalesFigures, in currency: Currency) {
    guard let index = totals.firstIndex(where: { $0.currency == currency }) else {
      return totals.append((currency, figures))
    }
    totals[index].figures.add(figures)
  }

  var sorted: [(currency: Currency, figures: SalesFigures)] { totals.sorted { $0.currency.code < $1.currency.code } }

  func write(to writer: any ReportWriter) throws {
    try writer.begin(Section("totals", "Total of each currency", SalesFigures.columns))
    for (currency, figures) in sorted { try writer.add(figures.cells(currency)) }
    try writer.endSection()
  }
}

/// What was sold in each hour of the day, as the clocks of the zone show it.
struct HourTotals {
  /// Clocks change on the quarter of an hour, counted from 1970 UTC.
  static let quarterMilliseconds: UInt64 = 900_000
  private let calendar: BusinessCalendar
  private var totals = Array(repeating: CurrencyTotals(), count: 24)

  init(_ calendar: BusinessCalendar) { self.calendar = calendar }

  mutating func add(_ figures: SalesFigures, in currency: Currency, quarter: UInt64) {
    totals[calendar.hour(at: quarter * Self.quarterMilliseconds)].add(figures, in: currency)
  }

  /// Hours in the order of the business day; those in which nothing was posted are left out.
  func write(to writer: any ReportWriter) throws {
    let first = calendar.dayStartMinutes / 60
    let hours = (first..<first + 24).map { $0 % 24 }
    let names = hours.map { "\($0 < 10 ? "0" : "")\($0):00" }
    let chart = Chart(.columns, "Net by hour of the day", label: "hour", value: "net", labels: names)
    try writer.begin(
      Section("hours", "By hour of the day", [Column("hour", "Hour")] + SalesFigures.columns, charts: [chart]))
    for (hour, name) in zip(hours, names) {
      for (currency, figures) in totals[hour].sorted { try writer.add([.text(name)] + figures.cells(currency)) }
    }
    try writer.endSection()
  }
}
