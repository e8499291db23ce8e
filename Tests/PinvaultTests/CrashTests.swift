import Foundation
import PinClient
import PinProtocol
import PinWords
import Synchronization
import TestSupport
import Testing

/// Clients racing over one stock while the server is killed with -9 at random moments and started again.
@Suite struct CrashTests {
  @Test func nothingToldIsLostAndNoCardIsSoldTwice() async throws {
    let seed = SeededGenerator.replayed ?? .random(in: 0 ... .max)
    try await withVault { vault in
      try await vault.addProduct("ACME")
      try vault.writeCards("cards.csv", 0..<60_000)
      try await vault.importCards("ACME", vault.tool.path("cards.csv"))
      try await vault.become(new: "till", roles: "terminal")
      let port = try #require(vault.tool.environment["PINVAULT_SERVER"]?.split(separator: ":").last.map(String.init))
      let racers = try await Racers(count: 6, port: UInt16(port)!, keyFile: vault.tool.path("till.key"))

      var random = SeededGenerator(seed: seed)
      for _ in 0..<12 {
        let told = racers.told.count
        let next = Int.random(in: 1...150, using: &random)
        _ = try await waitUntil("sales after a restart, seed \(seed)") {
          if let failure = racers.failure { throw failure }
          return racers.told.count >= told + next ? true : nil
        }
        try await vault.kill()
        try await vault.start("--port", port)
      }
      try await racers.stop()

      // Whatever was told is still so, and what was only meant is told now, once and for all.
      let truth = try await racers.askAgain()
      let told = racers.told
      #expect(told.count > 12, "seed \(seed)")
      for (id, cards) in told { #expect(truth[id] == cards, "sale \(id), seed \(seed)") }
      let sold = truth.values.flatMap { $0 }
      #expect(Set(sold.map(\.id)).count == sold.count, "a card went to two ids, seed \(seed)")
      #expect(Set(sold.map(\.pin)).count == sold.count, "a PIN went to two ids, seed \(seed)")

      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.stock("ACME")["delivered"] as? Int == sold.count, "seed \(seed)")
      let verified = try await vault.tool.run("verify", "--data", "vault", "--json")
      #expect(verified.status == 0, "\(verified.output) \(verified.errors), seed \(seed)")
    }
  }
}

/// Clients that sell until they are stopped, each writing down what it means before it asks and what it was told after.
private final class Racers: Sendable {
  struct Sold: Hashable { let id, pin: String }

  private struct Notes {
    var meant: [Vend] = []
    var told: [RequestID: [Sold]] = [:]
    var isStopping = false
    var failure: (any Error)?
  }

  private let notes = Mutex(Notes())
  private let clients: [PinClient]
  private let running: Task<Void, any Error>

  init(count: Int, port: UInt16, keyFile: String) async throws {
    let key = try ActorKey(contentsOfFile: keyFile)
    let clients = (0..<count).map { _ in
      PinClient(PinClient.Configuration(host: "127.0.0.1", port: port, actorName: "till", key: key))
    }
    self.clients = clients
    let gate = AsyncStream<Racers>.makeStream()
    running = Task {
      for await racers in gate.stream {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for client in clients { group.addTask { try await racers.raceOn(client) } }
          try await group.waitForAll()
        }
      }
    }
    gate.continuation.yield(self)
    gate.continuation.finish()
  }

  var told: [RequestID: [Sold]] { notes.withLock { $0.told } }

  /// Why a client gave up; nil while all sell.
  var failure: (any Error)? { notes.withLock { $0.failure } }

  private func raceOn(_ client: PinClient) async throws {
    do {
      try await race(client)
    } catch {
      notes.withLock { $0.failure = error }
      throw error
    }
  }

  private func race(_ client: PinClient) async throws {
    while !notes.withLock({ $0.isStopping }) {
      let count = UInt32.random(in: 1...2)
      let vend = Vend(id: client.newID(), line: Line(product: ProductID(1), count: count))
      notes.withLock { $0.meant.append(vend) }
      let cards = Self.cards(in: try await client.vend(vend).value)
      notes.withLock { $0.told[vend.id] = cards }
    }
  }

  /// Ends after the sales under way.
  func stop() async throws {
    notes.withLock { $0.isStopping = true }
    try await running.value
  }

  /// Asks for every sale that was ever meant, under its id.
  func askAgain() async throws -> [RequestID: [Sold]] {
    var truth: [RequestID: [Sold]] = [:]
    for vend in notes.withLock({ $0.meant }) {
      truth[vend.id] = Self.cards(in: try await clients[0].vend(vend).value)
    }
    for client in clients { await client.close() }
    return truth
  }

  private static func cards(in delivery: Delivery) -> [Sold] {
    delivery.cards.map { Sold(id: "\($0.id)", pin: $0.pin.text) }
  }
}
