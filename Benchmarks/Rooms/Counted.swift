import AllocationCount
import Benchmark
import Glibc
import PinStore

/// Counts that are the same on every machine. Thresholds are set on these; times are only looked at.
enum Counted {
  static let allocations = BenchmarkMetric.custom("Allocations", polarity: .prefersSmaller, useScalingFactor: true)
  static let syncs = BenchmarkMetric.custom("Syncs", polarity: .prefersSmaller, useScalingFactor: true)
  static let journalBytes = BenchmarkMetric.custom("Journal bytes", polarity: .prefersSmaller, useScalingFactor: true)

  /// Whether only counts are taken, to be compared with thresholds.
  static let isAlone = getenv("PINVAULT_COUNTS") != nil

  /// So many runs of a benchmark with these counts, and with times unless counts are alone.
  static func configuration(
    _ counts: [BenchmarkMetric], iterations: Int, scaling: BenchmarkScalingFactor = .one
  ) -> Benchmark.Configuration {
    // A buffer that has to grow once more or once less is no change of the program.
    let allocationsMayDiffer = BenchmarkThresholds(relative: [.p50: 25.0], absolute: [.p50: 2])
    return Benchmark.Configuration(
      metrics: isAlone ? counts : [.wallClock, .throughput] + counts, warmupIterations: 1, scalingFactor: scaling,
      maxDuration: .seconds(2), maxIterations: iterations, thresholds: [allocations: allocationsMayDiffer])
  }
}

extension Benchmark {
  /// Measures the body's time and allocations.
  func counted(_ body: () throws -> Void) rethrows {
    let before = allocation_count()
    startMeasurement()
    try body()
    stopMeasurement()
    measurement(Counted.allocations, Int(allocation_count() - before))
  }

  /// The same, with what the store counted.
  func counted(_ counters: () -> StoreCounters, _ body: () throws -> Void) rethrows {
    let start = counters()
    try counted(body)
    let end = counters()
    measurement(Counted.syncs, Int(end.syncs - start.syncs))
    measurement(Counted.journalBytes, Int(end.journalBytes - start.journalBytes))
  }
}
