import Foundation
import PinWords
import Testing

@testable import PinEngine

@Suite("After a restore that forgot sales, all stock and every hold is in quarantine before anybody is served")
struct QuarantineInPartsTests {
  @Test("Also where it takes many events")
  func manyHolds() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1300)
    let line = Line(product: product, count: 1)
    var commands: [(command: Command, actor: ActorID)] = []
    for number in 0..<1200 {
      let isSold = number % 40 == 0
      commands.append(
        (
          isSold
            ? .vend(Vend(id: bench.id(), line: line))
            : .reserve(Reserve(id: bench.id(), holdSeconds: 60, lines: [line])), till
        ))
    }
    _ = await bench.ask(all: commands)
    let sequence = bench.engine.headSequence
    let backup = bench.directory + ".backup"
    let target = bench.directory + ".restored"
    defer { for path in [backup, target] { try? FileManager.default.removeItem(atPath: path) } }
    _ = await bench.ask(.vend(Vend(id: bench.id(), line: line)), as: till)
    _ = try bench.engine.backup(to: backup)
    _ = try Engine.restore(from: backup, to: target, lastSequence: sequence, settings: .small, clock: bench.clock)
    let engine = try Engine(at: target, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    defer { engine.stop() }
    guard case .stock(let levels) = await engine.perform(.stock(product), as: bench.administrator).outcome else {
      throw Unexpected(what: "stock")
    }
    #expect(levels[0].regular == 0 && levels[0].reserved == 0)
    #expect(levels[0].delivered == 30 && levels[0].quarantined == 1270)
    #expect(try engine.verify().sound)
  }
}
