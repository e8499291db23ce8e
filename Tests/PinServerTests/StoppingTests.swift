import Foundation
import NIOCore
import PinEngine
import PinProtocol
import PinStore
import PinWords
import Testing

@testable import PinServer

@Suite("Starting, stopping and standing still", .timeLimit(.minutes(30)))
struct StoppingTests {
  @Test("A graceful stop answers what was taken; what is told as done is done, and nothing else")
  func inFlight() async throws {
    let rig = try await ServerRig()
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 2000)
    let client = try await rig.connect(as: try await rig.actor("till-1"))
    let eventsBefore = rig.engine.counters.events
    let numbers = try await client.send((0..<1000).map { _ in .vend(product) })
    let first = try #require(try await client.receive())
    rig.beginStopping()
    var replies = [first]
    while let reply = try await client.receive() { replies.append(reply) }
    #expect(replies.map(\.header.requestNumber) == Array(numbers.prefix(replies.count)))
    #expect(replies.allSatisfy { $0.status == .done || $0.status == .stopping })
    try await rig.end()
    let events = rig.engine.counters.events - eventsBefore
    #expect(events == UInt64(replies.count { $0.status == .done }))
    try FileManager.default.removeItem(atPath: rig.directory)
  }

  @Test("A long poll does not hold a stop up, and is answered")
  func longPoll() async throws {
    // A loaded machine takes its time to answer.
    let rig = try await ServerRig { $0.closingTimeLimit = .minutes(5) }
    let client = try await rig.connect(as: rig.administrator)
    let head = rig.engine.headSequence
    try await client.send([.ping, .events(EventsQuery(fromSequence: head + 1, waitMilliseconds: 30_000))])
    #expect(try await client.receive()?.status == .done)
    rig.beginStopping()
    let reply = try #require(try await client.receive())
    #expect(reply.answer == .events(EventsAnswer(headSequence: head, events: [])))
    #expect(await client.isClosedByServer())
    try await rig.stop()
  }

  @Test("A verification under way is told to end, and the server has not stopped before it has")
  func longAside() async throws {
    let rig = try await ServerRig()
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 4000)
    let till = try await rig.connect(as: try await rig.actor("till-1"))
    for _ in 0..<4 {
      try await till.send((0..<1000).map { _ in .vend(product) })
      for _ in 0..<1000 { #expect(try await till.receive()?.status == .done) }
    }
    let root = try await rig.connect(as: rig.administrator)
    try await root.send([.verify])
    let loop = rig.server.meter.watched[0]
    while await loop.poll.perform({ loop.asides }) == 0 {}
    rig.beginStopping()
    let reply = try #require(try await root.receive())
    // On a fast machine it was through.
    #expect(reply.refusal == .stopping || reply.status == .done, "\(reply.status)")
    try await rig.end()
    #expect(loop.asides == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: rig.directory + "/data")
    #expect(!left.contains { $0.hasPrefix("scratch") }, "\(left)")
    try FileManager.default.removeItem(atPath: rig.directory)
  }

  @Test("A port in use is one clear line")
  func portInUse() async throws {
    try await ServerRig.with { rig in
      await #expect(throws: ServerError.addressInUse(address: "127.0.0.1", port: rig.addresses.port)) {
        try await ServerRig { $0.port = rig.addresses.port }
      }
      await #expect(throws: ServerError.addressInUse(address: "127.0.0.1", port: rig.addresses.port)) {
        try await ServerRig {
          $0.statusAddress = "127.0.0.1"
          $0.statusPort = rig.addresses.port
        }
      }
    }
  }

  @Test("Clear text is refused off this machine unless it is asked for in so many words")
  func clearText() async throws {
    for address in ["0.0.0.0", "::", "192.0.2.1", "example.org"] {
      await #expect(throws: ServerError.clearTextRefused(address: address)) {
        try await ServerRig { $0.address = address }
      }
    }
    try await ServerRig.with {
      $0.address = "0.0.0.0"
      $0.allowsClearText = true
    } _: { rig in
      let reply = try await rig.connect(as: rig.administrator).ask(.ping)
      #expect(reply.status == .done)
    }
  }

  @Test("A client that does not read its answers is not read from, and costs a bounded amount of memory")
  func slowReader() async throws {
    try await ServerRig.with { rig in
      let shop = try await rig.actor("shop", .storefront)
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 328, prefix: String(repeating: "S", count: 40))
      let slow = try await rig.connect(as: shop, readsAlone: true)
      let id = newID()
      #expect(try await slow.ask(.vend(product, count: 128, id: id)).status == .done)
      let answerByteCount = 128 * (16 + 41 + 40)
      try await slow.channel.setOption(.socketOption(.so_rcvbuf), value: 65_536).get()
      try await slow.channel.setOption(.autoRead, value: false).get()
      let count = 2000
      let numbers = try await slow.send((0..<count).map { _ in .reprint(Reprint(reservation: id)) })

      // The writer is in order: when these are answered, all that was taken from the slow one before has been decided.
      let other = try await rig.connect(as: shop)
      for _ in 0..<200 {
        let reply = try await other.ask(.vend(product))
        #expect(reply.status == .done)
      }
      let reading = await rig.server.meter.read().server
      #expect(reading.bytesOut < UInt64(count * answerByteCount / 2))

      try await slow.channel.setOption(.autoRead, value: true).get()
      slow.channel.read()
      for number in numbers {
        let reply = try #require(try await slow.receive())
        #expect(reply.header.requestNumber == number && reply.delivery?.cards.count == 128)
      }
    }
  }

  @Test("A server over its queue says busy, and what it turned away did not happen")
  func busy() async throws {
    let rig = try await ServerRig(store: { $0.queueLimit = 16 })
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 200)
    let client = try await rig.connect(as: try await rig.actor("till-1"))
    let vends = (0..<200).map { _ in RequestMessage.vend(product) }
    try await client.send(vends)
    var turnedAway: [RequestMessage] = []
    for vend in vends {
      let reply = try #require(try await client.receive())
      if reply.status == .done { continue }
      guard case .busy(let milliseconds) = reply.refusal else { throw RigError.unexpected("\(reply.status)") }
      #expect(milliseconds > 0)
      turnedAway.append(vend)
    }
    #expect(!turnedAway.isEmpty)
    for vend in turnedAway {
      let reply = try await client.ask(vend)
      #expect(reply.status == .done && !reply.message.isRepeat)
    }
    try await rig.stop()
  }

  @Test("A client over its window is not read from until it has answers, and loses nothing")
  func window() async throws {
    try await ServerRig.with {
      $0.requestsInFlight = 4
    } _: { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 500)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      #expect(client.limits.requestsInFlight == 4)
      let numbers = try await client.send((0..<500).map { $0 % 5 == 0 ? .ping : .vend(product) })
      for number in numbers {
        let reply = try #require(try await client.receive())
        #expect(reply.header.requestNumber == number && reply.status == .done)
      }
    }
  }
}
