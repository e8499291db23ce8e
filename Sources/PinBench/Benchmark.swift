import Foundation
import Histogram
import PinWords

/// Drives a server, and says what came of it.
package struct Benchmark: Sendable {
  private let plan: BenchmarkPlan
  private let target: BenchmarkTarget

  package init(_ plan: BenchmarkPlan, _ target: BenchmarkTarget) {
    self.plan = plan
    self.target = target
  }

  /// Runs it: `atEdge` is told when the measured time begins and when it ends, `progress` twice a second.
  ///
  /// Throws `BenchmarkError` if a connection breaks, or an answer is missing or not to be read.
  package func run(
    atEdge: @Sendable (Edge) async throws -> Void, progress: @Sendable (_ operations: Int, _ seconds: Double) -> Void
  ) async throws -> BenchmarkOutcome {
    let begin = Clock.nanoseconds() + 300_000_000
    let measured = begin + UInt64(plan.warmUpSeconds * 1e9)
    let phases = Phases(begin: begin, measured: measured, end: measured + UInt64(plan.seconds * 1e9))
    let counted = (0..<plan.threadCount).map { _ in Progress() }
    return try await withTaskCancellationHandler {
      try await run(phases, counted, atEdge: atEdge, progress: progress)
    } onCancel: {
      for thread in counted { thread.isGivenUp.store(true, ordering: .relaxed) }
    }
  }

  private func run(
    _ phases: Phases, _ counted: [Progress], atEdge: @Sendable (Edge) async throws -> Void,
    progress: @Sendable (_ operations: Int, _ seconds: Double) -> Void
  ) async throws -> BenchmarkOutcome {
    try await withThrowingTaskGroup(of: ThreadOutcome.self) { group in
      for number in 0..<plan.threadCount {
        group.addTask { [self] in try await runThread(number, phases, counted[number]) }
      }
      try await sleep(until: phases.measured)
      try await atEdge(.begin)
      let start = counted.reduce(0) { $0 + $1.operations.load(ordering: .relaxed) }
      while Clock.nanoseconds() < phases.end {
        try await sleep(until: min(phases.end, Clock.nanoseconds() + 500_000_000))
        let done = counted.reduce(0) { $0 + $1.operations.load(ordering: .relaxed) } - start
        progress(done, Double(Clock.nanoseconds() - phases.measured) / 1e9)
      }
      try await atEdge(.end)
      var outcome = BenchmarkOutcome(plan)
      for try await thread in group { outcome.add(thread) }
      return outcome
    }
  }

  /// The beginning and the end of the measured time.
  package enum Edge: Sendable { case begin, end }

  /// On a thread of its own: the load waits in the kernel.
  private func runThread(_ number: Int, _ phases: Phases, _ progress: Progress) async throws -> ThreadOutcome {
    try await withCheckedThrowingContinuation { continuation in
      Thread {
        continuation.resume(
          with: Result {
            switch target.server {
            case .pinvault(let actorName, let key):
              let dialect = PinVaultDialect(plan, actorName: actorName, key: key, products: target.products)
              return try runThread(number, dialect, phases, progress)
            case .valkey: return try runThread(number, ValkeyDialect(products: target.products), phases, progress)
            case .postgres: return try runThread(number, PostgresDialect(products: target.products), phases, progress)
            case .echo(let sizes): return try runThread(number, EchoDialect(sizes), phases, progress)
            }
          })
      }.start()
    }
  }

  private func runThread(
    _ number: Int, _ dialect: some Dialect, _ phases: Phases, _ progress: Progress
  ) throws(BenchmarkError) -> ThreadOutcome {
    let tally = Tally(phases, cardCount: target.cardCount, progress: progress)
    let thread = try LoadThread(plan, target, dialect, number: number, phases: phases, tally: tally)
    try thread.run()
    return ThreadOutcome(tally, traffic: thread.traffic)
  }

  private func sleep(until nanoseconds: UInt64) async throws {
    let now = Clock.nanoseconds()
    if nanoseconds > now { try await Task.sleep(nanoseconds: nanoseconds - now) }
  }
}

