import Foundation
import PinStore
import PinWords
import TestSupport
import Testing

@testable import PinEngine
@testable import PinReports

/// Every report says what plain books of the same history say.
@Suite struct ReportModelTests {
  /// Where and when: histories that pass through the days on which clocks change.
  struct Place: Sendable, CustomTestStringConvertible {
    var zone: String
    var dayStarts: String
    var start: UInt64
    var testDescription: String { "\(zone) \(dayStarts)" }
  }

  static let places = [
    // From 20 March 2027 on: Berlin has 23 hours on the 28th.
    Place(zone: "Europe/Berlin", dayStarts: "04:00", start: 1_805_500_000_000),
    // From 20 October 2027 on: Berlin has 25 hours on the 31st, New York on 7 November.
    Place(zone: "Europe/Berlin", dayStarts: "00:00", start: 1_824_000_000_000),
    Place(zone: "America/New_York", dayStarts: "04:00", start: 1_824_600_000_000),
    Place(zone: "Asia/Kathmandu", dayStarts: "23:30", start: 1_805_500_000_000),
  ]

  @Test(arguments: places) func reportsAreThoseOfPlainBooks(_ place: Place) async throws {
    let seed = Seed.value
    var history = try await History(seed: seed, startingAt: place.start)
    try await history.go(250)
    let view = try JournalView(of: history.shop.directory)
    let calendar = try BusinessCalendar(zone: place.zone, dayStarts: place.dayStarts)
    let plain = PlainBooks.Days(zone: calendar.zone, dayStartMinutes: calendar.dayStartMinutes)
    let first = calendar.day(at: place.start)
    // From the first day, from later on, and a single day.
    for (from, count) in [(0, 60), (6, 9), (11, 1)] as [(UInt32, UInt32)] {
      let period = try ReportPeriod(from: first.adding(days: from), to: first.adding(days: from + count))
      let judge = Judge(
        books: history.books, days: plain, period: try PeriodDays(period, calendar), view: view, seed: seed)
      try judge.totals()
      try judge.details()
      try judge.control()
    }
  }

  @Test func whereCardsAreIsWhatTheStoreSays() async throws {
    var history = try await History(seed: Seed.value, startingAt: 1_805_500_000_000)
    try await history.go(200)
    let (view, levels) = try await stock(in: history.shop)
    var bookkeeper = Bookkeeper(view)
    var scan = try view.scan()
    try scan.forEach({ bytes, sequence, time in
      try bookkeeper.fold(bytes, sequence: sequence, timeMilliseconds: time, wantsPostings: false)
      return true
    })
    #expect(levels.count == 4)
    for level in levels {
      let account = try #require(bookkeeper.books.stock.first { $0.product.id == level.product }).account
      let counted = [account.regular, account.used, account.quarantined, account.reserved, account.delivered]
      let said = [level.regular, level.used, level.quarantined, level.reserved, level.delivered].map(Int.init)
      #expect(counted == said, "seed \(Seed.value)")
    }
  }

  /// The stock, and the journal that it is of: the store itself lets holds expire when it has nothing else to do.
  private func stock(in shop: Shop) async throws -> (JournalView, [StockLevel]) {
    while true {
      let view = try JournalView(of: shop.directory)
      guard case .stock(let levels) = await shop.ask(.stock(nil), as: shop.administrator) else {
        throw Unexpected(what: "stock")
      }
      if try JournalView(of: shop.directory).head == view.head { return (view, levels) }
    }
  }

