import PinStore
import ReferenceModel

/// Makes a history that fails as short as it can: leaves out steps, and requests of a batch, while it still fails.
struct Shrinking {
  let settings: StoreSettings
  /// Plays at most so many histories.
  private static let mostPlays = 600

  /// The least history found that fails in the same kind, a line each, and how it fails.
  func shrink(_ steps: [Step], kind: String) async throws -> String {
    var least = singles(steps)
    var fault = try await fault(of: least, kind)
    if fault == nil {
      // It takes a batch.
      least = steps
      fault = try await self.fault(of: least, kind)
    }
    guard var fault else { return "none: played again, it does not fail" }
    var plays = 0
    var size = max(least.count / 2, 1)
    while plays < Self.mostPlays {
      var start = 0
      var hasShrunk = false
      while start < least.count && plays < Self.mostPlays {
        let shorter = Array(least[..<start] + least[min(start + size, least.count)...])
        plays += 1
        if let found = try await self.fault(of: shorter, kind) {
          (least, fault, hasShrunk) = (shorter, found, true)
        } else {
          start += size
        }
      }
      if size == 1 && !hasShrunk { break }
      size = max(size / 2, 1)
    }
    return try await told(least) + "\n\(fault)"
  }

  /// A history with what was answered.
  private func told(_ steps: [Step]) async throws -> String {
    let simulation = try Simulation(settings: settings)
    var lines: [String] = []
    for step in steps {
      do { try await simulation.run(step) } catch is Disagreement {}
      let answers = simulation.lastTold.map { String("      \($0)".prefix(200)) }
      lines += [String("  \(step)".prefix(400))] + (answers.count == 1 ? answers : [])
    }
    return Simulation.readable(lines.joined(separator: "\n"))
  }

  /// Each request a step of its own; time passes before the first of a batch.
  private func singles(_ steps: [Step]) -> [Step] {
    steps.flatMap { step -> [Step] in
      guard case .ask(let milliseconds, let asked) = step else { return [step] }
      return asked.enumerated().map { .ask(afterMilliseconds: $0 == 0 ? milliseconds : 0, [$1]) }
    }
  }

  private func fault(of steps: [Step], _ kind: String) async throws -> String? {
    let simulation = try Simulation(settings: settings)
    do {
      for step in steps { try await simulation.run(step) }
      try await simulation.run(.compareAll)
      return nil
    } catch let fault as Disagreement {
      return fault.kind == kind ? fault.text : nil
    }
  }
}
