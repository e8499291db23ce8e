import Foundation
import PinSealing
import PinStore
import PinWords
import Testing

@testable import PinEngine

/// A small stopped store, its files in memory, to be laid out damaged and asked what it makes of that.
final class RottenStore: Sendable {
  let files: [String: [UInt8]]
  let masterKey: SecretKey
  let clock: MovedClock
  let directory: String
  let sound: VerificationReport
  private let clerk: ActorID
  private let product: ProductID
  private let level: StockLevel
  /// What each sale's cards are, by its id.
  private let sales: [(id: RequestID, pins: [String])]

  static let settings = {
    var settings = StoreSettings.small
    settings.largestBlockByteCount = 64 << 10
    settings.segmentByteCount = 96 << 10
    settings.stateMapByteCount = 64 << 20
    settings.payloadMapByteCount = 64 << 20
    return settings
  }()

  /// - Parameter serial: makes the serials and PINs another store's.
  init(prefix: String = "A") async throws {
    let bench = try Bench(settings: Self.settings)
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 60, prefix: prefix)
    var sales: [(id: RequestID, pins: [String])] = []
    for count in [1, 3, 9] {
      let id = bench.id()
      let delivery = await bench.ask(.vend(Vend(id: id, line: Line(product: product, count: UInt32(count)))), as: clerk)
      sales.append((id, try bench.engine.cards(of: try #require(delivery.delivery)).map(\.pin.text)))
    }
    let hold = Reserve(id: bench.id(), holdSeconds: 60, lines: [Line(product: product, count: 2)])
    #expect(await bench.ask(.reserve(hold), as: clerk).state == .held)
    #expect(await bench.ask(.return(Return(id: bench.id(), reservation: sales[2].id)), as: clerk).refusal == nil)
    sales.removeLast()
    level = try await bench.level(product)
    bench.stop()
    sound = try Engine.verify(at: bench.directory, settings: Self.settings)
    #expect(sound.sound)
    (masterKey, clock, directory) = (bench.masterKey, bench.clock, bench.directory + ".rotten")
    (self.clerk, self.product, self.sales) = (clerk, product, sales)
    var files: [String: [UInt8]] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: bench.directory)! {
      let url = URL(fileURLWithPath: "\(bench.directory)/\(name)")
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true, !name.hasSuffix("lock.mdb")
      else { continue }
      files[name] = [UInt8](try Data(contentsOf: url))
    }
    self.files = files
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Writes the store out, with some files in place of its own; nil for one that is gone.
  func layOut(_ changed: [String: [UInt8]?] = [:]) throws {
    try? FileManager.default.removeItem(atPath: directory)
    for part in ["journal", "state", "payload"] {
      try FileManager.default.createDirectory(atPath: "\(directory)/\(part)", withIntermediateDirectories: true)
    }
    for (name, bytes) in files.merging(changed.compactMapValues { $0 }, uniquingKeysWith: { $1 })
    where !changed.contains(where: { $0.key == name && $0.value == nil }) {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
    chmod("\(directory)/keyring", 0o600)
  }

  /// What became of damage.
  enum Finding: Equatable {
    /// Verification names it; serving is refused as well.
    case refused(String)
    /// Verification names it; what is served is right.
    case named(String)
    /// Nobody notices, since nothing has changed.
    case harmless
  }

  /// Verifies what was laid out, and serves it if it lets itself be served: whatever is told then must be right.
  func examine() async throws -> Finding {
    var problem: String?
    do {
      let report = try Engine.verify(at: directory, settings: Self.settings)
      if let first = report.problems.first {
        problem = "\(first.law): \(first.file ?? "") \(first.offset.map(String.init) ?? ""): \(first.detail)"
      } else {
        #expect(report.chainHead == sound.chainHead && report.headSequence == sound.headSequence)
        #expect(report.replayedDigest == sound.replayedDigest || report.stateSequence != sound.stateSequence)
      }
    } catch let error as StoreError {
      problem = error.description
    }
    let engine: Engine
    do {
      engine = try Engine(at: directory, masterKey: masterKey, settings: Self.settings, clock: clock)
    } catch let error as StoreError {
      return .refused(problem ?? error.description)
    } catch let error as KeyringError {
      return .refused(problem ?? error.description)
    }
    defer { engine.stop() }
    try await confirmRight(engine, mayMissCards: problem != nil)
    return problem.map { .named($0) } ?? .harmless
  }

  /// Every card is told with its own PIN or, where its row is damaged, not at all; and the stock is what it was.
  private func confirmRight(_ engine: Engine, mayMissCards: Bool) async throws {
    let outcome = await engine.perform(.stock(product), as: clerk).outcome
    guard case .stock(let levels) = outcome else {
      throw Unexpected(what: "no stock: \(outcome)")
    }
    #expect(levels == [level])
    for sale in sales {
      let outcome = await engine.perform(.reprint(Reprint(reservation: sale.id)), as: clerk).outcome
      do {
        let delivery = try #require(outcome.delivery, "\(outcome)")
        #expect(try engine.cards(of: delivery).map(\.pin.text) == sale.pins)
      } catch is CardFault {
        #expect(mayMissCards, "a card does not open, and verification does not know of it")
      }
    }
  }
}
