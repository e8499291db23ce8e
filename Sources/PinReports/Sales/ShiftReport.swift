import PinEngine
import PinWords

/// Shifts that were closed in the period (Z), and those that run at its end (X), with what the store recorded compared with
/// what the postings add up to.
///
/// A shift begins with the first event or the close before, so postings from before the period count.
struct ShiftReport: ReportFold {
  let countsBeforePeriod = true
  private let writer: any ReportWriter
  private var running = RunningShifts()
  private var differences: [[Cell]] = []
  /// Only rows of this currency.
  private let currency: Currency?
  /// Nil if there are no totals of terminals to compare with.
  private var terminals: TerminalComparison?

  init(_ request: ReportRequest, _ writer: any ReportWriter) {
    self.writer = writer
    currency = request.currency
    terminals = request.terminalShifts.map { TerminalComparison($0, currency) }
  }

  private static let columns = [
    Column("actor", "Actor"), Column("shift", "Shift", .number), Column("state", "State"),
    Column("opened", "Opened (UTC)", .time), Column("closed", "Closed (UTC)", .time), Column("currency", "Currency"),
    Column("sales", "Sales", .number), Column("cards", "Cards", .number), Column("gross", "Gross", .money),
    Column("discount", "Discount", .money), Column("tax", "Tax", .money), Column("reversals", "Reversals", .number),
    Column("reversed_cards", "Reversed cards", .number), Column("reversed", "Reversed", .money),
    Column("returned_cards", "Returned cards", .number), Column("returned", "Returned", .money),
    Column("takings", "Takings", .money),
  ]

  func begin() throws {
    let chart = Chart(.bars, "Takings by actor", label: "actor", value: "takings")
    try writer.begin(Section("rows", "By shift", Self.columns, charts: [chart]))
  }

  mutating func resume(_ shifts: RunningShifts) { running = shifts }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) { running.add(posting) }

  mutating func see(_ event: JournalEvent, isInPeriod: Bool, _ books: Books) throws {
    guard case .shiftClosed(let shift) = event.facts else { return }
    let counted = running.close(of: event.actor, atMilliseconds: event.timeMilliseconds)
    guard isInPeriod else { return }
    try write(shift.totals, of: event.actor, counted, closed: event.timeMilliseconds, books)
    compare(shift.totals, counted, event.actor, books)
    terminals?.compare(shift.totals, of: books.name(of: event.actor), number: counted.number)
  }

  mutating func end(_ books: Books, lastMilliseconds: UInt64) throws {
    for (actor, shift) in running.sorted {
      try write(shift.totals, of: actor, shift, closed: nil, books)
      terminals?.compare(shift.totals, of: books.name(of: actor), number: shift.number)
    }
    try writer.endSection()
    let columns = FigureDifference.columns(("recorded", "Recorded"), ("counted", "Counted"))
    try writer.begin(Section("differences", "Differences between what was recorded and what was counted", columns))
    for row in differences { try writer.add(row) }
    try writer.endSection()
    try terminals?.write(to: writer)
  }

  private func write(
    _ totals: [ShiftTotal], of actor: ActorID, _ shift: RunningShifts.Shift, closed: UInt64?, _ books: Books
  ) throws {
    let head: [Cell] = [
      .text(books.name(of: actor)), .number(Int(shift.number)), .text(closed == nil ? "X" : "Z"),
      shift.openedMilliseconds == 0 ? .none : .time(shift.openedMilliseconds), closed.map { .time($0) } ?? .none,
    ]
    // A Z over nothing is a row of no currency, so that no number is missing between two.
    if totals.isEmpty, closed != nil, currency == nil {
      let (none, zero) = (Cell.none, Cell.number(0))
      try writer.add(head + [none, zero, zero, none, none, none, zero, zero, none, zero, none, none])
    }
    for total in totals where currency == nil || total.currency == currency {
      func money(_ minor: UInt64) -> Cell { .money(Int128(minor), total.currency) }
      let takings =
        Int128(total.grossMinor) - Int128(total.discountMinor) - Int128(total.reversedMinor)
        - Int128(total.returnedMinor)
      try writer.add(
        head + [
          .text(total.currency.description), .number(Int(total.sales)), .number(Int(total.cards)),
          money(total.grossMinor), money(total.discountMinor), money(total.taxMinor), .number(Int(total.reversals)),
          .number(Int(total.reversedCards)), money(total.reversedMinor), .number(Int(total.returnedCards)),
          money(total.returnedMinor), .money(takings, total.currency),
        ])
    }
  }

  private mutating func compare(
    _ recorded: [ShiftTotal], _ counted: RunningShifts.Shift, _ actor: ActorID, _ books: Books
  ) {
    for currency in Set((recorded + counted.totals).map(\.currency)).sorted(by: { $0.code < $1.code }) {
      if let wanted = self.currency, currency != wanted { continue }
      let left = (recorded.first { $0.currency == currency } ?? ShiftTotal(currency: currency)).figures
      let right = (counted.totals.first { $0.currency == currency } ?? ShiftTotal(currency: currency)).figures
      for (left, right) in zip(left, right) where left.value != right.value {
        differences.append(
          FigureDifference(left.name, left.value, right.value)
            .cells(of: books.name(of: actor), shift: counted.number, in: currency))
      }
    }
  }
}

extension ShiftTotal {
  static let figureNames = Set(ShiftTotal(currency: Currency("EUR")!).figures.map(\.name))

  var figures: [(name: String, value: UInt64)] {
    [
      ("sales", UInt64(sales)), ("cards", UInt64(cards)), ("gross_minor", grossMinor),
      ("discount_minor", discountMinor), ("tax_minor", taxMinor), ("reversals", UInt64(reversals)),
      ("reversed_cards", UInt64(reversedCards)), ("reversed_minor", reversedMinor),
      ("returned_cards", UInt64(returnedCards)), ("returned_minor", returnedMinor),
    ]
  }
}
