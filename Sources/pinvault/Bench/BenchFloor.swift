import PinBench

/// What this machine does at best with one run's load, measured right after it.
struct BenchLimits: Encodable, Sendable {
  /// Requests a second that an echo of frames of the same sizes answers, over as many connections and as deep.
  let echoPerSecond: Double
  let echoP50Microseconds: Double
  /// Requests a second that the disk allows, as many to a sync as the run had.
  let journalPerSecond: Double
  let journalP50Microseconds: Double
  /// The same for LMDB alone, with a vend's two puts for each.
  let lmdbPerSecond: Double

  /// What a request takes that waits for one sync and one turn over the wire.
  var latencyMicroseconds: Double { echoP50Microseconds + journalP50Microseconds }

  private static let seconds = 1.0

  static func measure(_ result: BenchResult, _ cost: BenchCost, in directory: String) async throws -> BenchLimits {
    let echo = try await echo(result)
    let journal = try SyncFloor.ofJournal(
      in: directory, blockByteCount: max(Int(cost.journalBytesPerSync), 1), seconds: seconds)
    let lmdb = try SyncFloor.ofLMDB(
      in: directory, vendsPerCommit: max(Int(cost.requestsPerSync.rounded()), 1), seconds: seconds)
    return BenchLimits(
      echoPerSecond: echo.operationsPerSecond, echoP50Microseconds: echo.latencyMicroseconds(percentile: 50),
      journalPerSecond: journal.syncsPerSecond * cost.requestsPerSync, journalP50Microseconds: journal.p50Microseconds,
      lmdbPerSecond: lmdb.syncsPerSecond * max(cost.requestsPerSync.rounded(), 1))
  }

  private static func echo(_ result: BenchResult) async throws -> BenchmarkOutcome {
    let sizes = EchoSizes(request: result.requestBytes, answer: result.answerBytes)
    let server = try EchoServer(sizes)
    defer { server.stop() }
    var plan = BenchmarkPlan()
    plan.connectionCount = result.connections
    plan.inFlight = result.inFlight
    plan.warmUpSeconds = 0.2
    plan.seconds = seconds
    return try await Benchmark(plan, BenchmarkTarget(port: server.port, server: .echo(sizes), cardCount: 1)).run(
      atEdge: { _ in }, progress: { _, _ in })
  }
}

/// What the disk does by itself with the blocks, and LMDB with the puts, of so many vends a sync.
struct BenchFloor: Encodable, Sendable {
  let vendsPerSync: Int
  let journalVendsPerSecond: Double
  let journalMicroseconds: Double
  let lmdbVendsPerSecond: Double
  let lmdbMicroseconds: Double
  let bothVendsPerSecond: Double
  let bothMicroseconds: Double

  static let batches = [1, 16, 64, 512]
  private static let seconds = 1.0

  static func measure(vendByteCount: Int, in directory: String) throws -> [BenchFloor] {
    try batches.map { count in
      let journal = try SyncFloor.ofJournal(in: directory, blockByteCount: count * vendByteCount, seconds: seconds)
      let lmdb = try SyncFloor.ofLMDB(in: directory, vendsPerCommit: count, seconds: seconds)
      let both = try SyncFloor.ofBoth(
        in: directory, vendsPerSync: count, vendByteCount: vendByteCount, seconds: seconds)
      return BenchFloor(
        vendsPerSync: count, journalVendsPerSecond: journal.syncsPerSecond * Double(count),
        journalMicroseconds: journal.p50Microseconds, lmdbVendsPerSecond: lmdb.syncsPerSecond * Double(count),
        lmdbMicroseconds: lmdb.p50Microseconds, bothVendsPerSecond: both.syncsPerSecond * Double(count),
        bothMicroseconds: both.p50Microseconds)
    }
  }
}
