import PinEngine
import PinWords

/// Shifts that were closed in the period (Z), and those that run at its end (X), with what the store recorded compared with
/// what the postings add up to.
///
/// A shift begins with the first event or the close before, so postings from before the period count.
struct ShiftReport: ReportFold {
  let countsBeforePeriod = true
  private let writer: any ReportWriter
  private var running: [ActorID: Running] = [:]
  private var differences: [[Cell]] = []
  /// Nil if there are no totals of terminals to compare with.
  private var terminals: TerminalComparison?

  fileprivate struct Running {
    var number: UInt32 = 1
    var openedMilliseconds: UInt64 = 0
    var totals: [ShiftTotal] = []
  }

  init(_ writer: any ReportWriter, terminalShifts: [TerminalShift]? = nil) {
    self.writer = writer
    terminals = terminalShifts.map { TerminalComparison($0) }
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
    try writer.begin(Section("rows", "Shifts", Self.columns, charts: [chart]))
  }

  mutating func add(_ posting: Posting, on day: Day, _ books: Books) {
    running[posting.user.actor, default: Running()].add(posting)
  }

  mutating func see(_ event: JournalEvent, isInPeriod: Bool, _ books: Books) throws {
    guard case .shiftClosed(let shift) = event.facts else { return }
    let counted = running[event.actor] ?? Running()
    if isInPeriod {
      try write(shift.totals, of: event.actor, counted, closed: event.timeMilliseconds, books)
      compare(shift.totals, counted, event.actor, books)
      terminals?.compare(shift.totals, of: books.name(of: event.actor), number: counted.number)
    }
    running[event.actor] = Running(number: counted.number + 1, openedMilliseconds: event.timeMilliseconds)
  }

  mutating func end(_ books: Books) throws {
    for (actor, shift) in running.sorted(by: { $0.key < $1.key }) {
      try write(shift.totals, of: actor, shift, closed: nil, books)
      terminals?.compare(shift.totals, of: books.name(of: actor), number: shift.number)
    }
    try writer.endSection()
    let columns = [
      Column("actor", "Actor"), Column("shift", "Shift", .number), Column("currency", "Currency"),
      Column("figure", "Figure"), Column("recorded", "Recorded", .number), Column("counted", "Counted", .number),
    ]
    try writer.begin(Section("differences", "Differences between what was recorded and what was counted", columns))
    for row in differences { try writer.add(row) }
    try writer.endSection()
    try terminals?.write(to: writer)
  }

  private func write(
    _ totals: [ShiftTotal], of actor: ActorID, _ shift: Running, closed: UInt64?, _ books: Books
  ) throws {
    let head: [Cell] = [
      .text(books.name(of: actor)), .number(Int(shift.number)), .text(closed == nil ? "X" : "Z"),
      shift.openedMilliseconds == 0 ? .none : .time(shift.openedMilliseconds), closed.map { .time($0) } ?? .none,
    ]
    for total in totals {
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
    _ recorded: [ShiftTotal], _ counted: Running, _ actor: ActorID, _ books: Books
  ) {
    for currency in Set((recorded + counted.totals).map(\.currency)).sorted(by: { $0.code < $1.code }) {
      let left = (recorded.first { $0.currency == currency } ?? ShiftTotal(currency: currency)).figures
      let right = (counted.totals.first { $0.currency == currency } ?? ShiftTotal(currency: currency)).figures
      for (left, right) in zip(left, right) where left.value != right.value {
        differences.append([
          .text(books.name(of: actor)), .number(Int(counted.number)), .text(currency.description), .text(left.name),
          .number(Int(clamping: left.value)), .number(Int(clamping: right.value)),
        ])
      }
    }
  }
}

extension ShiftReport.Running {
  /// Counts as `docs/formats.md` says of shifts: a settlement without its tax.
  fileprivate mutating func add(_ posting: Posting) {
    if !totals.contains(where: { $0.currency == posting.currency }) {
      totals.append(ShiftTotal(currency: posting.currency))
    }
    let index = totals.firstIndex { $0.currency == posting.currency }!
    let (one, cards) = (posting.countsSale ? UInt32(1) : 0, UInt32(clamping: posting.cards.magnitude))
    switch posting.kind {
    case .sale, .settlement:
      totals[index].sales += one
      totals[index].cards += cards
      totals[index].grossMinor += UInt64(clamping: posting.grossMinor)
      totals[index].discountMinor += UInt64(clamping: posting.discountMinor)
      if posting.kind == .sale { totals[index].taxMinor += UInt64(clamping: posting.taxMinor) }
    case .cancellation:
      totals[index].reversals += one
      totals[index].reversedCards += cards
      totals[index].reversedMinor += UInt64(clamping: -posting.amountMinor)
    case .returned:
      totals[index].returnedCards += cards
      totals[index].returnedMinor += UInt64(clamping: -posting.amountMinor)
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
