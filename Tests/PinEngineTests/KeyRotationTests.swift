import PinSealing
import PinWords
import Testing

@testable import PinEngine

@Suite("An actor's keys are changed one after the other, without a stop")
struct KeyRotationTests {
  /// A till, and the administrator who changes its keys.
  private struct World {
    let bench: Bench
    let till: ActorID

    init() async throws {
      bench = try Bench()
      till = try await bench.actor("till", .terminal)
    }

    var actor: Catalogue.Actor { bench.engine.catalogue.actor(till)! }

    @discardableResult
    func change(_ change: KeyChange, id: RequestID? = nil) async -> (refusal: Refusal?, key: SecretKey?) {
      let actor = ActorDescription(id: till, name: "till", roles: .terminal)
      let define = DefineActor(id: id ?? bench.id(), actor: actor, keyChange: change)
      let (answered, key) = await bench.engine.define(define, as: bench.administrator)
      return (answered.outcome.refusal, key)
    }

    /// Whether a session that was opened with a key is served.
    func serves(_ number: UInt64) async -> Bool {
      await bench.engine.perform(.shiftTotals, as: till, keyNumber: number).outcome.refusal == nil
    }

    func told() async -> OldKey? {
      guard case .actors(let actors) = await bench.ask(.actors, as: bench.administrator) else { return nil }
      return actors.first { $0.id == till }?.oldKey
    }
  }

  @Test("Both keys work until the old one is told to end, through restarts; the new one goes on")
  func rotated() async throws {
    let world = try await World()
    let first = world.actor.key
    let id = world.bench.id()
    let rotation = await world.change(.rotate(oldKeyEndsAtMilliseconds: 0), id: id)
    let made = try #require(rotation.key)
    #expect(await world.change(.rotate(oldKeyEndsAtMilliseconds: 0), id: id).key == nil, "told once")
    for _ in 1...2 {
      let second = world.actor.key
      #expect(second.number != first.number && world.actor.oldKey?.number == first.number)
      #expect(second.secret.withBytes { Array($0) } == made.withBytes { Array($0) })
      #expect(world.actor.oldKey?.secret.withBytes { Array($0) } == first.secret.withBytes { Array($0) })
      #expect(await world.serves(first.number))
      #expect(await world.serves(second.number))
      #expect(await world.told() == OldKey(endsAtMilliseconds: 0))
      try world.bench.restart()
    }
    let second = world.actor.key.number
    #expect(await world.change(.endOldKey(atMilliseconds: 0)).refusal == nil)
    for _ in 1...2 {
      #expect(await !world.serves(first.number))
      #expect(await world.serves(second))
      #expect(await world.told() == nil && world.actor.oldKey == nil)
      try world.bench.restart()
    }
    #expect(await world.change(.endOldKey(atMilliseconds: 0)).refusal == nil, "there is none to end")
    #expect(await world.serves(second))
  }

  @Test("The old key ends at its time, to the millisecond, and not before; the time can be moved")
  func endsByItself() async throws {
    let world = try await World()
    let bench = world.bench
    let now = bench.clock.nowMilliseconds()
    let first = world.actor.key.number
    #expect(await world.change(.rotate(oldKeyEndsAtMilliseconds: now)).refusal == .invalid(.key))
    await world.change(.rotate(oldKeyEndsAtMilliseconds: now + 10_000))
    await world.change(.endOldKey(atMilliseconds: now + 20_000))
    bench.clock.advance(milliseconds: 19_999)
    #expect(await world.serves(first))
    #expect(await world.told() == OldKey(endsAtMilliseconds: now + 20_000))
    #expect(world.actor.hasKey(first, at: now + 19_999) && !world.actor.hasKey(first, at: now + 20_000))
    bench.clock.advance(milliseconds: 1)
    #expect(await !world.serves(first))
    #expect(await world.told() == nil)
    #expect(await world.serves(world.actor.key.number))
  }

  @Test("No third key while two work; renewing ends both")
  func atMostTwo() async throws {
    let world = try await World()
    let first = world.actor.key.number
    let soon = world.bench.clock.nowMilliseconds() + 1000
    await world.change(.rotate(oldKeyEndsAtMilliseconds: soon))
    let second = world.actor.key.number
    #expect(await world.change(.rotate(oldKeyEndsAtMilliseconds: 0)).refusal == .oldKeyStillWorks)
    world.bench.clock.advance(milliseconds: 1000)
    #expect(await world.change(.rotate(oldKeyEndsAtMilliseconds: 0)).refusal == nil)
    let third = world.actor.key.number
    #expect(await !world.serves(first))
    #expect(await world.serves(second))
    await world.change(.renew)
    for number in [first, second, third] { #expect(await !world.serves(number)) }
    #expect(await world.serves(world.actor.key.number))
    #expect(world.actor.oldKey == nil)
    let report = try world.bench.engine.verify()
    #expect(report.sound && report.stateDigest == report.replayedDigest, "\(report.problems)")
  }

  @Test("A change of roles or limits leaves both keys as they are; a new actor has one")
  func kept() async throws {
    let world = try await World()
    await world.change(.rotate(oldKeyEndsAtMilliseconds: 0))
    let (old, new) = (world.actor.oldKey?.number, world.actor.key.number)
    await world.change(.keep)
    #expect(world.actor.oldKey?.number == old && world.actor.key.number == new)
    for change in [KeyChange.rotate(oldKeyEndsAtMilliseconds: 0), .endOldKey(atMilliseconds: 0)] {
      let actor = ActorDescription(
        id: ActorID(0), name: "new", roles: .terminal, oldKey: OldKey(endsAtMilliseconds: 5))
      let define = DefineActor(id: world.bench.id(), actor: actor, keyChange: change)
      let outcome = await world.bench.engine.define(define, as: world.bench.administrator).answered.outcome
      #expect(outcome.refusal == .invalid(.key))
    }
  }
}
