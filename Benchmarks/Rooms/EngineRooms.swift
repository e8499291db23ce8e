import Benchmark
import Dispatch
import Foundation
import PinEngine
import PinStore
import Synchronization

private let counts = [Counted.allocations, Counted.syncs, Counted.journalBytes]

func engineBenchmarks() {
  for size in [1, 16, 64, 512, 4096] { groupCommit(size) }
  // The others depend on how threads meet, or are looked at for their times alone.
  if Counted.isAlone { return }
  for threads in [1, 2, 4, 8, 16, 32, 64] { concurrentVends(threads) }
  importing()
  verifying()
  recovering()
}

/// Decided, applied, journaled and synced, so many vends to a batch; nothing is opened, and no socket is in it.
private func groupCommit(_ size: Int) {
  stage("Engine: vends, \(size) to a batch", counts: counts, iterations: max(5, 400_000 / size), cards: 500_000) {
    benchmark, stage in
    try benchmark.counted({ stage.engine.counters }) { try stage.vend(size) }
  }
}

/// So many threads, each asking for one card after another, 64 together.
private func concurrentVends(_ threads: Int) {
  stage("Engine: 64 vends each by \(threads) threads", counts: counts, iterations: 100, cards: 500_000) {
    benchmark, stage in
    let failureCount = Atomic(0)
    benchmark.counted({ stage.engine.counters }) {
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        for _ in 0..<64 {
          do { try stage.vend(1) } catch { failureCount.add(1, ordering: .relaxed) }
        }
      }
    }
    if failureCount.load(ordering: .relaxed) > 0 { benchmark.error("a vend was not granted") }
  }
}

private func importing() {
  let configuration = Counted.configuration([Counted.syncs], iterations: 10)
  Benchmark("Engine: import 50,000 cards", configuration: configuration) {
    (benchmark: Benchmark, stage: EngineStage) async throws in
    let before = stage.engine.counters
    benchmark.startMeasurement()
    try await stage.load(50_000)
    benchmark.stopMeasurement()
    benchmark.measurement(Counted.syncs, Int(stage.engine.counters.syncs - before.syncs))
  } setup: {
    try await Stages.begin(cards: 0)
  } teardown: {
    Stages.end()
  }
}

/// The whole journal replayed beside the state, every block's hash and every card's row looked at.
private func verifying() {
  stage("Engine: verify 100,000 vends of 500,000 cards", iterations: 5, cards: 500_000) {
    benchmark, stage in
    if stage.engine.counters.events < 100_000 { for _ in 0..<25 { try stage.vend(4000) } }
    benchmark.startMeasurement()
    guard try stage.engine.verify().sound else { return benchmark.error("the store does not verify") }
    benchmark.stopMeasurement()
  }
}

/// What a crash leaves of 15,000 vends after the last checkpoint: a copy taken while nothing moves, opened.
private func recovering() {
  stage("Engine: recover 15,000 vends", iterations: 5, cards: 200_000) { benchmark, stage in
    for _ in 0..<15 { try stage.vend(1000) }
    try Scratch.with { copy in
      try stage.copy(to: copy)
      benchmark.startMeasurement()
      let engine = try Engine(at: copy, masterKey: stage.masterKey)
      benchmark.stopMeasurement()
      engine.stop()
    }
  }
}

/// A benchmark on an engine that is made before it and gone after it.
private func stage(
  _ name: String, counts: [BenchmarkMetric] = [], iterations: Int, cards: Int,
  _ body: @escaping @Sendable (Benchmark, EngineStage) throws -> Void
) {
  let configuration = Counted.configuration(counts, iterations: iterations)
  Benchmark(name, configuration: configuration) { (benchmark: Benchmark, stage: EngineStage) throws in
    try body(benchmark, stage)
  } setup: {
    try await Stages.begin(cards: cards)
  } teardown: {
    Stages.end()
  }
}

/// The stage that is up now.
private enum Stages {
  private static let current = Mutex<EngineStage?>(nil)

  static func begin(cards: Int) async throws -> EngineStage {
    let stage = try await EngineStage(cards: cards)
    current.withLock { $0 = stage }
    return stage
  }

  static func end() {
    current.withLock { stage in
      stage?.end()
      stage = nil
    }
  }
}
