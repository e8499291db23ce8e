import Foundation
import Glibc
import PinBench

/// What a benchmark reads of the server's counters.
struct BenchReading: Decodable, Sendable {
  var batches: UInt64
  var syncs: UInt64
  var syncNanoseconds: UInt64
  var requests: UInt64
  var journalBytes: UInt64
  var checkpoints: UInt64
  var longestCheckpointNanoseconds: UInt64
  var processorSeconds: Double
  var ownMemoryBytes: UInt64
  var residentBytes: UInt64
  var writtenBytes: UInt64
  var fileBytes: UInt64?
}

/// One run's figures; of several rounds, those of the one in the middle.
struct BenchResult: Encodable, Sendable {
  struct Latency: Encodable {
    var p50, p90, p99, p999, p9999, max: Double

    enum CodingKeys: String, CodingKey {
      case p50, p90, p99
      case p999 = "p99.9"
      case p9999 = "p99.99"
      case max
    }
  }

  /// `pinvault`, or the peer's name.
  let server: String
  let shape: String
  let connections: Int
  let inFlight: Int
  let tls: Bool
  let rate: Double?
  let seconds: Double
  let operations: Int
  let operationsPerSecond: Double
  let requestsPerSecond: Double
  let refusals: [String: Int]
  let latencyMicroseconds: Latency
  /// Percentile and microseconds, for the plot.
  let percentiles: [[Double]]
  let operationsByTenth: [Int]
  let requestBytes: Int
  let answerBytes: Int
  let clientProcessors: Double
  let problems: [String]
  /// What it cost the server; of this program's server only.
  let cost: BenchCost?
  /// What this machine does at best in the same minute; with `--floor`.
  var limits: BenchLimits?
  /// The operations a second of every round, in order.
  var rounds: [Double] = []

  init(
    server: String, plan: BenchmarkPlan, tls: Bool, outcome: BenchmarkOutcome, cost: BenchCost?, clientSeconds: Double,
    problems: [String]
  ) {
    self.server = server
    shape = plan.shape.rawValue
    connections = plan.connectionCount
    inFlight = plan.inFlight
    self.tls = tls
    rate = plan.rate
    seconds = plan.seconds
    operations = outcome.operationCount
    operationsPerSecond = outcome.operationsPerSecond
    requestsPerSecond = Double(outcome.requestCount) / plan.seconds
    refusals = outcome.refusals
    func latency(_ percentile: Double) -> Double { outcome.latencyMicroseconds(percentile: percentile) }
    latencyMicroseconds = Latency(
      p50: latency(50), p90: latency(90), p99: latency(99), p999: latency(99.9), p9999: latency(99.99),
      max: latency(100))
    percentiles = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100].map { [$0, latency($0)] }
    operationsByTenth = outcome.operationsByTenth
    requestBytes = outcome.frameSizes.request
    answerBytes = outcome.frameSizes.answer
    clientProcessors = clientSeconds / plan.seconds
    self.cost = cost
    self.problems = problems
  }

  /// `vend, 16 × 1`, and what else sets the load apart.
  var load: String {
    let rate = rate.map { " at \(Int($0))/s" } ?? ""
    return "\(shape), \(connections) × \(inFlight)\(rate)\(tls ? " TLS" : "")"
  }

  /// The load, and whose it was if it was a peer's.
  var name: String { server == "pinvault" ? load : "\(server): \(load)" }

  /// The run in the middle of several of one load, with the rates of all.
  static func median(of rounds: [BenchResult]) -> BenchResult {
    var middle = rounds.sorted { $0.operationsPerSecond < $1.operationsPerSecond }[(rounds.count - 1) / 2]
    middle.rounds = rounds.map(\.operationsPerSecond)
    return middle
  }
}

/// What a run cost the server.
struct BenchCost: Encodable, Sendable {
  let syncsPerOperation: Double
  let requestsPerSync: Double
  let requestsPerBatch: Double
  let syncMicroseconds: Double
  let checkpoints: UInt64
  let longestCheckpointMilliseconds: Double
  let journalBytesPerOperation: Double
  let journalBytesPerSync: Double
  let writtenBytesPerOperation: Double
  let fileGrowthBytes: Int64
  let processors: Double
  let ownMemoryBytes: UInt64
  let residentBytes: UInt64

  init(_ outcome: BenchmarkOutcome, seconds: Double, from begin: BenchReading, to end: BenchReading) {
    let count = Double(max(outcome.operationCount, 1))
    let syncs = Double(end.syncs - begin.syncs)
    let requests = Double(end.requests - begin.requests)
    let journalBytes = Double(end.journalBytes - begin.journalBytes)
    syncsPerOperation = syncs / count
    requestsPerSync = requests / max(1, syncs)
    requestsPerBatch = requests / max(1, Double(end.batches - begin.batches))
    syncMicroseconds = Double(end.syncNanoseconds - begin.syncNanoseconds) / 1000 / max(1, syncs)
    checkpoints = end.checkpoints - begin.checkpoints
    longestCheckpointMilliseconds = Double(end.longestCheckpointNanoseconds) / 1e6
    journalBytesPerOperation = journalBytes / count
    journalBytesPerSync = journalBytes / max(1, syncs)
    writtenBytesPerOperation = Double(end.writtenBytes - begin.writtenBytes) / count
    fileGrowthBytes = Int64(end.fileBytes ?? 0) - Int64(begin.fileBytes ?? 0)
    processors = (end.processorSeconds - begin.processorSeconds) / seconds
    ownMemoryBytes = end.ownMemoryBytes
    residentBytes = end.residentBytes
  }
}

/// How long a server took to start again, and on what.
struct BenchReopening: Encodable, Sendable {
  let payloadBytes: UInt64
  let stateBytes: UInt64
  let journalBytes: UInt64
  let secondsAfterKill: Double
  let secondsAfterStop: Double

  var text: String {
    func megabytes(_ bytes: UInt64) -> String { "\(Figure.whole(Double(bytes) / 1e6)) MB" }
    return
      "It served again \(Figure.short(secondsAfterKill)) s after it was killed, and \(Figure.short(secondsAfterStop)) s "
      + "after it was stopped, with \(megabytes(payloadBytes)) of cards, \(megabytes(stateBytes)) of state and "
      + "\(megabytes(journalBytes)) of journal."
  }
}

extension Files {
  /// What a directory's files take on the disk.
  static func allocatedBytes(_ path: String) -> UInt64 {
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    guard status.st_mode & S_IFMT == S_IFDIR else { return UInt64(status.st_blocks) * 512 }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { $0 + allocatedBytes("\(path)/\($1)") }
  }
}
