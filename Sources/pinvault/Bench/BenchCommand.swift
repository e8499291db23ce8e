import ArgumentParser
import Foundation
import PinBench

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a server on this machine: what it sells in a second, and how long a sale takes.",
    discussion: """
      Starts a server on a data directory of its own, loads cards, drives it over TCP, and checks afterwards that every \
      PIN came once and belongs to its serial, that the counts agree with the server's, and that the store verifies. A \
      run that fails these checks fails. The directory is made where --in says, so that its disk is what is measured, \
      and is gone afterwards.

      With --rate, operations begin when they are due, whatever became of those before; latency counts from then. \
      Several connection counts, in-flight counts or shapes are run one after the other.

      Shapes: vend (one card in one request), reserve-dispense (held, then dispensed), carts (several products, most \
      abandoned and expiring), zipf (a hundred products, the first the most wanted), sell-out (until nothing is left, \
      and further), mix (vends, looks and reprints), retries (each vend asked for twice).

      Example:
        pinvault bench --connections 1,16,64 --seconds 10 --html bench.html
      """)

  @Option(help: ArgumentHelp("What is asked for; several with commas. (default: vend)", valueName: "shapes"))
  var shape = ListArgument<Shape>([.vend])
  @Option(help: ArgumentHelp("Connections; several counts with commas. (default: 16)", valueName: "counts"))
  var connections = ListArgument<Int>([16])
  @Option(help: ArgumentHelp("Requests a connection keeps under way. (default: 1)", valueName: "counts"))
  var inFlight = ListArgument<Int>([1])
  @Option(help: ArgumentHelp("Operations a second, over all connections.", valueName: "count")) var rate: Double?
  @Option(help: ArgumentHelp("How long to measure.", valueName: "time")) var seconds = SecondsArgument(seconds: 10)
  @Option(help: ArgumentHelp("How long to run before that.", valueName: "time"))
  var warmUp = SecondsArgument(seconds: 2)
  @Option(help: ArgumentHelp("Cards in stock when a run begins.", valueName: "count")) var cards = 1_000_000
  @Option(help: ArgumentHelp("Products they are spread over. (default: the shape's)", valueName: "count"))
  var products: Int?
  @Option(help: ArgumentHelp("Threads of the load.", valueName: "count")) var threads = 1
  @Flag(help: "Encrypt the connections; needs the openssl command for a certificate.") var tls = false
  @Option(name: .customLong("in"), help: ArgumentHelp("Where to make the data directory.", valueName: "directory"))
  var place = "."
  @Flag(help: "Leave the data directory there.") var keep = false
  @Option(help: ArgumentHelp("Write a page with plots.", valueName: "file")) var html: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard connections.values.allSatisfy({ (1...20_000).contains($0) }) else {
      throw ValidationError("--connections: 1 to 20000")
    }
    guard inFlight.values.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("--in-flight: 1 to 4096")
    }
    guard (1...64).contains(threads) else { throw ValidationError("--threads: 1 to 64") }
    guard (1...100_000_000).contains(cards) else { throw ValidationError("--cards: 1 to 100,000,000") }
    guard (1...10_000).contains(products ?? 1) else { throw ValidationError("--products: 1 to 10000") }
    guard (rate ?? 1) > 0 else { throw ValidationError("--rate: more than 0") }
    guard seconds.seconds > 0 else { throw ValidationError("--seconds: more than 0") }
  }

  func run() async throws {
    let progress = Progress(name: "bench", isShown: isatty(STDERR_FILENO) == 1)
    let rig = try await BenchRig.start(in: Files.trimmed(place), tls: tls)
    do {
      var results: [BenchResult] = []
      for plan in plans {
        progress.show("loading cards")
        let target = try await rig.target(for: plan, cards: cards, products: products, progress: progress)
        results.append(try await measure(plan, on: target, rig, progress))
        progress.clear()
      }
      let report = BenchReport(
        machine: BenchMachine.read(place: place), results: results, verified: try await rig.verify())
      await rig.end(keeping: keep)
      try tell(report)
    } catch {
      progress.clear()
      await rig.end(keeping: keep)
      throw (error as? BenchmarkError).map { Fault(.rotten, "\($0)") } ?? error
    }
  }

  private var plans: [BenchmarkPlan] {
    shape.values.flatMap { shape in
      connections.values.flatMap { connections in
        inFlight.values.map { inFlight in
          var plan = BenchmarkPlan()
          plan.shape = shape
          plan.connectionCount = connections
          plan.inFlight = inFlight
          plan.rate = rate
          plan.seconds = Double(seconds.seconds)
          plan.warmUpSeconds = Double(warmUp.seconds)
          plan.threadCount = min(threads, connections)
          return plan
        }
      }
    }
  }

  private func measure(
    _ plan: BenchmarkPlan, on target: BenchmarkTarget, _ rig: BenchRig, _ progress: Progress
  ) async throws -> BenchResult {
    let edges = BenchEdges()
    let name = "\(plan.shape.rawValue), \(plan.connectionCount) × \(plan.inFlight)"
    let outcome = try await Benchmark(plan, target).run { edge in
      await edges.add(try await rig.reading(), at: edge)
    } progress: { operations, seconds in
      let rate = seconds > 0 ? Int(Double(operations) / seconds) : 0
      progress.show("\(name): \(operations) done, \(rate) a second")
    }
    return BenchResult(
      plan: plan, tls: tls, outcome: outcome, edges: try await edges.both(), problems: try await rig.check(outcome))
  }

  private func tell(_ report: BenchReport) throws {
    if let html { try Files.replace(html, with: BenchPage(report).text, mode: 0o644) }
    try output.print(report) { report.text }
    let problems = report.problems
    if !problems.isEmpty { throw Fault(.notSound, "the run is not valid: " + problems.joined(separator: "; ")) }
  }
}

extension Shape: ExpressibleByArgument {}

/// Values with commas between them.
struct ListArgument<Value: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
  let values: [Value]

  init(_ values: [Value]) { self.values = values }

  init?(argument: String) {
    let values = argument.split(separator: ",").compactMap { Value(argument: String($0)) }
    guard !values.isEmpty, values.count == argument.split(separator: ",", omittingEmptySubsequences: false).count
    else { return nil }
    self.values = values
  }

  static var allValueStrings: [String] { Value.allValueStrings }
}

/// The server's readings when the measured time begins and when it ends.
private actor BenchEdges {
  private var begin: BenchReading?
  private var end: BenchReading?

  func add(_ reading: BenchReading, at edge: Benchmark.Edge) {
    switch edge {
    case .begin: begin = reading
    case .end: end = reading
    }
  }

  func both() throws -> (begin: BenchReading, end: BenchReading) {
    guard let begin, let end else { throw Fault(.rotten, "the run ended without readings of the server") }
    return (begin, end)
  }
}
