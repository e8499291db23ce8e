import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("Law 8: the journal is the truth")
struct Law08JournalIsTheTruthTests {
  @Test("Replaying gives the very same state, whether from the beginning or from a checkpoint at any place")
  func replays() async throws {
    var settings = StoreSettings.small
    settings.checkpointChangeCount = 7
    settings.clockAheadLimitMilliseconds = .max / 4
    var table = try await StatusTable(bench: try Bench(settings: settings))
    try await table.run(StatusTableTests.changes)
    try await table.run(Law03DisclosedStaysDisclosedTests.ways)
    try await table.run(Law05ReversalSettlesTests.reversals)
    let bench = table.bench
    let live = try bench.engine.verify()
    #expect(live.sound, "\(live.problems)")
    #expect(live.stateDigest != nil && live.stateDigest == live.replayedDigest)
    guard case .stock(let levels) = await bench.ask(.stock(nil), as: bench.administrator) else {
      Issue.record("no stock")
      return
    }
    try bench.restart()
    let again = try bench.engine.verify()
    #expect(again.stateDigest == live.stateDigest && again.chainHead == live.chainHead)
    guard case .stock(levels) = await bench.ask(.stock(nil), as: bench.administrator) else {
      Issue.record("other levels after a restart")
      return
    }
  }
}
