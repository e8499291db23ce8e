// Start here. Each room by itself, from the bytes up: what a benchmark over the wire adds together.
//
//   Rooms            what is measured: this file
//   Counted          the counts that do not drift, beside the times
//   Leaves           codec, sealing, LMDB calls
//   EngineStage      an engine on a directory of its own, with stock
//   WriterStages     deciding, applying and appending a batch, each by itself
//   EngineRooms      group commit, threads, import, verify, recovery
//
// Scripts/bench-rooms runs it, and compares its counts with Thresholds.

import Benchmark

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = Counted.configuration([Counted.allocations], iterations: 10_000)
  leafBenchmarks()
  writerStages()
  engineBenchmarks()
}
