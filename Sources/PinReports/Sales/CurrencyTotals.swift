import PinWords

/// The sum of each currency.
struct CurrencyTotals {
  private var totals: [Currency: SalesFigures] = [:]

  mutating func add(_ posting: Posting) { totals[posting.currency, default: SalesFigures()].add(posting) }

  func write(to writer: any ReportWriter) throws {
    try writer.begin(Section("totals", "Total of each currency", SalesFigures.columns))
    for (currency, figures) in totals.sorted(by: { $0.key.code < $1.key.code }) {
      try writer.add(figures.cells(currency))
    }
    try writer.endSection()
  }
}

/// What was sold in each hour of the day, as the clocks of the zone show it.
struct HourTotals {
  private let calendar: BusinessCalendar
  private var totals: [Key: SalesFigures] = [:]
  /// Clocks change on the quarter of an hour: the one asked for last, and how far they are ahead in it.
  private var quarter: (number: UInt64, hour: Int)?

  private struct Key: Hashable {
    var hour: Int
    var currency: Currency
  }

  init(_ calendar: BusinessCalendar) { self.calendar = calendar }

  mutating func add(_ posting: Posting) {
    let number = posting.timeMilliseconds / 900_000
    if quarter?.number != number { quarter = (number, calendar.hour(at: posting.timeMilliseconds)) }
    totals[Key(hour: quarter!.hour, currency: posting.currency), default: SalesFigures()].add(posting)
  }

  /// Hours in the order of the business day; those in which nothing was posted are left out.
  func write(to writer: any ReportWriter) throws {
    let chart = Chart(.columns, "Net by hour of the day", label: "hour", value: "net")
    try writer.begin(
      Section("hours", "By hour of the day", [Column("hour", "Hour")] + SalesFigures.columns, charts: [chart]))
    let first = calendar.dayStartMinutes / 60
    let rows = totals.sorted {
      (($0.key.hour + 24 - first) % 24, $0.key.currency.code) < (($1.key.hour + 24 - first) % 24, $1.key.currency.code)
    }
    for (key, figures) in rows {
      try writer.add([.text("\(key.hour < 10 ? "0" : "")\(key.hour):00")] + figures.cells(key.currency))
    }
    try writer.endSection()
  }
}
