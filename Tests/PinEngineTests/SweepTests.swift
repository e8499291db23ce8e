import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("Due holds are expired in bounded number before each batch")
struct SweepTests {
  @Test("While more holds are due than one sweep takes, a shortage answers busy and not out of stock")
  func busyWhileMoreAreDue() async throws {
    let bench = try Bench(settings: .sweepingOneABatch)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 3)
    for _ in 0..<3 {
      let reserve = Reserve(id: bench.id(), holdSeconds: 10, lines: [Line(product: product, count: 1)])
      #expect(await bench.ask(.reserve(reserve), as: till).state == .held)
    }
    func vend(_ count: UInt32) -> Command { .vend(Vend(id: bench.id(), line: Line(product: product, count: count))) }
    #expect(await bench.ask(vend(1), as: till).refusal == .insufficientStock(product, available: 0))
    bench.clock.advance(milliseconds: 10_000)
    let answers = await bench.ask(all: [(vend(3), till), (vend(1), till)])
    #expect(answers[0].outcome.refusal == .busy(retryAfterMilliseconds: 10))
    #expect(answers[1].outcome.delivery != nil, "what the first sweep freed can be had at once")
    let asked = vend(2)
    var outcome = await bench.ask(asked, as: till)
    for _ in 0..<10 where outcome.delivery == nil {
      #expect(outcome.refusal == .busy(retryAfterMilliseconds: 10))
      outcome = await bench.ask(asked, as: till)
    }
    #expect(outcome.delivery?.openedCount == 2)
    #expect(await bench.ask(vend(1), as: till).refusal == .insufficientStock(product, available: 0))
  }

  @Test("One sweep makes at most its limit of events, and all that is due is expired in the end")
  func bounded() async throws {
    var settings = StoreSettings.small
    settings.sweepLimit = 10
    settings.checkpointIdleMilliseconds = 3_600_000
    let bench = try Bench(settings: settings)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 100)
    var holds: [(command: Command, actor: ActorID)] = []
    for _ in 0..<100 {
      holds.append(
        (.reserve(Reserve(id: bench.id(), holdSeconds: 10, lines: [Line(product: product, count: 1)])), till))
    }
    _ = await bench.ask(all: holds)
    let before = bench.engine.headSequence
    bench.clock.advance(milliseconds: 10_000)
    let level = try await bench.level(product)
    #expect(level.regular == 10 && level.reserved == 90)
    for _ in 0..<1000 where try await bench.level(product).reserved > 0 {}
    #expect(try await bench.level(product).regular == 100)
    #expect(bench.engine.headSequence == before + 100)
    #expect(try bench.engine.verify().sound)
  }

  @Test("A hold that was extended, dispensed or released is not touched when its old deadline comes")
  func staleDeadlines() async throws {
    var table = try await StatusTable(bench: try Bench())
    try await table.run(
      """
      == old deadlines
      stock P 9
      till reserve a 10 P 1                                => held 1
      till reserve b 10 P 1                                => held 1
      till reserve c 10 P 1                                => held 1
      till reserve d 10 P 1                                => held 1
      till extend a 30                                     => held
      till dispense b                                      => delivered 1/1
      till release c                                       => released
      till extend d 30                                     => held
      till extend d 10                                     => held
      pass 10
      till look-up a                                       => found held 1
      till look-up b                                       => found delivered 1
      till look-up c                                       => found released 1
      till look-up d                                       => found expired 1
      pass 20
      till look-up a                                       => found expired 1
      till stock-of P                                      => 8 regular, 1 delivered
      """)
    #expect(try table.bench.engine.verify().sound)
  }
}

@Suite("A card that expires in its hold is not handed out")
struct ExpiredInHoldTests {
  @Test("Dispense says that the reservation must be given up, and giving it up works")
  func expiredInHold() async throws {
    let bench = try Bench()
    let shop = try await bench.actor("shop", .storefront)
    let product = try await bench.product("ONE")
    let today = Day(atMilliseconds: bench.clock.nowMilliseconds())
    try await bench.stock(product, 2, expiry: today.adding(days: 1))
    let id = bench.id()
    let lines = [Line(product: product, count: 1)]
    #expect(await bench.ask(.reserve(Reserve(id: id, holdSeconds: 0, lines: lines)), as: shop).state == .held)
    bench.clock.advance(milliseconds: 86_400_000)
    let other = bench.id()
    #expect(await bench.ask(.reserve(Reserve(id: other, holdSeconds: 0, lines: lines)), as: shop).state == .held)
    #expect(await bench.ask(.dispense(other), as: shop).delivery != nil, "good through its last day")
    bench.clock.advance(milliseconds: 86_400_000)
    #expect(await bench.ask(.dispense(id), as: shop).refusal == .withdrawn)
    #expect(await bench.ask(.release(id), as: shop).state == .released)
  }
}
