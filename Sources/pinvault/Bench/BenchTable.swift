import PinBench

/// A table of a benchmark's report: the same in the terminal and on the page.
struct BenchTable {
  var title: String?
  var head: [String]
  var rows: [[String]] = []
  /// What its columns mean.
  var note: String?

  /// Those that a report has something for.
  static func all(of report: BenchReport) -> [BenchTable] {
    [runs(report), limits(report), floor(report), peers(report)].compactMap(\.self)
  }

  private static func runs(_ report: BenchReport) -> BenchTable? {
    var table = BenchTable(head: [
      "Load", "Ops/s", "p50 µs", "p99", "p99.9", "p99.99", "Max", "Syncs/op", "Batch", "Disk B/op", "Server CPU",
      "Load CPU", "Own MB",
    ])
    for result in report.results {
      let latency = result.latencyMicroseconds
      let (cost, none) = (result.cost, "–")
      table.rows.append(
        [result.name, Figure.whole(result.operationsPerSecond)]
          + [latency.p50, latency.p99, latency.p999, latency.p9999, latency.max].map(Figure.whole)
          + [
            cost.map { Figure.short($0.syncsPerOperation) } ?? none,
            cost.map { Figure.short($0.requestsPerBatch) } ?? none,
            cost.map { Figure.whole($0.writtenBytesPerOperation) } ?? none,
            cost.map { Figure.short($0.processors) } ?? none, Figure.short(result.clientProcessors),
            cost.map { Figure.whole(Double($0.ownMemoryBytes) / 1e6) } ?? none,
          ])
    }
    return table
  }

  private static func limits(_ report: BenchReport) -> BenchTable? {
    var table = BenchTable(
      title: "Against what this machine does at best",
      head: [
        "Load", "Requests/s", "Echo/s", "Share", "Journal alone/s", "Share", "LMDB alone/s", "Times", "p50 µs",
        "Sync + echo µs", "Times",
      ])
    for result in report.results {
      guard let limits = result.limits else { continue }
      table.rows.append([
        result.name, Figure.whole(result.requestsPerSecond), Figure.whole(limits.echoPerSecond),
        Figure.percent(result.requestsPerSecond / limits.echoPerSecond), Figure.whole(limits.journalPerSecond),
        Figure.percent(result.requestsPerSecond / limits.journalPerSecond), Figure.whole(limits.lmdbPerSecond),
        Figure.short(result.requestsPerSecond / limits.lmdbPerSecond), Figure.whole(result.latencyMicroseconds.p50),
        Figure.whole(limits.latencyMicroseconds),
        Figure.short(result.latencyMicroseconds.p50 / limits.latencyMicroseconds),
      ])
    }
    table.note = """
      Echo: frames of the same sizes over as many connections, and nothing done. Journal, LMDB alone: blocks of the same \
      size, or the puts of as many vends, synced one after the other.
      """
    return table.rows.isEmpty ? nil : table
  }

  private static func floor(_ report: BenchReport) -> BenchTable? {
    guard !report.floor.isEmpty else { return nil }
    return BenchTable(
      title: "Vends a second, synced, without a server",
      head: ["Vends a sync", "Journal alone", "p50 µs", "LMDB alone", "p50 µs", "Puts and chain", "p50 µs"],
      rows: report.floor.map { floor in
        [
          Figure.whole(Double(floor.vendsPerSync)), Figure.whole(floor.journalVendsPerSecond),
          Figure.whole(floor.journalMicroseconds), Figure.whole(floor.lmdbVendsPerSecond),
          Figure.whole(floor.lmdbMicroseconds), Figure.whole(floor.bothVendsPerSecond),
          Figure.whole(floor.bothMicroseconds),
        ]
      })
  }

  /// Each peer against this program: the same load, and our vend against its two requests.
  private static func peers(_ report: BenchReport) -> BenchTable? {
    let own = report.results.filter { $0.server == "pinvault" }
    let peers = BenchComparison.all(of: report)
    guard !peers.isEmpty else { return nil }
    let names = report.results.map(\.server).reduce(into: [String]()) { names, name in
      if name != "pinvault", !names.contains(name) { names.append(name) }
    }
    var table = BenchTable(
      title: "Against peers", head: ["Load", "pinvault"] + names.flatMap { [$0, "Times"] })
    for result in own {
      let row = names.flatMap { name in
        guard let peer = peers.first(where: { $0.own.load == result.load && $0.peer.server == name }) else {
          return ["–", "–"]
        }
        return [Figure.whole(peer.peer.operationsPerSecond), Figure.short(peer.ratio)]
      }
      table.rows.append([result.load, Figure.whole(result.operationsPerSecond)] + row)
    }
    table.note = """
      Operations a second, medians of runs in turn. A peer's vend is its reserve and its dispense when it ran those; the \
      table above has its vend in one call too.
      """
    return table
  }

  /// In aligned columns.
  var text: String {
    var table = Table(head, numbers: Set(1..<head.count))
    for row in rows { table.add(row) }
    return table.text
  }

  var html: String {
    let head = head.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined()
    let rows = rows.map { row in
      let cells = row.dropFirst().map { "<td>\(escaped($0))</td>" }.joined()
      return "<tr><th scope=\"row\">\(escaped(row[0]))</th>\(cells)</tr>"
    }
    let title = title.map { "<h2>\(escaped($0))</h2>\n" } ?? ""
    let note = note.map { "\n<p class=\"note\">\(escaped($0))</p>" } ?? ""
    return """
      \(title)<table><thead><tr>\(head)</tr></thead><tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table>\(note)
      """
  }
}

/// A load of ours and what a peer made of it.
struct BenchComparison {
  var own: BenchResult
  var peer: BenchResult
  var ratio: Double { own.operationsPerSecond / max(peer.operationsPerSecond, 1e-9) }

  /// Our vend, one request, is compared with the peer's reserve and dispense if it ran them.
  static func all(of report: BenchReport) -> [BenchComparison] {
    let peers = Dictionary(grouping: report.results.filter { $0.server != "pinvault" }, by: \.server)
    return report.results.filter { $0.server == "pinvault" }.flatMap { own in
      peers.sorted { $0.key < $1.key }.compactMap { _, results in
        let sameSize = results.filter { $0.connections == own.connections && $0.inFlight == own.inFlight }
        let twoCalls = sameSize.first { $0.shape == Shape.reserveDispense.rawValue }
        let same = sameSize.first { $0.shape == own.shape }
        return (own.shape == Shape.vend.rawValue ? twoCalls ?? same : same).map { BenchComparison(own: own, peer: $0) }
      }
    }
  }
}
