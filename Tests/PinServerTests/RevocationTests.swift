import Foundation
import PinEngine
import PinProtocol
import PinSealing
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinServer

/// Ending an actor, or a key of its, while its requests are on their way.
@Suite("What is decided after an actor or its key has ended is refused", .timeLimit(.minutes(30)))
struct RevocationTests {
  /// How an actor's session is ended.
  enum Ending: CaseIterable {
    case revoked, renewed, oldKeyEnded
  }

  @Test(
    "Requests in flight on two connections: none is done behind the event, and both connections close",
    arguments: Ending.allCases)
  func inFlight(ending: Ending) async throws {
    try await ServerRig.with {
      $0.eventLoopCount = 2
    } _: { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 3000)
      let till = try await rig.actor("till-1")
      let root = try await rig.connect(as: rig.administrator)
      let clients = [try await rig.connect(as: till), try await rig.connect(as: till)]
      if ending == .oldKeyEnded {
        let rotated = try await root.ask(Self.change(till, .rotate(oldKeyEndsAtMilliseconds: 0)))
        #expect(rotated.status == .done)
      }
      // More than one batch, and more than can be answered before the other connection is heard.
      for client in clients { try await client.send((0..<1000).map { _ in .vend(product) }) }
      let first = try #require(try await clients[0].receive())
      #expect(first.status == .done)

      let end: RequestMessage =
        switch ending {
        case .revoked: Self.change(till, .keep, isRevoked: true)
        case .renewed: Self.change(till, .renew)
        case .oldKeyEnded: Self.change(till, .endOldKey(atMilliseconds: 0))
        }
      let ended = try await root.ask(end)
      #expect(ended.status == .done)
      for client in clients {
        while let reply = try await client.receive() {
          #expect(
            reply.status == .done ? reply.message.sequence < ended.message.sequence : reply.status == .notPermitted)
        }
      }
      try expectNothing(of: till, after: ended.message.sequence, in: rig)
      let again = try await WireClient.connect(port: rig.addresses.port)
      await #expect(throws: RigError.self) { try await again.authenticate(as: till.name, key: till.key) }
    }
  }

  @Test("Who revokes itself is not served what it had sent behind that")
  func itself() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 10)
      let both = try await rig.actor("both", [.terminal, .administrator])
      let client = try await rig.connect(as: both)
      let revoke = ActorDescription(id: both.id, name: both.name, roles: [.terminal, .administrator], isRevoked: true)
      try await client.send([
        .vend(product), .defineActor(DefineActor(id: newID(), actor: revoke)), .vend(product), .ping,
      ])
      #expect(try await client.receive()?.status == .done)
      let ended = try #require(try await client.receive())
      #expect(ended.status == .done)
      #expect(await client.isClosedByServer())
      try expectNothing(of: both, after: ended.message.sequence, in: rig)
    }
  }

  @Test("Two keys open sessions while both work; when the old one's time comes, its sessions close and no others")
  func rotation() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let root = try await rig.connect(as: rig.administrator)
      let reply = try await root.ask(Self.change(till, .rotate(oldKeyEndsAtMilliseconds: 0)))
      guard case .actor(let answer) = reply.answer, let bytes = answer.key?.bytes else {
        throw RigError.unexpected("\(reply.status)")
      }
      let fresh = ServerRig.Actor(id: till.id, name: till.name, key: SecretKey(bytes: bytes.span.bytes))
      let (old, new) = (try await rig.connect(as: till), try await rig.connect(as: fresh))
      #expect(try await old.ask(.shiftTotals).status == .done)
      #expect(try await new.ask(.shiftTotals).status == .done)

      let soon = reply.message.timeMilliseconds + 100
      #expect(try await root.ask(Self.change(till, .endOldKey(atMilliseconds: soon))).status == .done)
      #expect(await old.isClosedByServer(), "nothing is asked: the time alone ends it")
      let late = try await WireClient.connect(port: rig.addresses.port)
      await #expect(throws: RigError.self) { try await late.authenticate(as: till.name, key: till.key) }
      #expect(try await new.ask(.shiftTotals).status == .done)
      _ = try await rig.connect(as: fresh)
    }
  }

  /// A clock that the writer reads and that stands still while it is held, and with it the writer.
  private final class HeldClock: StoreClock {
    private let system = SystemClock()
    private let lock = Mutex(())

    func nowMilliseconds() -> UInt64 { lock.withLock { _ in system.nowMilliseconds() } }
    func hold(_ body: () throws -> Void) rethrows { try lock.withLock { _ in try body() } }
  }

  @Test("What was asked beside the writer before a key ended is not answered after it")
  func besideTheWriter() async throws {
    let clock = HeldClock()
    let rig = try await ServerRig(clock: clock)
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 1)
    let auditor = try await rig.actor("auditor", .auditor)
    let (root, other) = (try await rig.connect(as: rig.administrator), try await rig.connect(as: auditor))
    let client = try await rig.connect(as: auditor)
    #expect(try await client.ask(.card(CardQuery(serial: "S0"))).status == .done)

    let (held, letGo) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let holding = Thread {
      clock.hold {
        held.signal()
        letGo.wait()
      }
    }
    holding.start()
    await withCheckedContinuation { done in
      DispatchQueue.global().async {
        held.wait()
        done.resume()
      }
    }
    try await root.send([Self.change(auditor, .renew)])
    // One loop serves them in turn: what is answered behind it shows that it was taken.
    for _ in 0..<20 { #expect(try await other.ask(.ping).status == .done) }
    try await client.send([.card(CardQuery(serial: "S0"))])
    for _ in 0..<20 { #expect(try await other.ask(.ping).status == .done) }
    letGo.signal()
    #expect(try await root.receive()?.status == .done)
    #expect(try await client.receive()?.refusal == .notPermitted)
    #expect(await client.isClosedByServer())
    try await rig.stop()
  }

  private static func change(
    _ actor: ServerRig.Actor, _ change: KeyChange, isRevoked: Bool = false
  ) -> RequestMessage {
    let actor = ActorDescription(id: actor.id, name: actor.name, roles: .terminal, isRevoked: isRevoked)
    return .defineActor(DefineActor(id: newID(), actor: actor, keyChange: change))
  }

  /// The journal is the judge: whatever was answered, nothing of the actor's stands behind an event.
  private func expectNothing(of actor: ServerRig.Actor, after sequence: UInt64, in rig: ServerRig) throws {
    try rig.engine.forEachEvent(from: sequence + 1) { event, number, _ in
      let who: UInt32 = UInt32(bigEndian: event.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self))
      #expect(who != actor.id.rawValue, "event \(number)")
      return true
    }
  }
}
