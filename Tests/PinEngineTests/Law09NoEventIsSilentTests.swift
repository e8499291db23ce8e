import PinWords
import Testing

@testable import PinEngine

@Suite("Law 9: every change names its actor, its time and its cause")
struct Law09NoEventIsSilentTests {
  @Test("Each request that changes something is one event of the asker's, under its id, at the time of the answer")
  func everyChange() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let clerk = try await bench.actor("clerk", .clerk)
    let keeper = try await bench.actor("keeper", .stockKeeper)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 100)
    let line = Line(product: product, count: 2)
    let (sale, hold, other, doubt) = (bench.id(), bench.id(), bench.id(), bench.id())
    let later = bench.clock.nowMilliseconds() + 90_000
    func change(_ first: UInt64) -> StockChange {
      StockChange(id: bench.id(), extents: [Extent(first: CardID(first), count: 1)], reason: "seen")
    }
    let steps: [(Command, ActorID, EventKind)] = [
      (.vend(Vend(id: sale, line: line)), till, .vended),
      (.vend(Vend(id: sale, line: line)), till, .opened),
      (.reserve(Reserve(id: hold, holdSeconds: 60, lines: [line])), till, .reserved),
      (.extend(Extend(reservation: hold, deadlineMilliseconds: later)), clerk, .extended),
      (.dispense(hold), till, .dispensed),
      (.reprint(Reprint(reservation: hold)), clerk, .opened),
      (.confirm(hold), till, .confirmed),
      (.reserve(Reserve(id: other, holdSeconds: 60, lines: [line])), till, .reserved),
      (.release(other), till, .released),
      (.vend(Vend(id: doubt, line: line)), till, .vended),
      (.reverse(doubt), clerk, .reversed),
      (.settle(Settle(id: bench.id(), reservation: doubt, reason: "printed")), keeper, .settled),
      (.return(Return(id: bench.id(), reservation: sale)), clerk, .returned),
      (.reinventory(change(1)), keeper, .reinventoried),
      (.withdraw(change(50)), keeper, .withdrawn),
      (.freeze(ProductStop(id: bench.id(), product: product, reason: "recall")), keeper, .productFrozen),
      (.thaw(ProductStop(id: bench.id(), product: product, reason: "over")), keeper, .productThawed),
      (.closeShift(bench.id()), till, .shiftClosed),
    ]
    for (command, actor, kind) in steps {
      bench.clock.advance(milliseconds: 7)
      let answered = await bench.engine.perform(command, as: actor)
      #expect(answered.outcome.refusal == nil, "\(kind): \(answered.outcome)")
      let events = try bench.events(from: answered.sequence)
      #expect(events.count == 1)
      let event = try #require(events.first)
      #expect(event.kind == kind && event.actor == actor && event.id == command.subject)
      #expect(event.timeMilliseconds == bench.clock.nowMilliseconds())
      #expect(event.timeMilliseconds == answered.timeMilliseconds)
    }
  }

  @Test("What time makes due is the store's own event")
  func whatTimeDoes() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1)
    let hold = bench.id()
    _ = await bench.ask(
      .reserve(Reserve(id: hold, holdSeconds: 1, lines: [Line(product: product, count: 1)])), as: till)
    for (wait, kind) in [(1000, EventKind.expired), (UInt64(90 * 86_400_000), .forgotten)] {
      bench.clock.advance(milliseconds: wait)
      _ = await bench.ask(.lookUp(hold), as: till)
      let event = try #require(try bench.events(from: bench.engine.headSequence).first)
      #expect(event.kind == kind && event.actor == .store && event.id == hold)
      #expect(event.timeMilliseconds == bench.clock.nowMilliseconds())
    }
  }

  @Test("Looking, and what is refused, is no event")
  func looking() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let before = bench.engine.headSequence
    for command in [Command.lookUp(bench.id()), .stock(nil), .stock(product), .actors, .dispense(bench.id())] {
      _ = await bench.ask(command, as: bench.administrator)
    }
    #expect(bench.engine.headSequence == before)
  }
}

extension Command {
  /// The id its event is under: the reservation's, or the change's own.
  fileprivate var subject: RequestID? {
    switch self {
    case .vend(let vend): vend.id
    case .reserve(let reserve): reserve.id
    case .dispense(let id), .confirm(let id), .release(let id), .reverse(let id), .closeShift(let id): id
    case .extend(let extend): extend.reservation
    case .reprint(let reprint): reprint.reservation
    case .return(let request): request.id
    case .reinventory(let change), .withdraw(let change): change.id
    case .settle(let settle): settle.id
    case .freeze(let stop), .thaw(let stop): stop.id
    default: nil
    }
  }
}
