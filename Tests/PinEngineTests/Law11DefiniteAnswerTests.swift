import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

@Suite("Law 11: every request gets a definite answer")
struct Law11DefiniteAnswerTests {
  @Test("A refusal leaves no record: the id can be used for something else, and nothing has happened")
  func refusalLeavesNothing() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 2)
    let before = bench.engine.headSequence
    let level = try await bench.level(product)
    let id = bench.id()
    let many = Line(product: product, count: 3)
    let change = StockChange(id: id, extents: [Extent(first: CardID(1), count: 1)], reason: "seen")
    let refused: [(Command, ActorID)] = [
      (.vend(Vend(id: id, line: many)), clerk), (.reserve(Reserve(id: id, holdSeconds: 9, lines: [many])), clerk),
      (.dispense(id), clerk), (.confirm(id), clerk), (.release(id), clerk), (.reprint(Reprint(reservation: id)), clerk),
      (.return(Return(id: id, reservation: bench.id())), clerk), (.reinventory(change), bench.administrator),
      (.settle(Settle(id: id, reservation: bench.id(), reason: "seen")), bench.administrator),
      (.freeze(ProductStop(id: id, product: ProductID(9), reason: "recall")), bench.administrator),
      (.withdraw(change), clerk), (.closeShift(.zero), clerk),
    ]
    for (command, actor) in refused {
      #expect(await bench.ask(command, as: actor).refusal != nil, "\(command)")
      #expect(await bench.ask(.lookUp(id), as: clerk).refusal == .unknownID)
    }
    #expect(bench.engine.headSequence == before)
    #expect(try await bench.level(product) == level)
    #expect(await bench.ask(.vend(Vend(id: id, line: Line(product: product, count: 1))), as: clerk).delivery != nil)
  }

  @Test("Without room for changes every change is refused and looking still works; with room again it goes on")
  func storageFull() async throws {
    let isFull = Mutex(false)
    let calls = SystemCalls(
      write: SystemCalls.real.write, syncData: SystemCalls.real.syncData,
      freeBytes: { isFull.withLock { $0 } ? 0 : SystemCalls.real.freeBytes($0) })
    var settings = StoreSettings.small
    settings.systemCalls = calls
    let bench = try Bench(settings: settings)
    let till = try await bench.actor("till", .terminal)
    let auditor = try await bench.actor("auditor", .auditor)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 3)
    let hold = bench.id()
    let line = Line(product: product, count: 1)
    _ = await bench.ask(.reserve(Reserve(id: hold, holdSeconds: 60, lines: [line])), as: till)
    isFull.withLock { $0 = true }
    try bench.restart()
    let changes: [Command] = [
      .vend(Vend(id: bench.id(), line: line)), .dispense(hold), .confirm(hold), .release(hold), .reverse(bench.id()),
      .reverse(hold), .closeShift(bench.id()),
    ]
    bench.clock.advance(milliseconds: 60_000)
    for change in changes { #expect(await bench.ask(change, as: till).refusal == .storageFull) }
    // The role is checked before the room, and the room before what depends on the role.
    #expect(await bench.ask(changes[0], as: auditor).refusal == .notPermitted)
    let endless = Reserve(id: bench.id(), holdSeconds: 0, lines: [line])
    #expect(await bench.ask(.reserve(endless), as: till).refusal == .storageFull)
    #expect(await bench.ask(.lookUp(hold), as: till).state == nil)
    guard case .found(.reservation(let found)) = await bench.ask(.lookUp(hold), as: till) else {
      Issue.record("looking does not work")
      return
    }
    #expect(found.state == .expired, "dead from its deadline on, though its cards wait for room to go back")
    #expect(try await bench.level(product).reserved == 1)
    isFull.withLock { $0 = false }
    try bench.restart()
    #expect(await bench.ask(.dispense(hold), as: till).refusal == .deadlinePassed)
    #expect(await bench.ask(changes[0], as: till).delivery != nil)
  }

  @Test("A full queue answers busy and a stopped engine stopping, each with when to try again")
  func busyAndStopping() async throws {
    var settings = StoreSettings.small
    settings.queueLimit = 3
    let bench = try Bench(settings: settings)
    let sink = AnswerSink { _ in }
    let many = (0..<4).map {
      Submission(actor: bench.administrator, command: .stock(nil), ticket: UInt64($0), sink: sink)
    }
    #expect(!bench.engine.submit(many), "all of them or none")
    let engine = bench.engine
    engine.stop()
    let refusal = try #require(await engine.perform(.stock(nil), as: bench.administrator).outcome.refusal)
    #expect(refusal == .stopping)
    #expect(refusal.parts.retryAfterMilliseconds > 0 && refusal.parts.status.disposition == .retry)
  }

  @Test("An outcome that never arrived can be looked up by its id, a sale as well as a change")
  func lookedUp() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 3)
    let (sale, back) = (bench.id(), bench.id())
    let line = Line(product: product, count: 2, discountMinor: 4, taxMinor: 5)
    let sold = Sale(cashier: 6, tender: .card)
    _ = await bench.ask(.vend(Vend(id: sale, sale: sold, line: line)), as: clerk)
    bench.clock.advance(milliseconds: 5)
    _ = await bench.ask(.return(Return(id: back, reservation: sale)), as: clerk)
    try bench.restart()
    guard case .found(.reservation(let found)) = await bench.ask(.lookUp(sale), as: clerk) else {
      Issue.record("not found")
      return
    }
    #expect(found.state == .delivered && found.actor == clerk && found.sale == sold && found.cardCount == 2)
    #expect(found.lines.map(\.line) == [line] && found.lines[0].unitPriceMinor == 1000)
    #expect(found.dispensedAtMilliseconds == bench.clock.nowMilliseconds() - 5)
    let change = await bench.ask(.lookUp(back), as: clerk)
    guard case .found(.change(.return, bench.clock.nowMilliseconds())) = change else {
      Issue.record("\(change)")
      return
    }
  }
}
