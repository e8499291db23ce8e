import PinWords
import Testing

@testable import PinEngine

@Suite("A print is counted for PINs that were told before, and for no others")
struct PrintCountTests {
  @Test("Cards are told in their order, and an answer ends where those told before do")
  func tellingInOrder() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 300)
    let id = bench.id()
    let lines = [Line(product: product, count: 300)]
    _ = await bench.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), as: till)
    let told = try #require(await bench.ask(.dispense(id), as: till).delivery)
    #expect(told.nextIndex == 128 && told.printCount == 0)
    func reprint(_ first: UInt32, _ count: UInt16) async -> Outcome {
      await bench.ask(.reprint(Reprint(reservation: id, firstIndex: first, count: count)), as: till)
    }
    #expect(await reprint(129, 1).refusal == .invalid(.index))
    #expect(await reprint(290, 5).refusal == .invalid(.index))
    let across = try #require(await reprint(120, 20).delivery)
    #expect(across.openedCount == 8 && across.nextIndex == 128 && across.printCount == 1)
    let next = try #require(await reprint(128, 5).delivery)
    // However often the first part was printed, these are new: their receipt is no duplicate.
    #expect(next.openedCount == 5 && next.nextIndex == 133 && next.printCount == 0)
    let again = try #require(await reprint(128, 5).delivery)
    #expect(again.printCount == 2)
    let rest = try #require(await reprint(133, 0).delivery)
    #expect(rest.openedCount == 128 && rest.nextIndex == 261)
    #expect(try #require(await reprint(261, 0).delivery).nextIndex == 300)
    guard case .found(.reservation(let found)) = await bench.ask(.lookUp(id), as: till) else {
      throw Unexpected(what: "look up")
    }
    #expect(found.openedCount == 300 && found.printCount == 2)
    #expect(try bench.engine.verify().sound)
  }

  @Test("Cards that came back before they were told are passed over")
  func passingOver() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    let first = try await bench.stock(product, 300).extent.first.rawValue
    let id = bench.id()
    let lines = [Line(product: product, count: 300)]
    _ = await bench.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), as: clerk)
    _ = await bench.ask(.dispense(id), as: clerk)
    let back = Return(id: bench.id(), reservation: id, extents: [Extent(first: CardID(first + 128), count: 128)])
    guard case .returned = await bench.ask(.return(back), as: clerk) else { throw Unexpected(what: "return") }
    let passed = try #require(await bench.ask(.reprint(Reprint(reservation: id, firstIndex: 128)), as: clerk).delivery)
    #expect(passed.openedCount == 0 && passed.nextIndex == 256)
    let last = try #require(await bench.ask(.reprint(Reprint(reservation: id, firstIndex: 256)), as: clerk).delivery)
    #expect(last.openedCount == 44 && last.nextIndex == 300 && last.printCount == 0)
  }
}
