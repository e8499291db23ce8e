import NIOCore
import PinProtocol
import PinSealing
import PinWords
import Testing

@testable import PinServer

@Suite("Both sides prove themselves", .timeLimit(.minutes(30)))
struct AuthenticationTests {
  @Test("A wrong key, an unknown name and a revoked actor are refused alike, at the same step")
  func failures() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let gone = try await rig.actor("gone")
      _ = await rig.engine.define(
        DefineActor(
          id: newID(), actor: ActorDescription(id: gone.id, name: "gone", roles: .terminal, isRevoked: true),
          keyChange: .keep), as: rig.administrator.id)
      for (name, key) in [(till.name, SecretKey.random()), ("nobody", till.key), (gone.name, gone.key)] {
        let client = try await WireClient.connect(port: rig.addresses.port)
        let transcript = try await client.hello(name)
        let proof = Bytes32(hmacSHA256(under: key, transcript.bytes(signedBy: .client)))
        #expect(try await client.ask(.authenticate(Authenticate(proof: proof))).fault == .authenticationFailed)
        #expect(await client.isClosedByServer())
      }
    }
  }

  @Test("The server's own proof is not taken for a client's, nor one of another session")
  func replay() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let one = try await WireClient.connect(port: rig.addresses.port)
      let transcript = try await one.hello(till.name)
      let proofs = AuthenticationTranscript.Side.allCases.map {
        Bytes32(hmacSHA256(under: till.key, transcript.bytes(signedBy: $0)))
      }
      let other = try await WireClient.connect(port: rig.addresses.port)
      _ = try await other.hello(till.name)
      #expect(try await other.ask(.authenticate(Authenticate(proof: proofs[0]))).fault == .authenticationFailed)
      #expect(try await one.ask(.authenticate(Authenticate(proof: proofs[1]))).fault == .authenticationFailed)
    }
  }

  @Test("Who does not authenticate in time is closed", arguments: [false, true])
  func handshakeLimit(isGreeted: Bool) async throws {
    try await ServerRig.with {
      $0.handshakeTimeLimit = .milliseconds(50)
    } _: { rig in
      let client = try await WireClient.connect(port: rig.addresses.port)
      // On a slow machine the time may be over before hello is through.
      if isGreeted { _ = try? await client.hello("till-1") }
      #expect(await client.isClosedByServer())
    }
  }

  @Test("Who is silent for too long is closed")
  func idleLimit() async throws {
    try await ServerRig.with {
      $0.idleTimeLimit = .milliseconds(50)
    } _: { rig in
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      #expect(await client.isClosedByServer())
    }
  }

  @Test("A connection ends when its actor is revoked or has a new key", arguments: [false, true])
  func revoked(renewsKey: Bool) async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let client = try await rig.connect(as: till)
      let other = try await rig.connect(as: rig.administrator)
      let description = ActorDescription(id: till.id, name: till.name, roles: .terminal, isRevoked: !renewsKey)
      let define = DefineActor(id: newID(), actor: description, keyChange: renewsKey ? .renew : .keep)
      let reply = try await other.ask(.defineActor(define))
      guard case .actor(let answer) = reply.answer else { throw RigError.unexpected("\(reply.status)") }
      #expect((answer.key != nil) == renewsKey)
      #expect(await client.isClosedByServer())
      #expect(try await other.ask(.ping).status == .done)
    }
  }

  @Test("Who waits for events when the right to see them ends is told none", arguments: [false, true])
  func revokedFollower(isRevoked: Bool) async throws {
    try await ServerRig.with { rig in
      let auditor = try await rig.actor("auditor", .auditor)
      let client = try await rig.connect(as: auditor)
      let head = rig.engine.headSequence
      try await client.send([.events(EventsQuery(fromSequence: head + 1, waitMilliseconds: 30_000))])
      let loop = rig.server.meter.watched[0]
      while await loop.poll.perform({ loop.waitingPolls }) == 0 {}
      let description = ActorDescription(
        id: auditor.id, name: auditor.name, roles: isRevoked ? .auditor : .terminal, isRevoked: isRevoked)
      let define = DefineActor(id: newID(), actor: description)
      guard case .actor = await rig.engine.define(define, as: rig.administrator.id).answered.outcome else {
        throw RigError.unexpected("define")
      }
      #expect(try await client.receive()?.refusal == .notPermitted)
      if isRevoked {
        #expect(await client.isClosedByServer())
      } else {
        #expect(try await client.ask(.ping).status == .done)
      }
    }
  }

  @Test("More connections than allowed are closed at once, and the others served", arguments: [1, 2])
  func tooMany(eventLoops: Int) async throws {
    try await ServerRig.with {
      $0.eventLoopCount = eventLoops
      $0.maximumConnections = 2
    } _: { rig in
      let one = try await rig.connect(as: rig.administrator)
      let two = try await rig.connect(as: rig.administrator)
      let three = try await WireClient.connect(port: rig.addresses.port)
      #expect(await three.isClosedByServer())
      #expect(try await one.ask(.ping).status == .done)
      await two.close()
      // The place is free once the server has seen the end of the second.
      while true {
        let again = try await WireClient.connect(port: rig.addresses.port)
        if (try? await again.authenticate(as: "root", key: rig.administrator.key)) != nil { break }
      }
    }
  }
}
