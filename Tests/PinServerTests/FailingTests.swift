import Foundation
import Logging
import PinProtocol
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine
@testable import PinServer

@Suite("When the disk does not do as it should", .timeLimit(.minutes(30)))
struct FailingTests {
  @Test("A store that fails tells nobody that it is done, health says failed, and the server ends with the reason")
  func failedSync() async throws {
    let fails = Mutex(false)
    let real = SystemCalls.real
    let calls = SystemCalls(
      write: real.write,
      syncData: { descriptor in
        guard fails.withLock({ $0 }) else { return real.syncData(descriptor) }
        errno = EIO
        return -1
      }, freeBytes: real.freeBytes)
    let rig = try await ServerRig({ $0.statusAddress = "127.0.0.1" }, store: { $0.systemCalls = calls })
    let port = try #require(rig.addresses.statusPort)
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 2)
    let client = try await rig.connect(as: try await rig.actor("till-1"))
    // It does not answer the server's wish to close, so that there is time to ask how it is.
    try await client.channel.setOption(.allowRemoteHalfClosure, value: true).get()
    fails.withLock { $0 = true }
    #expect(try await client.ask(.vend(product)).refusal == .stopping)
    let health = try await get("/health", port: port)
    #expect(health.status.contains("503") && health.text.hasSuffix("failed\n"))
    await client.close()
    do {
      try await rig.end()
      Issue.record("the server ended as if nothing had been")
    } catch ServerError.storeFailed(let reason) {
      #expect(reason.contains("sync"))
    }
    try FileManager.default.removeItem(atPath: rig.directory)
  }

  @Test("The log says when changes are refused for want of room, and when they are taken again")
  func room() async throws {
    let freeBytes = Mutex(UInt64.max)
    var calls = SystemCalls.real
    calls.freeBytes = { _ in freeBytes.withLock { $0 } }
    let lines = CollectedLines()
    let rig = try await ServerRig(store: { $0.systemCalls = calls }, logger: lines.logger)
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 2000)
    let client = try await rig.connect(as: try await rig.actor("till-1"))
    #expect(try await client.ask(.vend(product)).status == .done)
    #expect(!lines.contains("changes are"))
    freeBytes.withLock { $0 = 0 }
    // A measurement holds for a moment.
    while try await client.ask(.vend(product)).status == .done {}
    while !lines.contains("changes are refused") { try await Task.sleep(for: .milliseconds(2)) }
    #expect(!lines.contains("taken again"))
    freeBytes.withLock { $0 = .max }
    while try await client.ask(.vend(product)).status != .done {}
    while !lines.contains("changes are taken again") { try await Task.sleep(for: .milliseconds(2)) }
    try await rig.stop()
  }

  @Test("A card that does not open is told as damaged, its sale stands, and it is told once it is mended")
  func damagedCard() async throws {
    let lines = CollectedLines()
    try await ServerRig.with(logger: lines.logger) { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 3)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      let id = newID()
      try flipLastByte(of: CardID(1), in: rig.engine)
      let head = rig.engine.headSequence
      // Its answer comes in its turn, and others are not touched by it.
      try await client.send([.vend(product, count: 2, id: id), .vend(product), .ping])
      #expect(try await client.receive()?.refusal == .cardDamaged(CardID(1)))
      #expect(try await client.receive()?.delivery?.cards.map(\.id) == [CardID(3)])
      #expect(try await client.receive()?.status == .done)
      #expect(rig.engine.headSequence == head + 2)
      let reading = await rig.server.meter.read().server
      #expect(reading.cardFaults == 1 && reading.answerCount(.vend, .cardDamaged) == 1)
      #expect(lines.contains("a card does not open"))
      guard case .found(.reservation(let sale)) = try await client.ask(.lookUp(id)).answer else {
        throw RigError.unexpected("look up")
      }
      #expect(sale.state == .delivered)

      try flipLastByte(of: CardID(1), in: rig.engine)
      let again = try await client.ask(.vend(product, count: 2, id: id))
      #expect(again.message.isRepeat)
      #expect(again.delivery?.cards.map(\.pin) == [PIN(ServerRig.pin("S", 0)), PIN(ServerRig.pin("S", 1))])
    }
  }

  /// Changes the sealed PIN of a card in the payload, as rot would; twice changes it back.
  private func flipLastByte(of card: CardID, in engine: Engine) throws {
    let cards = CardTables(engine.store.payload.tables).cards
    try engine.store.payload.withWrite { transaction in
      var bytes: [UInt8] = []
      if let row = try transaction.value(for: card.rawValue, in: cards) { bytes = row.withUnsafeBytes { Array($0) } }
      bytes[bytes.count - 1] ^= 1
      try transaction.put(bytes.span.bytes, for: card.rawValue, in: cards)
    }
  }

  @Test("The time in answers never goes back, also where the store's stamps are ahead of the server's clock")
  func time() async throws {
    struct FastClock: StoreClock {
      let clock = SystemClock()
      func nowMilliseconds() -> UInt64 { clock.nowMilliseconds() + 3_600_000 }
    }
    let rig = try await ServerRig(clock: FastClock())
    let product = try await rig.product("ACME-10")
    try await rig.stock(product, 1)
    let client = try await rig.connect(as: try await rig.actor("till-1"))
    var times: [UInt64] = []
    for request in [.ping, .vend(product), .ping, .statistics] as [RequestMessage] {
      times.append(try await client.ask(request).message.timeMilliseconds)
    }
    #expect(times == times.sorted())
    try await rig.stop()
  }
}
