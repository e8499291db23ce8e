import ArgumentParser
import PinBench

/// Another server that does the same job: its kind, and where it listens.
struct BenchPeer: ExpressibleByArgument, Sendable {
  let name: String
  let port: UInt16
  let server: BenchmarkTarget.Server

  init?(argument: String) {
    let parts = argument.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]), port > 0 else { return nil }
    name = String(parts[0])
    self.port = port
    switch name {
    case "valkey", "redis": server = .valkey
    case "postgres": server = .postgres
    default: return nil
    }
  }
}

/// What peers have sold over all rounds: a card that comes again in a later run is noticed, too.
actor BenchPeerSales {
  private var sold: [String: CardSet] = [:]

  /// What of a run's outcome is wrong.
  func check(_ outcome: BenchmarkOutcome, of peer: BenchPeer) -> [String] {
    let (all, again) = (sold[peer.name] ?? CardSet(count: 0)).union(outcome.sold)
    sold[peer.name] = all
    return outcome.problems + (again > 0 ? ["\(again) cards came that an earlier run had sold"] : [])
  }
}
