import PinWords

/// The sum of each currency. There are few: they are looked through.
struct CurrencyTotals {
  private var totals: [(currency: Currency, figures: SalesFigures)] = []

  mutating func add(_ posting: Posting) {
    guard let index = totals.firstIndex(where: { $0.currency == posting.currency }) else {
      totals.append((posting.currency, SalesFigures()))
      return totals[totals.count - 1].figures.add(posting)
    }
    totals[index].figures.add(posting)
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
  private let calendar: BusinessCalendar
  private var totals = Array(repeating: CurrencyTotals(), count: 24)
  /// Clocks change on the quarter of an hour: the one asked for last, and the hour that they show in it.
  private var quarter: (number: UInt64, hour: Int)?

  init(_ calendar: BusinessCalendar) { self.calendar = calendar }

  mutating func add(_ posting: Posting) {
    let number = posting.timeMilliseconds / 900_000
    if quarter?.number != number { quarter = (number, calendar.hour(at: posting.timeMilliseconds)) }
    totals[quarter!.hour].add(posting)
  }

  /// Hours in the order of the business day; those in which nothing was posted are left out.
  func write(to writer: any ReportWriter) throws {
    let chart = Chart(.columns, "Net by hour of the day", label: "hour", value: "net")
    try writer.begin(
      Section("hours", "By hour of the day", [Column("hour", "Hour")] + SalesFigures.columns, charts: [chart]))
    let first = calendar.dayStartMinutes / 60
    for hour in (first..<first + 24).map({ $0 % 24 }) {
      for (currency, figures) in totals[hour].sorted {
        try writer.add([.text("\(hour < 10 ? "0" : "")\(hour):00")] + figures.cells(currency))
      }
    }
    try writer.endSection()
  }
}