/// What a run sent and received in all, the opening of sessions left out.
struct Traffic: Sendable {
  var sentByteCount = 0
  var receivedByteCount = 0
  var answerCount = 0

  mutating func add(_ other: Traffic) {
    sentByteCount += other.sentByteCount
    receivedByteCount += other.receivedByteCount
    answerCount += other.answerCount
  }
}

/// What one thread of the load came back with.
struct ThreadOutcome: Sendable {
  let latencies: Histogram<UInt32>
  let buckets: [Int]
  let statuses: [Int]
  let operationCount: Int
  let sold: CardSet
  let faults: Tally.Faults
  let traffic: Traffic

  init(_ tally: Tally, traffic: Traffic) {
    self.traffic = traffic
    latencies = tally.latencies
    buckets = tally.buckets
    statuses = tally.statuses
    operationCount = tally.operationCount
    sold = tally.sold
    faults = tally.faults
  }
}

/// What all threads came back with.
package struct BenchmarkOutcome: Sendable {
  private let plan: BenchmarkPlan
  private var histogram = Histogram<UInt32>(highestTrackableValue: 120_000_000_000)
  private var statuses = [Int](repeating: 0, count: 256)
  /// The cards handed out in the whole run, warm-up and last answers included.
  package private(set) var sold = CardSet(count: 0)
  private var faults = Tally.Faults()
  /// Operations done in the measured time.
  package private(set) var operationCount = 0
  /// Operations done in each tenth of a second of it.
  package private(set) var operationsByTenth: [Int] = []
  private var traffic = Traffic()

  init(_ plan: BenchmarkPlan) { self.plan = plan }

  mutating func add(_ thread: ThreadOutcome) {
    histogram.add(thread.latencies)
    operationCount += thread.operationCount
    for (status, count) in thread.statuses.enumerated() { statuses[status] += count }
    if operationsByTenth.isEmpty { operationsByTenth = Array(repeating: 0, count: thread.buckets.count) }
    for (index, count) in thread.buckets.enumerated() { operationsByTenth[index] += count }
    traffic.add(thread.traffic)
    faults.wrongPINs += thread.faults.wrongPINs
    faults.otherCards += thread.faults.otherCards
    faults.unmarkedRepeats += thread.faults.unmarkedRepeats
    faults.falseRepeats += thread.faults.falseRepeats
    let (all, inBoth) = sold.union(thread.sold)
    sold = all
    faults.soldTwice += thread.faults.soldTwice + inBoth
  }

  package var operationsPerSecond: Double { Double(operationCount) / plan.seconds }
  /// Requests answered in the measured time.
  package var requestCount: Int { statuses.reduce(0, +) }

  /// How long a request and an answer were on average.
  package var frameSizes: EchoSizes {
    let count = max(traffic.answerCount, 1)
    return EchoSizes(request: max(traffic.sentByteCount / count, 1), answer: max(traffic.receivedByteCount / count, 1))
  }

  /// How many answers of the measured time were refusals, by status.
  package var refusals: [String: Int] {
    var refusals: [String: Int] = [:]
    for (number, count) in statuses.enumerated() where number > 0 && count > 0 {
      refusals[Status(rawValue: UInt8(number)).map { "\($0)" } ?? "status \(number)"] = count
    }
    return refusals
  }

  /// The latency that this share of operations stayed under, in microseconds; 100 is the maximum.
  package func latencyMicroseconds(percentile: Double) -> Double {
    guard histogram.totalCount > 0 else { return 0 }
    return Double(percentile < 100 ? histogram.valueAtPercentile(percentile) : histogram.maxRecorded) / 1000
  }

  /// What must not have happened and did, a line each.
  package var problems: [String] {
    let shortages = plan.shape == .sellOut ? 0 : refusals["\(Status.insufficientStock)"] ?? 0
    return [
      (shortages, "requests found no stock: load more cards, or run for a shorter time"),
      (faults.wrongPINs, "PINs do not belong to their serials"),
      (faults.soldTwice, "cards were sold twice"),
      (faults.otherCards, "repeats told another card than the sale"),
      (faults.unmarkedRepeats, "repeats were not marked as such"),
      (faults.falseRepeats, "first answers were marked as repeats"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
  }
}
