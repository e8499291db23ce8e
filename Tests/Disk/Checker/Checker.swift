import Foundation
import PinEngine
import PinSealing
import PinStore
import PinWords

/// Opens data directories as a start after a power cut does, one after another, and says of each what came back.
///
/// Standard input has a JSON object a line, standard output a `Finding` for each, as JSON. A process for each directory
/// would take a hundred times as long.
@main struct Checker {
  struct Task: Decodable {
    /// A data directory; it is recovered, and one card of each product sold from it. Or a backup, if `restored` is given.
    var directory: String
    /// Master key files; the first that opens it is taken.
    var masterKeys: [String]
    /// Where a backup is restored to, and looked at.
    var restored: String?
  }

  struct Finding: Encodable {
    /// Which of the keys opened it.
    var masterKey: String?
    /// The last event right after the start, and after the sales.
    var recoveredSequence: UInt64?
    var headSequence: UInt64?
    /// Of the state as recovered.
    var stateDigest: String?
    var soldCards = 0
    /// What is not as it must be.
    var problems: [String] = []
  }

  static func main() async throws {
    let encoder = JSONEncoder()
    while let line = readLine() {
      let task = try JSONDecoder().decode(Task.self, from: Data(line.utf8))
      var finding = Finding()
      do { finding = try await look(at: task) } catch { finding.problems.append("\(error)") }
      try FileHandle.standardOutput.write(contentsOf: try encoder.encode(finding) + Data("\n".utf8))
    }
  }

  private static var settings: StoreSettings {
    var settings = StoreSettings()
    // Images may lie in a small memory file system.
    settings.diskHeadroomByteCount = 1 << 20
    settings.acceptsClock = true
    return settings
  }

  private static func look(at task: Task) async throws -> Finding {
    var directory = task.directory
    if let restored = task.restored {
      _ = try Engine.restore(from: directory, to: restored, settings: settings)
      directory = restored
    }
    var finding = try await recover(directory, task.masterKeys)
    // Law 8, at rest: also what the sales above have left.
    let report = try Engine.verify(at: directory, settings: settings)
    finding.problems += report.problems.map { "\($0.law): \($0.detail)" }
    if let head = finding.headSequence, report.headSequence < head {
      finding.problems.append("events were lost at rest")
    }
    return finding
  }

  private static func recover(_ directory: String, _ masterKeys: [String]) async throws -> Finding {
    var finding = Finding()
    let (engine, key) = try open(directory, masterKeys)
    defer { engine.stop() }
    finding.masterKey = key
    finding.recoveredSequence = engine.headSequence
    let report = try engine.verify()
    finding.stateDigest = report.stateDigest
    finding.problems += report.problems.map { "\($0.law): \($0.detail)" }
    try await sell(from: engine, &finding)
    finding.headSequence = engine.headSequence
    return finding
  }

  private static func open(_ directory: String, _ masterKeys: [String]) throws -> (Engine, key: String) {
    var failures: [any Error] = []
    for path in masterKeys {
      do {
        let key = try MasterKeyFile.read(at: path)
        return (try Engine(at: directory, masterKey: key, settings: settings), path)
      } catch { failures.append(error) }
    }
    // A wrong key is no news when another one was right but for something else.
    throw failures.first { if case KeyringError.wrongMasterKey = $0 { false } else { true } } ?? failures[0]
  }

  /// One card of each product, if a terminal has been named; its PIN must open.
  private static func sell(from engine: Engine, _ finding: inout Finding) async throws {
    guard let till = engine.catalogue.actor(named: "till") else { return }
    var generator = SystemRandomNumberGenerator()
    for product in engine.catalogue.products {
      let id = RequestID(high: generator.next(), low: generator.next() | 1)
      let vend = Vend(id: id, line: Line(product: product.id, count: 1))
      switch await engine.perform(.vend(vend), as: till.description.id).outcome {
      case .delivery(let delivery):
        let cards = try engine.cards(of: delivery)
        if cards.count != 1 || !cards[0].pin.text.hasPrefix(cards[0].serial) {
          finding.problems.append("the wrong PIN came out of delivery \(id)")
        }
        finding.soldCards += 1
      case .refused(.insufficientStock): continue
      case let outcome: finding.problems.append("selling product \(product.id) was answered \(outcome)")
      }
    }
  }
}
