import Foundation
import PinProtocol
import PinWords
import Testing

@testable import PinServer

@Suite("Several event loops are one server", .timeLimit(.minutes(30)))
struct SeveralLoopsTests {
  @Test("Each card goes out once over any loop, and the counters are those of all")
  func selling() async throws {
    try await ServerRig.with {
      $0.eventLoopCount = 3
    } _: { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 600)
      let till = try await rig.actor("till-1")
      var clients: [WireClient] = []
      for _ in 0..<6 { clients.append(try await rig.connect(as: till)) }
      for client in clients { try await client.send((0..<100).map { _ in .vend(product) }) }
      var cards: [CardID] = []
      for client in clients {
        for _ in 0..<100 { cards += try #require(try await client.receive()?.delivery).cards.map(\.id) }
      }
      #expect(cards.map(\.rawValue).sorted() == Array(1...600))
      let loops = rig.server.meter.watched
      #expect(loops.count == 3)
      for loop in loops {
        #expect(await loop.poll.perform({ loop.counters.cardsOpened }) == 200)
      }
      #expect(await rig.server.meter.read().server.cardsOpened == 600)
    }
  }

  @Test("A revocation asked for over one loop closes connections of the others")
  func revocation() async throws {
    try await ServerRig.with {
      $0.eventLoopCount = 2
    } _: { rig in
      let till = try await rig.actor("till-1")
      let clients = [try await rig.connect(as: till), try await rig.connect(as: till)]
      let root = try await rig.connect(as: rig.administrator)
      let revoked = ActorDescription(id: till.id, name: till.name, roles: .terminal, isRevoked: true)
      let define = DefineActor(id: newID(), actor: revoked)
      #expect(try await root.ask(.defineActor(define)).status == .done)
      for client in clients { #expect(await client.isClosedByServer()) }
    }
  }

  @Test("A stop reaches all loops at once: one that waits for its client does not let another go on")
  func stopping() async throws {
    let rig = try await ServerRig {
      $0.eventLoopCount = 2
      $0.closingTimeLimit = .minutes(10)
    }
    let clients = [try await rig.connect(as: rig.administrator), try await rig.connect(as: rig.administrator)]
    // Neither answers the server's wish to close; both are told of it all the same.
    for client in clients { try await client.channel.setOption(.allowRemoteHalfClosure, value: true).get() }
    rig.beginStopping()
    for loop in rig.server.meter.watched {
      while await !loop.poll.perform({ loop.isStopping }) { try await Task.sleep(for: .milliseconds(2)) }
    }
    for client in clients { await client.close() }
    try await rig.stop()
  }
}
