import PinWords
import Testing

@testable import PinEngine

@Suite("Cards go out exactly once")
struct VendTests {
  @Test("A vend hands out the PIN that was imported, and its repeat the same, marked and counted as a print")
  func vendAndRepeat() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ACME-10")
    try await bench.stock(product, 3)
    let id = bench.id()
    let vend = Command.vend(Vend(id: id, sale: Sale(cashier: 4, tender: .cash), line: Line(product: product, count: 1)))
    let first = await bench.engine.perform(vend, as: till)
    let delivery = try #require(first.outcome.delivery)
    #expect(!first.isRepeat)
    #expect(delivery.printCount == 0 && delivery.totalCount == 1 && delivery.state == .delivered)
    let card = try #require(try bench.engine.cards(of: delivery).first)
    #expect(card.serial == "A0" && card.pin.text == Bench.pin("A", 0))

    let again = await bench.engine.perform(vend, as: till)
    #expect(again.isRepeat)
    let repeated = try #require(again.outcome.delivery)
    #expect(try bench.engine.cards(of: repeated).map(\.pin) == [card.pin])
    #expect(repeated.printCount == 1)
    let third = try #require(await bench.ask(vend, as: till).delivery)
    #expect(third.printCount == 2)
    let level = try await bench.level(product)
    #expect(level.regular == 2 && level.delivered == 1)

