import PinWords
import Testing

@testable import PinEngine

@Suite("The books balance")
struct BooksTests {
  @Test("A sale with a discount and its reversal come to nothing in the shift, whatever its lines are")
  func reversalOfDiscountedSales() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let one = try await bench.product("ONE", price: 1000)
    let two = try await bench.product("TWO", price: 333)
    try await bench.stock(two, 9, prefix: "A")
    try await bench.stock(one, 9, prefix: "B")
    try await bench.stock(one, 9, prefix: "C")
    let vended = bench.id()
    _ = await bench.ask(.vend(Vend(id: vended, line: Line(product: one, count: 1, discountMinor: 100))), as: till)
    #expect(await bench.ask(.reverse(vended), as: till).state == .quarantined)
    let cart = bench.id()
    let lines = [
      Line(product: one, count: 10, discountMinor: 1001), Line(product: two, count: 3, discountMinor: 1),
      Line(product: one, count: 2, discountMinor: 1),
    ]
    _ = await bench.ask(.reserve(Reserve(id: cart, holdSeconds: 60, lines: lines)), as: till)
    #expect(await bench.ask(.dispense(cart), as: till).delivery != nil)
    #expect(await bench.ask(.reverse(cart), as: till).state == .quarantined)
    guard case .shift(let shift) = await bench.ask(.shiftTotals, as: till) else { throw Unexpected(what: "shift") }
    let total = try #require(shift.totals.first)
    #expect(total.cards == 16 && total.reversedCards == 16 && total.reversals == 2)
    #expect(total.discountMinor == 1103)
    #expect(total.grossMinor == total.discountMinor + total.reversedMinor)
  }

  @Test("A reversed sale that is settled counts as sold again, on its own date and for what is left of it")
  func settlement() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let keeper = try await bench.actor("keeper", .stockKeeper)
    let product = try await bench.product("ONE", price: 1000)
    let first = try await bench.stock(product, 4).extent.first
    let id = bench.id()
    let line = Line(product: product, count: 4, discountMinor: 401, taxMinor: 7)
    _ = await bench.ask(.vend(Vend(id: id, line: line)), as: till)
    #expect(await bench.ask(.reverse(id), as: till).state == .quarantined)
    guard case .shift = await bench.ask(.closeShift(bench.id()), as: till) else { throw Unexpected(what: "close") }
    let gone = StockChange(id: bench.id(), extents: [Extent(first: first, count: 1)], reason: "torn")
    _ = await bench.ask(.withdraw(gone), as: keeper)
    let settle = Settle(id: bench.id(), reservation: id, reason: "it was printed")
    for _ in 0..<2 {
      guard case .moved(3) = await bench.ask(.settle(settle), as: keeper) else { throw Unexpected(what: "settle") }
      guard case .shift(let shift) = await bench.ask(.shiftTotals, as: till) else { throw Unexpected(what: "shift") }
      let total = try #require(shift.totals.first)
      #expect(total.sales == 1 && total.cards == 3 && total.reversals == 0)
      #expect(total.grossMinor == 3000 && total.discountMinor == 301 && total.taxMinor == 0)
    }
    guard case .shift(let others) = await bench.ask(.shiftTotals, as: keeper) else { return }
    #expect(others.totals.isEmpty)
  }

  @Test("What was returned before counts as returned, and what is left as reversed")
  func reversalAfterReturn() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE", price: 1000)
    let first = try await bench.stock(product, 4).extent.first
    let id = bench.id()
    let line = Line(product: product, count: 4, discountMinor: 400)
    _ = await bench.ask(.vend(Vend(id: id, line: line)), as: clerk)
    let part = [Extent(first: CardID(first.rawValue + 1), count: 1)]
    guard case .returned = await bench.ask(.return(Return(id: bench.id(), reservation: id, extents: part)), as: clerk)
    else { throw Unexpected(what: "return") }
    #expect(await bench.ask(.reverse(id), as: clerk).state == .quarantined)
    guard case .shift(let shift) = await bench.ask(.shiftTotals, as: clerk) else { throw Unexpected(what: "shift") }
    let total = try #require(shift.totals.first)
    #expect(total.returnedCards == 1 && total.returnedMinor == 900)
    #expect(total.reversedCards == 3 && total.reversedMinor == 2700)
  }
}
