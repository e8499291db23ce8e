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

      With --data, an existing directory is served instead, to measure it at its size: products and cards of the \
      benchmark's own come to those that are there, and they and their events stay. Restore a backup for that; do not \
      fill the journal of a store that sells.

      With --rate, operations begin when they are due, whatever became of those before; latency counts from then. \
      Several connection counts, in-flight counts or shapes are run one after the other.

      Shapes: vend (one card in one request), reserve-dispense (held, then dispensed), carts (several products, most \
      abandoned and expiring), hold (held, then given up), zipf (a hundred products, the first the most wanted), sell-out (until nothing is left, \
      and further), mix (vends, looks and reprints), retries (each vend asked for twice).

      With --floor, each run is followed by what the sockets, the disk and LMDB do at best with its load, and every \
      figure is told as a share of that. With --rounds, all loads are run in turn so often, and the figures are those \
      of each load's middle run. Peers are servers that Scripts/bench-peers has prepared.

      Example:
        pinvault bench --connections 1,16,64 --seconds 10 --html bench.html
      """)

  @Option(help: ArgumentHelp("What is asked for; several with commas.", valueName: "shapes"))
  var shape = ListArgument<Shape>([.vend])
  @Option(help: ArgumentHelp("Connections; several counts with commas.", valueName: "counts"))
  var connections = ListArgument<Int>([16])
  @Option(help: ArgumentHelp("Requests a connection keeps under way.", valueName: "counts"))
  var inFlight = ListArgument<Int>([1])
  @Option(help: ArgumentHelp("Connections × in flight, such as 1x1,16x32: instead of those two.", valueName: "loads"))
  var load: ListArgument<BenchLoad>?
  @Option(help: ArgumentHelp("Operations a second, over all connections.", valueName: "count")) var rate: Double?
  @Option(help: ArgumentHelp("How long to measure.", valueName: "time")) var seconds = SecondsArgument(seconds: 10)
  @Option(help: ArgumentHelp("How long to run before that.", valueName: "time"))
  var warmUp = SecondsArgument(seconds: 2)
  @Option(help: ArgumentHelp("Cards in stock when a run begins.", valueName: "count")) var cards = 1_000_000
  @Option(help: ArgumentHelp("Products they are spread over. (default: the shape's)", valueName: "count"))
  var products: Int?
  @Option(help: ArgumentHelp("Lines of a cart or a hold. (default: 3, 1)", valueName: "count")) var lines: Int?
  @Option(help: ArgumentHelp("Cards of each such line.", valueName: "count")) var cardsPerLine = 1
  @Option(help: ArgumentHelp("Threads of the load.", valueName: "count")) var threads = 1
  @Flag(help: "Encrypt the connections; needs the openssl command for a certificate.") var tls = false
  @Option(name: .customLong("in"), help: ArgumentHelp("Where to make the data directory.", valueName: "directory"))
  var place: String?
  @Flag(help: "Leave the data directory there.") var keep = false
  @OptionGroup var given: BenchStoreOptions
  @Flag(help: "Kill the server at the end and time its recovery; stop it and time its start.") var reopen = false
  @Flag(help: "Measure what this machine does at best, too.") var floor = false
  @Option(help: ArgumentHelp("How often to run all loads, in turn.", valueName: "count")) var rounds = 1
  @Option(help: ArgumentHelp("Run each load on this server, too: valkey, redis or postgres.", valueName: "kind:port"))
  var peer: [BenchPeer] = []
  @Option(help: ArgumentHelp("Cards that each peer has. (default: --cards)", valueName: "count")) var peerCards: Int?
  @Option(help: ArgumentHelp("Write a page with plots.", valueName: "file")) var html: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard loads.allSatisfy({ (1...20_000).contains($0.connections) }) else {
      throw ValidationError("--connections: 1 to 20000")
    }
    guard loads.allSatisfy({ (1...4096).contains($0.inFlight) }) else {
      throw ValidationError("--in-flight: 1 to 4096")
    }
    guard (1...64).contains(threads) else { throw ValidationError("--threads: 1 to 64") }
    guard (1...100_000_000).contains(cards) else { throw ValidationError("--cards: 1 to 100,000,000") }
    guard (1...10_000).contains(products ?? 1) else { throw ValidationError("--products: 1 to 10000") }
    guard (1...100).contains(lines ?? 1) else { throw ValidationError("--lines: 1 to 100") }
    guard (1...100_000).contains(cardsPerLine) else { throw ValidationError("--cards-per-line: 1 to 100,000") }
    guard (1...99).contains(rounds) else { throw ValidationError("--rounds: 1 to 99") }
    guard (1...100_000_000).contains(peerCards ?? 1) else { throw ValidationError("--peer-cards: 1 to 100,000,000") }
    guard peer.isEmpty || shape.values.allSatisfy({ [.vend, .reserveDispense].contains($0) }) else {
      throw ValidationError("--peer: only with the shapes vend and reserve-dispense")
    }
    guard given.data == nil || (place == nil && !keep) else {
      throw ValidationError("--data: a given directory stays where it is, so neither --in nor --keep")
    }
    guard (rate ?? 1) > 0 else { throw ValidationError("--rate: more than 0") }
    guard seconds.seconds > 0 else { throw ValidationError("--seconds: more than 0") }
  }

  func run() async throws { try await untilInterrupted { try await measure() } }

  private func measure() async throws {
    let progress = Progress(name: "bench", isShown: isatty(STDERR_FILENO) == 1)
    let store = try given.store
    let place = store.map { Files.parent(of: $0.path) } ?? Files.trimmed(place ?? ".")
    let rig = try await BenchRig.start(in: place, serving: store, tls: tls)
    do {
      let plans = plans
      let sales = BenchPeerSales()
      // By load and server, its runs.
      var results = Array(repeating: [BenchResult](), count: plans.count * (1 + peer.count))
      for _ in 0..<rounds {
        for (index, plan) in plans.enumerated() {
          let first = index * (1 + peer.count)
          results[first].append(try await measure(plan, rig, progress))
          for (number, peer) in peer.enumerated() {
            results[first + 1 + number].append(try await measure(plan, peer, sales, progress))
          }
        }
      }
      let reopening = reopen ? try await rig.reopening() : nil
      var report = BenchReport(
        machine: BenchMachine.read(place: place), results: results.map(BenchResult.median(of:)),
        verified: try await rig.verify())
      report.reopening = reopening
      report.floor = try floor(of: report.results, in: rig.directory)
      progress.clear()
      await rig.end(keeping: keep)
      try tell(report)
    } catch {
      progress.clear()
      await rig.end(keeping: keep)
      // Control-C in a terminal ends the server too, and whatever was asked of it then fails.
      try Task.checkCancellation()
      throw (error as? BenchmarkError).map { Fault(.rotten, "\($0)") } ?? error
    }
  }

  private var plans: [BenchmarkPlan] {
    shape.values.flatMap { shape in
      loads.map { load in
        var plan = BenchmarkPlan()
        plan.shape = shape
        plan.connectionCount = load.connections
        plan.inFlight = load.inFlight
        plan.lineCount = lines ?? shape.usualLineCount
        plan.cardsPerLine = cardsPerLine
        plan.rate = rate
        plan.seconds = Double(seconds.seconds)
        plan.warmUpSeconds = Double(warmUp.seconds)
        plan.threadCount = min(threads, load.connections)
        return plan
      }
    }
  }

  private var loads: [BenchLoad] {
    load?.values
      ?? connections.values.flatMap { connections in
        inFlight.values.map { BenchLoad(connections: connections, inFlight: $0) }
      }
  }

  private func measure(
    _ plan: BenchmarkPlan, _ rig: BenchRig, _ progress: Progress
  ) async throws -> BenchResult {
    progress.show("loading cards")
    let target = try await rig.target(for: plan, cards: cards, products: products, progress: progress)
    let (server, load) = (BenchEdges<BenchReading>(), BenchEdges<Double>())
    let outcome = try await Benchmark(plan, target).run { edge in
      await load.add(BenchProcess.ownProcessorSeconds)
      await server.add(try await rig.reading())
    } progress: {
      progress.show("pinvault", plan, operations: $0, seconds: $1)
    }
    let (begin, end) = try await server.both()
    let cost = BenchCost(outcome, seconds: plan.seconds, from: begin, to: end)
    var result = BenchResult(
      server: "pinvault", plan: plan, tls: tls, outcome: outcome, cost: cost, clientSeconds: try await load.passed(),
      problems: try await rig.check(outcome))
    if floor {
      progress.show("measuring the floor")
      result.limits = try await BenchLimits.measure(result, cost, in: rig.directory)
    }
    progress.clear()
    return result
  }

  private func measure(
    _ plan: BenchmarkPlan, _ peer: BenchPeer, _ sales: BenchPeerSales, _ progress: Progress
  ) async throws -> BenchResult {
    let target = BenchmarkTarget(port: peer.port, server: peer.server, cardCount: peerCards ?? cards)
    let load = BenchEdges<Double>()
    let outcome = try await Benchmark(plan, target).run { _ in
      await load.add(BenchProcess.ownProcessorSeconds)
    } progress: {
      progress.show(peer.name, plan, operations: $0, seconds: $1)
    }
    progress.clear()
    return BenchResult(
      server: peer.name, plan: plan, tls: false, outcome: outcome, cost: nil,
      clientSeconds: try await load.passed(), problems: await sales.check(outcome, of: peer))
  }

  private func floor(of results: [BenchResult], in directory: String) throws -> [BenchFloor] {
    guard floor, let cost = results.first?.cost else { return [] }
    return try BenchFloor.measure(vendByteCount: max(Int(cost.journalBytesPerOperation), 1), in: directory)
  }

  private func tell(_ report: BenchReport) throws {
    if let html { try Files.replace(html, with: BenchPage(report).text, mode: 0o644) }
    try output.print(report) { report.text }
    let problems = report.problems
    if !problems.isEmpty { throw Fault(.notSound, "the run is not valid: " + problems.joined(separator: "; ")) }
  }
}

extension Shape: ExpressibleByArgument {}

/// Connections and what each keeps under way: `16x32`.
struct BenchLoad: ExpressibleByArgument, Sendable {
  var connections: Int
  var inFlight: Int

  init(connections: Int, inFlight: Int) {
    self.connections = connections
    self.inFlight = inFlight
  }

  init?(argument: String) {
    let numbers = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let connections = numbers[0], let inFlight = numbers[1] else { return nil }
    self.init(connections: connections, inFlight: inFlight)
  }
}

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

  var defaultValueDescription: String { values.map(\.defaultValueDescription).joined(separator: ",") }
}

extension Progress {
  fileprivate func show(_ server: String, _ plan: BenchmarkPlan, operations: Int, seconds: Double) {
    let rate = seconds > 0 ? Int(Double(operations) / seconds) : 0
    show(
      "\(server), \(plan.shape.rawValue), \(plan.connectionCount) × \(plan.inFlight): "
        + "\(operations) done, \(rate) a second")
  }
}

/// What is read when the measured time begins and when it ends.
private actor BenchEdges<Reading: Sendable> {
  private var readings: [Reading] = []

  func add(_ reading: Reading) { readings.append(reading) }

  func both() throws -> (begin: Reading, end: Reading) {
    guard readings.count == 2 else { throw Fault(.rotten, "the run ended without its readings") }
    return (readings[0], readings[1])
  }
}

extension BenchEdges<Double> {
  func passed() throws -> Double {
    let (begin, end) = try both()
    return end - begin
  }
}
