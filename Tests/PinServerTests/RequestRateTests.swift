import PinProtocol
import PinWords
import Testing

@testable import PinServer

@Suite("An actor asks no more often than it may", .timeLimit(.minutes(30)))
struct RequestRateTests {
  @Test("A second's worth at once, then one each part of a second; the hint is when the next is taken")
  func bucket() {
    let rate = RequestRate(perSecond: 4)
    let start: UInt64 = 5_000_000_000
    for _ in 1...4 { #expect(rate.take(atNanoseconds: start) == nil) }
    #expect(rate.take(atNanoseconds: start) == 250)
    #expect(rate.take(atNanoseconds: start + 1) == 250)
    #expect(rate.take(atNanoseconds: start + 249_999_999) == 1)
    #expect(rate.take(atNanoseconds: start + 250_000_000) == nil)
    #expect(rate.take(atNanoseconds: start + 250_000_000) == 250)
    for _ in 1...4 { #expect(rate.take(atNanoseconds: start + 9_000_000_000) == nil) }
    #expect(rate.take(atNanoseconds: start + 9_000_000_000) == 250, "what was not used does not gather")
  }

  @Test("An actor has one rate wherever it is asked for, and it changes with the actor")
  func shared() throws {
    let rates = RequestRates()
    var actor = ActorDescription(id: ActorID(7), name: "till", roles: .terminal)
    #expect(rates.rate(of: actor) == nil)
    actor.limits.requestsPerSecond = 1
    let one = try #require(rates.rate(of: actor))
    #expect(one.take(atNanoseconds: 1 << 40) == nil)
    #expect(rates.rate(of: actor) === one)
    #expect(one.take(atNanoseconds: 1 << 40) == 1000)
    actor.limits.requestsPerSecond = 10
    #expect(rates.rate(of: actor) === one)
    #expect(one.take(atNanoseconds: 1 << 40) == 100)
    actor.limits.requestsPerSecond = 0
    #expect(rates.rate(of: actor) == nil)
  }

  @Test("All connections of an actor share its rate; others have theirs; a limit that is lifted ends at once")
  func overTheWire() async throws {
    try await ServerRig.with {
      $0.eventLoopCount = 2
    } _: { rig in
      let till = try await rig.actor("till-1")
      func limit(_ perSecond: UInt32) async {
        var actor = ActorDescription(id: till.id, name: till.name, roles: .terminal)
        actor.limits.requestsPerSecond = perSecond
        _ = await rig.engine.define(DefineActor(id: newID(), actor: actor), as: rig.administrator.id)
      }
      let clients = [try await rig.connect(as: till), try await rig.connect(as: till)]
      let other = try await rig.connect(as: try await rig.actor("till-2"))
      await limit(100)
      let start = ContinuousClock.now
      var doneCount = 0
      for client in clients { try await client.send((0..<1000).map { _ in .ping }) }
      for client in clients {
        for _ in 0..<1000 {
          let reply = try #require(try await client.receive())
          if reply.status == .done {
            doneCount += 1
          } else {
            guard case .tooManyRequests(let retryAfter) = reply.refusal else {
              throw RigError.unexpected("\(reply.status)")
            }
            #expect((1...10).contains(retryAfter))
          }
        }
      }
      // Were the two counted apart, there would be twice as many; however long it took, there are no more than this.
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      #expect(doneCount >= 100 && Double(doneCount) <= 101 + 100 * seconds)
      for _ in 0..<200 { #expect(try await other.ask(.ping).status == .done) }
      // The rate is checked before the body.
      await limit(1)
      let longPing: [UInt8] = [0, 0, 0, 13, 1, 3, 0, 0, 0, 0, 0, 1, 0]
      try await clients[0].send(bytes: (0..<20).flatMap { _ in longPing })
      var statuses: [Status] = []
      for _ in 0..<20 { statuses.append(try #require(try await clients[0].receive()).status) }
      #expect(statuses.contains(.tooManyRequests))
      await limit(0)
      for _ in 0..<200 { #expect(try await clients[1].ask(.ping).status == .done) }
    }
  }
}
