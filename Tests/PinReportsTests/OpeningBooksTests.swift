import Foundation
import PinSealing
import PinStore
import PinWords
import Testing

@testable import PinEngine
@testable import PinReports

/// A report that goes on from kept books is the one that was made from the whole journal, byte for byte.
@Suite struct OpeningBooksTests {
  private static let segmentByteCount = 16 << 10

  private func history(_ seed: UInt64, at start: UInt64, steps: Int) async throws -> History {
    var history = try await History(seed: seed, startingAt: start, segmentByteCount: Self.segmentByteCount)
    try await history.go(steps)
    return history
  }

  private func json(
    _ request: ReportRequest, _ view: JournalView, through last: UInt64 = .max, from folder: BooksFolder?
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let run = ReportRun(request, of: view, through: last, openedFrom: folder, to: JSONWriter(TextSink { bytes += $0 }))
    try run.run()
    return bytes
  }

  @Test(arguments: ReportModelTests.places) func reportsAreThoseOfTheWholeJournal(
    _ place: ReportModelTests.Place
  ) async throws {
    let history = try await history(Seed.value, at: place.start, steps: 300)
    let view = try JournalView(of: history.shop.directory)
    let folder = BooksFolder(of: history.shop.directory)
    try folder.bringUpToDate(with: view)
    #expect(view.lastSegment > 3)
    #expect(try folder.latest(of: view)?.segment == view.lastSegment)
    let calendar = try BusinessCalendar(zone: place.zone, dayStarts: place.dayStarts)
    let first = calendar.day(at: place.start)
    for (from, count) in [(0, 60), (4, 1), (9, 7), (17, 2), (20, 30), (50, 9)] as [(UInt32, UInt32)] {
      let period = try ReportPeriod(from: first.adding(days: from), to: first.adding(days: from + count))
      let days = try PeriodDays(period, calendar)
      for kind in ReportKind.allCases where kind.isOfJournal {
        for grouping in [nil] + kind.groupings.map(Optional.some) {
          let request = try ReportRequest(kind, days, by: grouping)
          let (whole, opened) = (try json(request, view, from: nil), try json(request, view, from: folder))
          #expect(opened == whole, "seed \(Seed.value): \(kind) from day \(from), \(count) days")
        }
      }
    }
  }

  @Test func booksThatGrewAreThoseThatWereMadeAtOnce() async throws {
    var history = try await history(Seed.value, at: 1_805_500_000_000, steps: 20)
    let directory = history.shop.directory
    for _ in 1...8 {
      try await history.go(35)
      try BooksFolder(of: directory).bringUpToDate(with: try JournalView(of: directory))
    }
    let view = try JournalView(of: directory)
    #expect(view.lastSegment > 3)
    func files() throws -> [Data] {
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/books").sorted()
      #expect(names.count == Int(view.lastSegment) - 1)
      return try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(directory)/books/\($0)")) }
    }
    let grown = try files()
    try FileManager.default.removeItem(atPath: "\(directory)/books")
    try BooksFolder(of: directory).bringUpToDate(with: view)
    #expect(try files() == grown, "seed \(Seed.value)")
    try BooksFolder(of: directory).bringUpToDate(with: view)
    #expect(try files() == grown)
  }