  @Test func aSaleIsFoundAlsoWhenItIsNotRemembered() async throws {
    var history = try await History(seed: Seed.value, startingAt: 1_805_500_000_000)
    try await history.go(150)
    let view = try JournalView(of: history.shop.directory)
    func postings(remembering capacity: Int) throws -> [String] {
      var bookkeeper = Bookkeeper(view, remembering: capacity)
      var events = try view.readAhead()
      var postings: [String] = []
      while try events.next() {
        try bookkeeper.fold(
          events.event, sequence: events.sequence, timeMilliseconds: events.timeMilliseconds, wantsPostings: true)
        postings += bookkeeper.postings.map { "\($0)" }
      }
      return postings
    }
    let all = try postings(remembering: 65_536)
    for capacity in [1, 7] { #expect(try postings(remembering: capacity) == all, "seed \(Seed.value)") }
  }

  private struct Judge {
    let books: PlainBooks
    let days: PlainBooks.Days
    let period: PeriodDays
    let view: JournalView
    let seed: UInt64

    var from: String { period.period.from.calendarText }
    var to: String { period.period.to.calendarText }

    func sections(_ kind: ReportKind, by grouping: Grouping? = nil) throws -> [String: [[String]]] {
      let writer = RowsWriter()
      let run = ReportRun(try ReportRequest(kind, period, by: grouping), of: view, to: writer)
      try run.run()
      return writer.sections
    }

    func totals() throws {
      let groupings: [(Grouping?, (PlainBooks.Entry) -> [String])] = [
        (nil, { _ in [] }), (.user, { [$0.cashier == 0 ? $0.actor : "\($0.actor)/\($0.cashier)"] }),
        (.actor, { [$0.actor] }), (.tender, { [$0.tender] }),
        (
          .product,
          { [$0.sku, ["=1+1": "Ten, \"prepaid\"", "EUR-5": "-5 Fünf", "YEN": "千円", "USD-3": "@three"][$0.sku]!] }
        ),
      ]
      for (grouping, group) in groupings {
        for kind in [ReportKind.dailyTotals, .totals] {
          let expected = books.totals(days, from: from, to: to, isDaily: kind == .dailyTotals, by: group)
          let sections = try sections(kind, by: grouping)
          let rows = try #require(sections["rows"])
          #expect(Set(rows) == expected, "seed \(seed): \(kind) by \(String(describing: grouping))")
          #expect(rows.count == expected.count)
          let whole = books.totals(days, from: from, to: to, isDaily: false) { _ in [] }
          let hours = try #require(sections["hours"])
          let expectedHours = books.totals(days, from: from, to: to, isDaily: false) { [days.hour($0.time)] }
          #expect(Set(hours) == expectedHours, "seed \(seed): hours")
          let places = hours.map { (Int($0[0].prefix(2))! + 24 - days.dayStartMinutes / 60) % 24 }
          #expect(hours.count == expectedHours.count && places == places.sorted(), "hours as the business day has them")
          if let totals = sections["totals"] { #expect(Set(totals) == whole, "seed \(seed): totals of \(kind)") }
        }
      }
    }

    func details() throws {
      let rows = try #require(try sections(.dailyDetails, by: .user)["rows"]).map { row in
        let at = { RowsWriter.place(of: $0, in: row) }
        let cards = at("cards").split(separator: " ").flatMap { text -> [UInt64] in
          let ends = text.split(separator: "-").map { UInt64($0)! }
          return Array(ends[0]...ends[ends.count - 1])
        }
        return [
          at("business_date"), at("order"), at("line"), at("state"), at("terminal"), at("product"),
          cards.sorted().map(String.init).joined(separator: " "), at("quantity"), at("net"), at("cost"),
          at("original_date"),
        ]
      }
      #expect(rows == books.details(days, from: from, to: to), "seed \(seed)")
    }

    func control() throws {
      let rows = try #require(try sections(.totals)["control"])
      let expected = books.control(days, from: from, to: to)
      let told = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[2...].map { Int($0)! }) })
      #expect(told == expected, "seed \(seed)")
    }
  }
}

/// A report as rows of text, amounts in minor units.
final class RowsWriter: ReportWriter {
  private(set) var sections: [String: [[String]]] = [:]
  private var section: Section?

  /// The value of a column of the details.
  static func place(of key: String, in row: [String]) -> String {
    row[SalesDetails.columns.firstIndex { $0.key == key }!]
  }

  func begin(_ heading: Heading) {}
  func begin(_ section: Section) {
    self.section = section
    sections[section.key] = []
  }
  func add(_ cells: [Cell]) throws {
    #expect(cells.count == section!.columns.count)
    sections[section!.key]!.append(
      cells.map { cell in
        switch cell {
        case .none: ""
        case .text(let text): text
        case .number(let number): String(number)
        case .money(let minor, _): String(minor)
        case .rate(let thousandths, _): String(thousandths)
        case .percent(let hundredths): String(hundredths)
        case .day(let day): day.calendarText
        case .time(let time): rfc3339(time)
        }
      })
  }
  func endSection() {}
  func end(_ provenance: Provenance) {}
}

enum Seed {
  /// Random, and told when a test fails; `PINVAULT_SEED` sets it.
  static let value = SeededGenerator.replayed ?? UInt64.random(in: 1 ... .max)
}
