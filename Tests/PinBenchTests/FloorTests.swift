import Foundation
import Testing

@testable import PinBench

@Suite("What a machine does at best")
struct FloorTests {
  @Test("An echo answers every request, however many are under way", arguments: [(1, 1), (3, 1), (4, 64)])
  func echo(connections: Int, inFlight: Int) async throws {
    let sizes = EchoSizes(request: 53, answer: 211)
    let server = try EchoServer(sizes)
    defer { server.stop() }
    var plan = BenchmarkPlan()
    plan.connectionCount = connections
    plan.inFlight = inFlight
    plan.warmUpSeconds = 0
    plan.seconds = 0.2
    let target = BenchmarkTarget(port: server.port, server: .echo(sizes), cardCount: 1)
    // It ends only when every request has its answer. A busy machine may not come to ask anything in so short a time.
    var outcome: BenchmarkOutcome
    repeat {
      outcome = try await Benchmark(plan, target).run(atEdge: { _ in }, progress: { _, _ in })
    } while outcome.requestCount == 0
    #expect(outcome.frameSizes.request == sizes.request && outcome.frameSizes.answer == sizes.answer)
    #expect(outcome.problems.isEmpty)
  }

  @Test("The disk's floor and LMDB's leave nothing behind")
  func syncs() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("floor-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let journal = try SyncFloor.ofJournal(in: directory, blockByteCount: 300, seconds: 0.05)
    #expect(journal.syncsPerSecond > 0 && journal.p50Microseconds > 0)
    let lmdb = try SyncFloor.ofLMDB(in: directory, vendsPerCommit: 16, seconds: 0.05)
    #expect(lmdb.syncsPerSecond > 0)
    let both = try SyncFloor.ofBoth(in: directory, vendsPerSync: 16, vendByteCount: 132, seconds: 0.05)
    #expect(both.syncsPerSecond > 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
  }

  @Test("A floor that cannot be measured says why")
  func noDirectory() {
    #expect(throws: BenchmarkError.self) {
      try SyncFloor.ofJournal(in: "/nonexistent", blockByteCount: 1, seconds: 0.01)
    }
  }
}
