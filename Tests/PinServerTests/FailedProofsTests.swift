import NIOCore
import PinProtocol
import PinSealing
import PinWords
import Testing

@testable import PinEngine
@testable import PinServer

@Suite("Who guesses keys waits, nobody else does, and the journal tells of it, seldom", .timeLimit(.minutes(30)))
struct FailedProofsTests {
  private let failed = FailedProofs()

  private func wait(_ name: String, _ address: String, at now: UInt64) -> Int64 {
    failed.note(name: name, address: address, actor: nil, firstMilliseconds: 200, at: now).delayMilliseconds
  }

  /// The event that comes of a failure under an actor's name, as its count and since when.
  private func event(_ actor: UInt32, at now: UInt64) -> [UInt64]? {
    let note = failed.note(
      name: "\(actor)", address: "a", actor: ActorID(actor), firstMilliseconds: 200, at: now)
    return note.event.map { [UInt64($0.actor.rawValue), UInt64($0.count), $0.sinceMilliseconds] }
  }

  @Test("The wait grows with the failures under one name or from one address, to a bound, and shrinks for nobody")
  func waits() {
    #expect((1...10).map { wait("till", "a", at: $0) } == [200, 200, 200, 400, 800, 1600, 3000, 3000, 3000, 3000])
    #expect(wait("till", "b", at: 11) == 3000, "the name, from another address")
    #expect(wait("shop", "a", at: 12) == 3000, "another name, from the address")
    #expect(wait("shop", "b", at: 13) == 200)
    #expect(wait("till", "c", at: 11 + 599_999) == 3000)
    #expect(wait("shop", "d", at: 13 + 600_000) == 200, "ten minutes after the last, it is forgotten")
    #expect(failed.note(name: "n", address: "x", actor: nil, firstMilliseconds: 9000, at: 1).delayMilliseconds == 9000)
  }

  @Test("A table that is full forgets nobody: who is not in it waits longest, until others are forgotten")
  func full() {
    let most = UInt64(FailedProofs.mostRemembered)
    for number in 0..<most { #expect(wait("n\(number)", "a\(number)", at: number) == 200) }
    #expect(wait("late", "late", at: most) == 3000)
    #expect(wait("n0", "a0", at: most) == 200, "its second")
    #expect(wait("later", "later", at: 600_000) == 3000, "the first of them came again meanwhile")
    #expect(wait("later", "later", at: 600_001) == 200)
    #expect(wait("n0", "a0", at: 600_002) == 200, "its third")
    #expect(wait("n0", "a0", at: 600_003) == 400)
  }

  @Test("Twenty failures in ten minutes are an event; the next comes after an hour and tells all since; few are none")
  func events() {
    for second in 0..<19 { #expect(event(7, at: UInt64(second) * 1000) == nil) }
    #expect(event(8, at: 18_500) == nil, "each actor has its own count")
    #expect(event(7, at: 19_000) == [7, 20, 0])
    for second in 20..<3619 { #expect(event(7, at: UInt64(second) * 1000) == nil) }
    #expect(event(7, at: 3_619_000) == [7, 3600, 20_000])
    #expect(event(7, at: 3_620_000) == nil)
    // Nineteen in a window are forgotten with it.
    for second in 0..<19 { #expect(event(9, at: UInt64(second) * 30_000) == nil) }
    for second in 0..<19 { #expect(event(9, at: 600_000 + UInt64(second) * 1000) == nil) }
    #expect(event(9, at: 619_000) == [9, 20, 600_000])
  }

  @Test("A right proof is answered at once while wrong ones under its name, from its address, wait")
  func rightProof() async throws {
    try await ServerRig.with {
      $0.authenticationFailureDelay = .hours(1)
    } _: { rig in
      let till = try await rig.actor("till-1")
      let head = rig.engine.headSequence
      var guessers: [WireClient] = []
      for _ in 0..<30 {
        let guesser = try await WireClient.connect(port: rig.addresses.port)
        let transcript = try await guesser.hello(till.name)
        let proof = Bytes32(hmacSHA256(under: .random(), transcript.bytes(signedBy: .client)))
        try await guesser.send([.authenticate(Authenticate(proof: proof))])
        guessers.append(guesser)
      }
      try await told(of: till, after: head, in: rig)
      let client = try await rig.connect(as: till)
      #expect(try await client.ask(.shiftTotals).status == .done)
      // Stopping does not wait for them either.
      rig.beginStopping()
      for guesser in guessers { #expect(await guesser.isClosedByServer()) }
    }
  }

  @Test("Guesses under names that nobody has are no event, and the twentieth under an actor's is one")
  func journal() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let head = rig.engine.headSequence
      for number in 0..<41 {
        let client = try await WireClient.connect(port: rig.addresses.port)
        let transcript = try await client.hello(number % 2 == 0 ? "nobody" : till.name)
        let proof = Bytes32(hmacSHA256(under: .random(), transcript.bytes(signedBy: .client)))
        #expect(try await client.ask(.authenticate(Authenticate(proof: proof))).fault == .authenticationFailed)
        if number == 38 { #expect(rig.engine.headSequence == head) }
      }
      try await told(of: till, after: head, in: rig)
      #expect(rig.engine.headSequence == head + 1)
    }
  }

  /// Waits for the journal's next event, which must tell of twenty failures.
  private func told(of actor: ServerRig.Actor, after sequence: UInt64, in rig: ServerRig) async throws {
    await rig.engine.waitForEvent(sequence + 1, milliseconds: 300_000)
    var events: [JournalEvent] = []
    try rig.engine.forEachEvent(from: sequence + 1) { bytes, sequence, time in
      events.append(try JournalEvent(sequence: sequence, timeMilliseconds: time, bytes: bytes))
      return true
    }
    let event = try #require(events.first)
    guard case .proofsFailed(let failed) = event.facts else { throw RigError.unexpected(event.jsonLine) }
    #expect(event.actor == .store && failed.actor == actor.id && failed.count == 20)
    #expect(failed.sinceMilliseconds <= event.timeMilliseconds)
    #expect(
      event.jsonLine.contains(#""kind":"proofs-failed","id":null,"claimed_actor":\#(actor.id.rawValue),"count":20"#))
  }
}
