import PinWords
import Testing

@testable import PinEngine

@Suite("Looking at PINs again is limited, and so is looking at those that another sold")
struct ReprintLimitTests {
  /// A clerk who may be told five cards again a day, and a till's sales.
  private struct World {
    let bench: Bench
    let clerk: ActorID
    let till: ActorID
    let product: ProductID

    init() async throws {
      bench = try Bench()
      product = try await bench.product("ONE")
      try await bench.stock(product, 300)
      till = try await bench.actor("till", .terminal)
      clerk = try await bench.actor("clerk", .clerk)
      var limits = ActorLimits()
      limits.day.reprints = 5
      let actor = ActorDescription(id: clerk, name: "clerk", roles: .clerk, limits: limits)
      let define = DefineActor(id: bench.id(), actor: actor)
      guard await bench.engine.define(define, as: bench.administrator).answered.outcome.refusal == nil else {
        throw Unexpected(what: "define")
      }
    }

    func vend(_ count: UInt32, _ actor: ActorID) async -> Vend {
      let vend = Vend(id: bench.id(), line: Line(product: product, count: count))
      _ = await bench.ask(.vend(vend), as: actor)
      return vend
    }

    func reserve(_ count: UInt32, _ actor: ActorID) async -> RequestID {
      let id = bench.id()
      _ = await bench.ask(
        .reserve(Reserve(id: id, holdSeconds: 600, lines: [Line(product: product, count: count)])), as: actor)
      return id
    }

    func reprint(_ id: RequestID, from index: UInt32 = 0, _ count: UInt16 = 0) async -> Refusal? {
      await bench.ask(.reprint(Reprint(reservation: id, firstIndex: index, count: count)), as: clerk).refusal
    }

    /// How many more cards the clerk may be told again; asked for with a delivery of a hundred.
    func left(_ large: RequestID) async -> UInt64? {
      guard case .limitReached(.reprintsPerDay, let left, _) = await reprint(large) else { return nil }
      return left
    }
  }

  @Test("Each way to see PINs again counts, however it is asked for; what was refused was not disclosed")
  func everyWay() async throws {
    let world = try await World()
    let large = await world.vend(100, world.till).id
    let small = await world.vend(2, world.till)
    #expect(await world.left(large) == 5)
    #expect(await world.reprint(small.id, from: 1, 1) == nil)
    #expect(await world.left(large) == 4)
    // The till's own request, sent by the clerk.
    #expect(await world.bench.ask(.vend(small), as: world.clerk).refusal == nil)
    #expect(await world.left(large) == 2)
    let held = await world.reserve(2, world.till)
    #expect(await world.bench.ask(.dispense(held), as: world.clerk).refusal == nil)
    #expect(await world.left(large) == 0)
    for command in [
      Command.vend(small), .dispense(held), .reprint(Reprint(reservation: small.id)),
      .dispense(await world.reserve(1, world.till)),
    ] {
      guard case .limitReached(.reprintsPerDay, 0, _) = await world.bench.ask(command, as: world.clerk).refusal else {
        Issue.record("\(command.operation) told a PIN")
        continue
      }
    }
    guard case .found(.reservation(let told)) = await world.bench.ask(.lookUp(large), as: world.clerk) else {
      throw Unexpected(what: "look up")
    }
    #expect(told.printCount == 0)
    let report = try world.bench.engine.verify()
    #expect(report.sound && report.stateDigest == report.replayedDigest, "\(report.problems)")
    try world.bench.restart()
    #expect(await world.left(large) == 0)
    world.bench.clock.advance(milliseconds: 86_400_000)
    #expect(await world.left(large) == 5)
  }

  @Test("A lost answer is asked for again without limit until the sale is confirmed, and only by whoever made it")
  func lostAnswers() async throws {
    let world = try await World()
    let large = await world.vend(100, world.till).id
    let own = await world.vend(3, world.clerk)
    let held = await world.reserve(3, world.clerk)
    for _ in 1...4 {
      #expect(await world.bench.ask(.vend(own), as: world.clerk).refusal == nil)
      #expect(await world.bench.ask(.dispense(held), as: world.clerk).refusal == nil)
    }
    #expect(await world.left(large) == 5)
    #expect(await world.bench.ask(.confirm(own.id), as: world.clerk).refusal == nil)
    #expect(await world.bench.ask(.vend(own), as: world.clerk).refusal == nil)
    #expect(await world.left(large) == 2)
    #expect(await world.bench.ask(.vend(own), as: world.clerk).refusal != nil)
    world.bench.clock.advance(milliseconds: UInt64(world.bench.engine.limits.reversalSeconds) * 1000)
    #expect(await world.left(large) == 5)
    #expect(await world.bench.ask(.dispense(held), as: world.clerk).refusal == nil)
    #expect(await world.left(large) == 2, "a sale that is too old to be reversed counts as confirmed")
  }

  @Test("What a delivery has not told yet is fetched without limit by whoever took it")
  func firstTelling() async throws {
    let world = try await World()
    let large = await world.vend(100, world.till).id
    let mine = await world.reserve(135, world.clerk)
    #expect(await world.bench.ask(.dispense(mine), as: world.clerk).refusal == nil)
    #expect(await world.reprint(mine, from: 128) == nil)
    #expect(await world.left(large) == 5)
    #expect(await world.reprint(mine, from: 130, 5) == nil)
    #expect(await world.left(large) == 0)
  }
}
