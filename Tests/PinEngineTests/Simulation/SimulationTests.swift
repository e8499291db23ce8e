import Foundation
import PinWords
import ReferenceModel
import TestSupport
import Testing

@testable import PinEngine

/// `PINVAULT_SEED` replays a history; `PINVAULT_SIMULATION_STEPS` says how many requests are asked, in as many histories
/// as that takes.
@Suite("Whatever is asked in whatever order, the store answers as the model does")
struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let requestCount = environment["PINVAULT_SIMULATION_STEPS"].flatMap { Int($0) } ?? 20_000
  private static let requestsPerHistory = 2000

  @Test("Histories, each drawn from a seed of its own")
  func histories() async throws {
    var seed = SeededGenerator.replayed ?? .random(in: 1 ... .max / 2)
    var done = 0
    var seen: [String: Int] = [:]
    var kinds: Set<String> = []
    repeat {
      let played = try await History(seed: seed).play(requests: Self.requestsPerHistory, passingOver: kinds)
      done += played.requestCount
      seen.merge(played.outcomes, uniquingKeysWith: +)
      if let fault = played.fault, kinds.insert(fault.kind).inserted {
        Issue.record("PINVAULT_SEED=\(seed)\n\(fault.text)")
      }
      seed += 1
      // One fault shows in many histories: each kind is told once.
    } while SeededGenerator.replayed == nil && done < Self.requestCount && kinds.count < 8
    print("simulated \(done) requests; kinds of answers: \(seen.count)")
    if Self.environment["PINVAULT_SIMULATION_COUNTS"] != nil {
      for (kind, count) in seen.sorted(by: { $0.key < $1.key }) { print("  \(kind) \(count)") }
    }
  }
}

/// A history that is made up as it is played.
struct History {
  let seed: UInt64

  struct Played {
    var requestCount = 0
    var outcomes: [String: Int] = [:]
    var fault: Disagreement?
  }

  func play(requests: Int, passingOver known: Set<String>) async throws -> Played {
    var writer = HistoryWriter(seed: seed)
    let simulation = try Simulation(settings: writer.swarm.settings)
    var steps: [Step] = []
    var played = Played()
    do {
      while played.requestCount < requests {
        let step = writer.next(simulation.model, nowMilliseconds: simulation.nowMilliseconds)
        steps.append(step)
        if case .ask(_, let asked) = step { played.requestCount += asked.count }
        try await simulation.run(step)
      }
      try await simulation.run(.compareAll)
    } catch var fault as Disagreement {
      if !known.contains(fault.kind) {
        let least = try await Shrinking(settings: writer.swarm.settings).shrink(steps, kind: fault.kind)
        fault.text = "step \(fault.step): \(fault.text)\nThe least history that fails like this:\n\(least)"
      }
      played.fault = fault
    }
    played.outcomes = simulation.outcomesSeen
    return played
  }
}
