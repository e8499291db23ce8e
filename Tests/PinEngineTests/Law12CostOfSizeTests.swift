import PinWords
import Testing

@testable import PinEngine

@Suite("Law 12: what a reservation costs does not depend on its size")
struct Law12CostOfSizeTests {
  @Test("Holding, extending, dispensing, reversing and settling 10,000 cards writes what one card's does")
  func everyStep() async throws {
    let bench = try Bench()
    let shop = try await bench.actor("shop", .storefront)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 10_010)
    func cost(_ count: UInt32) async throws -> [UInt64] {
      let id = bench.id()
      let lines = [Line(product: product, count: count)]
      let later = bench.clock.nowMilliseconds() + 90_000
      let steps: [(Command, ActorID)] = [
        (.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), shop),
        (.extend(Extend(reservation: id, deadlineMilliseconds: later)), shop), (.dispense(id), shop),
        (.reverse(id), shop), (.settle(Settle(id: bench.id(), reservation: id, reason: "seen")), bench.administrator),
      ]
      var costs: [UInt64] = []
      for (command, actor) in steps {
        let before = bench.engine.store.counters.journalBytes
        #expect(await bench.ask(command, as: actor).refusal == nil)
        costs.append(bench.engine.store.counters.journalBytes - before)
      }
      costs.append(try bench.engine.verify().extents)
      return costs
    }
    let one = try await cost(1)
    let many = try await cost(10_000)
    #expect(Array(one.dropLast()) == Array(many.dropLast()))
    #expect(try #require(many.last) == one.last! + 1, "an extent more, however many cards it has")
  }
}