  /// Also what no report tells today: which products are frozen, and which imports were given up.
  @Test func whatTheJournalHasNamedIsInThem() async throws {
    let shop = try Shop(atMilliseconds: 1_805_500_000_000, segmentByteCount: Self.segmentByteCount)
    let till = try await shop.actor("till", .terminal)
    var products: [ProductID] = []
    for sku in ["A", "B", "C"] {
      products.append(try await shop.product(sku, name: sku, in: "EUR", face: 500, price: 500))
      try await shop.stock(products.last!, 200, unitCost: 400, prefix: sku)
    }
    try await shop.order(products[0], 250, receiving: PurchaseID(1))
    try await shop.stock(products[0], 30, unitCost: 410, prefix: "D", isGivenUp: true)
    for (product, isFrozen) in [(1, true), (2, true), (2, false)] {
      let stop = ProductStop(id: shop.id(), product: products[product], reason: "seen")
      let outcome = await shop.ask(isFrozen ? .freeze(stop) : .thaw(stop), as: shop.administrator)
      guard case .done = outcome else { throw Unexpected(what: "\(outcome)") }
    }
    for _ in 1...180 {
      shop.clock.advance(milliseconds: 1000)
      let vend = Vend(id: shop.id(), line: Line(product: products[0], count: 1))
      guard case .delivery = await shop.ask(.vend(vend), as: till) else { throw Unexpected(what: "vend") }
    }
    let view = try JournalView(of: shop.directory)
    let folder = BooksFolder(of: shop.directory)
    try folder.bringUpToDate(with: view)
    let opening = try #require(try folder.latest(of: view))
    var whole = Bookkeeper(view)
    var events = try view.readAhead()
    while try events.next(), events.sequence <= opening.before.sequence {
      _ = try whole.fold(
        events.event, sequence: events.sequence, timeMilliseconds: events.timeMilliseconds, wantsPostings: true)
    }
    #expect(opening.books.products == whole.books.products && opening.books.actors == whole.books.actors)
    #expect(opening.books.products.values.filter(\.isFrozen).map(\.sku) == ["B"])
    func purchases(_ books: Books) -> [String] {
      books.purchases.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value)" }
    }
    #expect(purchases(opening.books) == purchases(whole.books))
    #expect(opening.books.purchases.values.count { $0.state == .abandoned } == 1)
    #expect(opening.books.purchases.values.count { $0.order != nil } == 1)
    #expect(opening.books.lots.map { "\($0)" } == whole.books.lots.map { "\($0)" })
  }

  @Test func booksOfEventsAfterTheLastThatIsWantedAreNotUsed() async throws {
    let history = try await history(Seed.value, at: 1_805_500_000_000, steps: 200)
    let view = try JournalView(of: history.shop.directory)
    let folder = BooksFolder(of: history.shop.directory)
    try folder.bringUpToDate(with: view)
    let calendar = try BusinessCalendar(zone: "UTC")
    let later = calendar.day(at: view.head.timeMilliseconds).adding(days: 7)
    let days = try PeriodDays(try ReportPeriod(from: later, to: later.adding(days: 1)), calendar)
    // Also up to the last event before a segment, of which the books alone tell when it was.
    let ends = try (2...view.lastSegment).map { try #require(try view.start(ofSegment: $0)).sequence }
    for last in [1, view.head.sequence / 3, view.head.sequence / 2, view.head.sequence] + ends {
      for kind in [ReportKind.cardsAvailable, .shifts] {
        let request = try ReportRequest(kind, days)
        #expect(
          try json(request, view, through: last, from: folder) == json(request, view, through: last, from: nil),
          "seed \(Seed.value), \(kind) through \(last)")
      }
    }
  }

  @Test func oldBooksAreFewerTheOlderTheyAre() async throws {
    let history = try await history(Seed.value, at: 1_805_500_000_000, steps: 300)
    let (directory, view) = (history.shop.directory, try JournalView(of: history.shop.directory))
    let last = view.lastSegment
    let folder = BooksFolder(of: directory, fineSegments: 1)
    try folder.bringUpToDate(with: view)
    func kept() throws -> [UInt64] {
      try FileManager.default.contentsOfDirectory(atPath: "\(directory)/books").compactMap { UInt64($0.prefix(8)) }
        .sorted()
    }
    let few = try kept()
    #expect(few == (2...last).filter { folder.keeps($0, beside: last) })
    #expect(few.last == last && few.count < Int(last) - 1, "of \(last)")
    // From those that are left a report on any day is what it is from the whole journal.
    let calendar = try BusinessCalendar(zone: "UTC")
    for day in stride(from: 0, through: 40, by: 5) as StrideThrough<UInt32> {
      let from = calendar.day(at: 1_805_500_000_000).adding(days: day)
      let days = try PeriodDays(try ReportPeriod(from: from, to: from.adding(days: 3)), calendar)
      for kind in [ReportKind.shifts, .cardsAvailable] {
        let request = try ReportRequest(kind, days)
        #expect(try json(request, view, from: folder) == json(request, view, from: nil), "day \(day), \(kind)")
      }
    }
    // Where there were all of them, those that are not kept go with the next.
    try FileManager.default.removeItem(atPath: "\(directory)/books")
    try BooksFolder(of: directory).bringUpToDate(with: view)
    #expect(try kept() == Array(2...last))
    try FileManager.default.removeItem(atPath: "\(directory)/books/\(String(format: "%08d", last)).books")
    try folder.bringUpToDate(with: view)
    #expect(try kept() == few)
  }

  @Test func whatIsDroppedIsNotMissedLater() {
    let folder = BooksFolder(of: "")
    for last in 1...2000 as ClosedRange<UInt64> {
      let kept = (1...last).filter { folder.keeps($0, beside: last) }
      // All of the last 64; of twice as old ones half as many.
      #expect(kept.filter { $0 + 64 > last }.count == Int(min(64, last)))
      #expect(kept.count <= 64 + 64 * 5)
      #expect(kept.allSatisfy { folder.keeps($0, beside: last - 1) || $0 == last })
    }
  }

  /// Changes the last books, and says what a report of the last days then is, and was before.
  private func lastBooks(
    changedBy change: (inout [UInt8]) throws -> Void
  ) async throws -> (changed: [UInt8]?, before: [UInt8], view: JournalView, directory: History) {
    let history = try await history(Seed.value, at: 1_805_500_000_000, steps: 200)
    let directory = history.shop.directory
    let view = try JournalView(of: directory)
    let folder = BooksFolder(of: directory)
    try folder.bringUpToDate(with: view)
    let calendar = try BusinessCalendar(zone: "UTC")
    let last = calendar.day(at: view.head.timeMilliseconds).adding(days: 1)
    let request = try ReportRequest(
      .totals, try PeriodDays(try ReportPeriod(from: last, to: last.adding(days: 1)), calendar))
    let before = try json(request, view, from: folder)
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/books").max())
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/books/\(name)")))
    try change(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/books/\(name)"))
    return (try? json(request, view, from: folder), before, view, history)
  }

  @Test func whatIsDamagedOrOfAnotherHistoryCountsForNothing() async throws {
    let changes: [(inout [UInt8]) throws -> Void] = [
      { $0[$0.count - 1] ^= 1 }, { $0.removeLast() }, { $0 = [] }, { $0.append(0) },
      { bytes in
        var opening = try #require(OpeningBooks(bytes))
        opening.books.accounts[0].regular += 1
        opening.before.sequence -= 1
        bytes = opening.encoded
      },
      { bytes in
        var opening = try #require(OpeningBooks(bytes))
        opening.books.accounts[0].regular += 1
        opening.before.chain = .zero
        bytes = opening.encoded
      },
      { bytes in
        var opening = try #require(OpeningBooks(bytes))
        opening.books.accounts[0].regular += 1
        opening.segment -= 1
        bytes = opening.encoded
      },
    ]
    for (number, change) in changes.enumerated() {
      let told = try await lastBooks(changedBy: change)
      #expect(told.changed == told.before, "change \(number), seed \(Seed.value)")
    }
  }

  @Test func onlyAWholeFileIsTaken() async throws {
    let history = try await history(Seed.value, at: 1_805_500_000_000, steps: 120)
    let directory = history.shop.directory
    try BooksFolder(of: directory).bringUpToDate(with: try JournalView(of: directory))
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/books").max())
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/books/\(name)")))
    #expect(OpeningBooks(file)?.encoded == file)
    for offset in Array(stride(from: 0, to: file.count, by: 53)) + [31, 32, file.count - 1] {
      var changed = file
      changed[offset] ^= 1 << UInt8(offset % 8)
      #expect(OpeningBooks(changed) == nil, "a bit of byte \(offset) of \(file.count)")
      #expect(OpeningBooks(Array(file[..<offset])) == nil, "the first \(offset) bytes of \(file.count)")
    }
    // Nor what is longer, or shorter, and right by its hash.
    func hashed(_ content: [UInt8]) -> [UInt8] { SHA256Hasher.sha256(of: content.span.bytes).bytes + content }
    let content = Array(file[Digest256.byteCount...])
    #expect(OpeningBooks(hashed(content)) != nil)
    #expect(OpeningBooks(hashed(content + [0])) == nil && OpeningBooks(hashed(content.dropLast())) == nil)
  }

  @Test func booksAreReadAndACheckDoesWithoutThem() async throws {
    // Well-formed books that are not the journal's: a report that is made from them shows it, and the check tells.
    let told = try await lastBooks { bytes in
      var opening = try #require(OpeningBooks(bytes))
      opening.books.accounts[0].regular += 1
      bytes = opening.encoded
    }
    let changed = try #require(told.changed)
    #expect(changed != told.before)
    guard case .differs = try ReportCheck.check(Data(changed), against: told.view) else {
      Issue.record("the check has not seen it")
      return
    }
    guard case .same = try ReportCheck.check(Data(told.before), against: told.view) else {
      Issue.record("the right report is not what the journal says")
      return
    }
  }
}
