import Foundation
import Glibc
import PinBench

/// What a benchmark reads of the server's counters, and of its own.
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
  var clientProcessorSeconds: Double?
}

/// One run's figures.
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
  let syncsPerOperation: Double
  let requestsPerBatch: Double
  let syncMicroseconds: Double
  let checkpoints: UInt64
  let longestCheckpointMilliseconds: Double
  let journalBytesPerOperation: Double
  let writtenBytesPerOperation: Double
  let fileGrowthBytes: Int64
  let serverProcessors: Double
  let clientProcessors: Double
  let serverOwnMemoryBytes: UInt64
  let serverResidentBytes: UInt64
  let problems: [String]

  init(
    plan: BenchmarkPlan, tls: Bool, outcome: BenchmarkOutcome, edges: (begin: BenchReading, end: BenchReading),
    problems: [String]
  ) {
    let (begin, end) = edges
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
    let count = Double(max(operations, 1))
    let syncs = Double(end.syncs - begin.syncs)
    syncsPerOperation = syncs / count
    requestsPerBatch = Double(end.requests - begin.requests) / max(1, Double(end.batches - begin.batches))
    syncMicroseconds = Double(end.syncNanoseconds - begin.syncNanoseconds) / 1000 / max(1, syncs)
    checkpoints = end.checkpoints - begin.checkpoints
    longestCheckpointMilliseconds = Double(end.longestCheckpointNanoseconds) / 1e6
    journalBytesPerOperation = Double(end.journalBytes - begin.journalBytes) / count
    writtenBytesPerOperation = Double(end.writtenBytes - begin.writtenBytes) / count
    fileGrowthBytes = Int64(end.fileBytes ?? 0) - Int64(begin.fileBytes ?? 0)
    serverProcessors = (end.processorSeconds - begin.processorSeconds) / plan.seconds
    clientProcessors = ((end.clientProcessorSeconds ?? 0) - (begin.clientProcessorSeconds ?? 0)) / plan.seconds
    serverOwnMemoryBytes = end.ownMemoryBytes
    serverResidentBytes = end.residentBytes
    self.problems = problems
  }

  /// `vend 16 × 1`, and what else sets it apart.
  var name: String {
    let rate = rate.map { " at \(Int($0))/s" } ?? ""
    return "\(shape) \(connections) × \(inFlight)\(rate)\(tls ? " TLS" : "")"
  }
}

/// The machine that was measured on.
struct BenchMachine: Encodable, Sendable {
  var processor: String
  var processors: Int
  var kernel: String
  var fileSystemDirectory: String
  var version: String

  var text: String { "\(processor), \(processors) processors, Linux \(kernel), pinvault \(version)" }

  static func read(place: String) -> BenchMachine {
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = model?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    return BenchMachine(
      processor: name ?? "unknown", processors: ProcessInfo.processInfo.activeProcessorCount, kernel: release,
      fileSystemDirectory: place, version: programVersion)
  }
}

/// All runs of one command.
struct BenchReport: Encodable, Sendable {
  var machine: BenchMachine
  var results: [BenchResult]
  /// Whether the store verified after the last run.
  var verified: Bool

  /// Why the runs are not valid; empty if they are.
  var problems: [String] {
    results.flatMap { result in result.problems.map { "\(result.name): \($0)" } }
      + (verified ? [] : ["the store does not verify"])
  }

  /// Whether the runs are valid, in a sentence.
  var verdict: String {
    problems.isEmpty
      ? "Every PIN came once and with its serial, the counts agree with the server's, and the store verifies."
      : "Not valid: " + problems.joined(separator: "; ")
  }

  var text: String {
    var table = Table(
      [
        "Load", "Ops/s", "p50 µs", "p99", "p99.9", "p99.99", "Max", "Syncs/op", "Batch", "Disk B/op", "Server CPU",
        "Load CPU", "Own MB",
      ], numbers: Set(1...12))
    for result in results {
      let latency = result.latencyMicroseconds
      table.add(
        [
          result.name, Figure.whole(result.operationsPerSecond), Figure.whole(latency.p50), Figure.whole(latency.p99),
          Figure.whole(latency.p999),
          Figure.whole(latency.p9999), Figure.whole(latency.max), Figure.short(result.syncsPerOperation),
          Figure.short(result.requestsPerBatch),
          Figure.whole(result.writtenBytesPerOperation), Figure.short(result.serverProcessors),
          Figure.short(result.clientProcessors),
          Figure.whole(Double(result.serverOwnMemoryBytes) / 1e6),
        ])
    }
    var lines = [
      "\(machine.processor), \(machine.processors) processors, Linux \(machine.kernel), pinvault \(machine.version)",
      "",
      table.text,
    ]
    for result in results where !result.refusals.isEmpty {
      let refusals = result.refusals.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
      lines.append("\(result.name): refused \(refusals.joined(separator: ", "))")
    }
    lines.append(verdict)
    return lines.joined(separator: "\n")
  }
}

/// How a benchmark's figures are written, in the table as on the page.
enum Figure {
  /// `12,345`
  static func whole(_ value: Double) -> String {
    Int(value.rounded()).formatted(.number.locale(Locale(identifier: "en")))
  }

  /// `1.25`, `125`
  static func short(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
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