    try bench.restart()
    let afterRestart = try #require(await bench.ask(vend, as: till).delivery)
    #expect(try bench.engine.cards(of: afterRestart).map(\.pin) == [card.pin])
  }

  @Test("The same id with other content is refused, naming the field that differs")
  func idReused() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let other = try await bench.actor("other", .terminal)
    let product = try await bench.product("ACME-10")
    try await bench.stock(product, 3)
    let id = bench.id()
    func vend(_ count: UInt32 = 1, cashier: UInt32 = 0, tax: UInt64 = 0) -> Command {
      .vend(Vend(id: id, sale: Sale(cashier: cashier), line: Line(product: product, count: count, taxMinor: tax)))
    }
    #expect(await bench.ask(vend(), as: till).delivery != nil)
    #expect(await bench.ask(vend(2), as: till).refusal == .idReused(.count))
    #expect(await bench.ask(vend(cashier: 1), as: till).refusal == .idReused(.cashier))
    #expect(await bench.ask(vend(tax: 5), as: till).refusal == .idReused(.tax))
    #expect(await bench.ask(vend(), as: other).refusal == .notYours)
    let reserve = Command.reserve(Reserve(id: id, holdSeconds: 60, lines: [Line(product: product, count: 1)]))
    #expect(await bench.ask(reserve, as: till).refusal == .idReused(.operation))
  }

  @Test("A reservation is granted whole or not at all, and lines on one product count against the same stock")
  func allOrNothing() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let one = try await bench.product("ONE")
    let two = try await bench.product("TWO")
    try await bench.stock(one, 5, prefix: "A")
    try await bench.stock(two, 1, prefix: "B")
    func reserve(_ lines: [Line]) -> Command { .reserve(Reserve(id: bench.id(), holdSeconds: 60, lines: lines)) }
    let tooMany = reserve([Line(product: one, count: 1), Line(product: two, count: 2)])
    #expect(await bench.ask(tooMany, as: till).refusal == .insufficientStock(two, available: 1))
    let shared = reserve([Line(product: one, count: 3), Line(product: one, count: 3)])
    #expect(await bench.ask(shared, as: till).refusal == .insufficientStock(one, available: 5))
    let fits = await bench.ask(reserve([Line(product: one, count: 3), Line(product: one, count: 2)]), as: till)
    #expect(fits.state == .held)
    let level = try await bench.level(one)
    #expect(level.regular == 0 && level.reserved == 5)
  }

  @Test("A hold goes back as it was when its deadline passes, and is dead from that moment")
  func expiry() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 4)
    let id = bench.id()
    #expect(
      await bench.ask(.reserve(Reserve(id: id, holdSeconds: 10, lines: [Line(product: product, count: 4)])), as: till)
        .state == .held)
    bench.clock.advance(milliseconds: 9_999)
    #expect(
      await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 1))), as: till).refusal
        == .insufficientStock(product, available: 0))
    bench.clock.advance(milliseconds: 1)
    #expect(await bench.ask(.dispense(id), as: till).refusal == .deadlinePassed)
    let level = try await bench.level(product)
    #expect(level.regular == 4 && level.reserved == 0)
    let vended = await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 4))), as: till)
    #expect(vended.delivery?.slices.count == 1, "what went back is one extent again")
  }

  @Test("A reversal settles whatever became of its request")
  func reversals() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 4)
    let line = Line(product: product, count: 1)

    let late = bench.id()
    #expect(await bench.ask(.reverse(late), as: till).state == .reversed)
    #expect(await bench.ask(.vend(Vend(id: late, line: line)), as: till).refusal == .wrongState(.reversed))

    let held = bench.id()
    _ = await bench.ask(.reserve(Reserve(id: held, holdSeconds: 10, lines: [line])), as: till)
    #expect(await bench.ask(.reverse(held), as: till).state == .reversed)
    #expect(await bench.ask(.reverse(held), as: till).state == .reversed)
    #expect(await bench.ask(.dispense(held), as: till).refusal == .wrongState(.reversed))

    let delivered = bench.id()
    _ = await bench.ask(.vend(Vend(id: delivered, line: line)), as: till)
    #expect(await bench.ask(.reverse(delivered), as: till).state == .quarantined)
    #expect(await bench.ask(.reverse(delivered), as: till).state == .quarantined)
    let repeated = try #require(await bench.ask(.vend(Vend(id: delivered, line: line)), as: till).delivery)
    #expect(repeated.state == .quarantined && repeated.slices.isEmpty)

    let confirmed = bench.id()
    _ = await bench.ask(.vend(Vend(id: confirmed, line: line)), as: till)
    #expect(await bench.ask(.confirm(confirmed), as: till).state == .confirmed)
    #expect(await bench.ask(.confirm(confirmed), as: till).state == .confirmed)
    #expect(await bench.ask(.reverse(confirmed), as: till).refusal == .final)

    let old = bench.id()
    _ = await bench.ask(.vend(Vend(id: old, line: line)), as: till)
    bench.clock.advance(milliseconds: UInt64(bench.engine.limits.reversalSeconds) * 1000)
    #expect(await bench.ask(.reverse(old), as: till).refusal == .final)
    let level = try await bench.level(product)
    #expect(level.regular == 1 && level.quarantined == 1 && level.delivered == 2)
  }

  @Test("A returned card is used stock, sold only to who asks for it, and regular again only by re-inventory")
  func returns() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE", price: 1000)
    try await bench.stock(product, 3)
    let sale = bench.id()
    let line = Line(product: product, count: 3, discountMinor: 100)
    let sold = try #require(await bench.ask(.vend(Vend(id: sale, line: line)), as: till).delivery)
    let first = sold.slices[0].extent.first
    let request = Return(
      id: bench.id(), reservation: sale, extents: [Extent(first: CardID(first.rawValue + 1), count: 1)])
    #expect(await bench.ask(.return(request), as: till).refusal == .notPermitted)
    guard case .returned(let credits) = await bench.ask(.return(request), as: clerk) else {
      Issue.record("not returned")
      return
    }
    #expect(
      credits.map(\.cards) == [1] && credits.map(\.amountMinor) == [966],
      "a third of the discount, rounded up, comes off")
    let repeated = await bench.engine.perform(.return(request), as: clerk)
    #expect(repeated.isRepeat)
    let left = try #require(await bench.ask(.vend(Vend(id: sale, line: line)), as: till).delivery)
    #expect(left.openedCount == 2 && left.totalCount == 3, "the card that came back is not opened again")

    let used = Line(product: product, count: 1, condition: .used)
    #expect(await bench.ask(.vend(Vend(id: bench.id(), line: used)), as: till).refusal == .notPermitted)
    #expect(
      await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 1))), as: till).refusal
        == .insufficientStock(product, available: 0))
    let resale = bench.id()
    #expect(await bench.ask(.vend(Vend(id: resale, line: used)), as: clerk).delivery?.openedCount == 1)
    guard case .returned = await bench.ask(.return(Return(id: bench.id(), reservation: resale)), as: clerk) else {
      Issue.record("not returned")
      return
    }
    let change = StockChange(id: bench.id(), extents: [Extent(first: first, count: 3)], reason: "seal intact")
    guard case .moved(let cards) = await bench.ask(.reinventory(change), as: bench.administrator) else {
      Issue.record("not moved")
      return
    }
    #expect(cards == 1)
    let level = try await bench.level(product)
    #expect(level.regular == 1 && level.used == 0 && level.delivered == 2)
  }

  @Test("Reserving ten thousand cards of an unbroken lot writes as many records as reserving one")
  func costDoesNotDependOnSize() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 10_100)
    func bytes(_ count: UInt32) async -> UInt64 {
      let before = bench.engine.store.counters.journalBytes
      let reserve = Reserve(id: bench.id(), holdSeconds: 60, lines: [Line(product: product, count: count)])
      #expect(await bench.ask(.reserve(reserve), as: till).state == .held)
      return bench.engine.store.counters.journalBytes - before
    }
    let one = await bytes(1)
    let many = await bytes(10_000)
    #expect(one == many)
  }
}
