import Foundation
import PinSealing
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

/// An engine on a directory of its own, with a clock that the test moves and one actor of each kind.
final class Bench: Sendable {
  let directory: String
  let clock = MovedClock()
  let masterKey: SecretKey
  private let running: Mutex<Engine?>
  let administrator = ActorID(1)
  private let ids = Mutex<UInt64>(1)
  private let settings: StoreSettings

  init(settings: StoreSettings = .small, in parent: String = NSTemporaryDirectory()) throws {
    directory = "\(parent)/pinvault-engine-\(UUID().uuidString)"
    masterKey = .random()
    self.settings = settings
    _ = try Engine.create(
      at: directory, masterKey: masterKey, administrator: "root", settings: settings, clock: clock)
    running = Mutex(try Engine(at: directory, masterKey: masterKey, settings: settings, clock: clock))
  }

  deinit {
    running.withLock { $0?.stop() }
    try? FileManager.default.removeItem(atPath: directory)
  }

  var engine: Engine { running.withLock { $0! } }

  /// Stops and opens again; `between` has the directory while nobody serves it.
  func restart(between: () throws -> Void = {}) throws {
    try running.withLock { engine in
      engine?.stop()
      engine = nil
      try between()
      engine = try Engine(at: directory, masterKey: masterKey, settings: settings, clock: clock)
    }
  }

  /// Stops, and lets go of the directory.
  func stop() {
    running.withLock { engine in
      engine?.stop()
      engine = nil
    }
  }

  /// A new id; they rise.
  func id() -> RequestID {
    ids.withLock { next in
      next += 1
      return RequestID(high: 7, low: next)
    }
  }

  func actor(_ name: String, _ roles: Roles) async throws -> ActorID {
    let define = DefineActor(
      id: id(), actor: ActorDescription(id: ActorID(0), name: name, roles: roles), keyChange: .renew)
    guard case .actor(let actor) = await engine.define(define, as: administrator).answered.outcome else {
      throw Unexpected(what: "actor")
    }
    return actor
  }

  func product(_ sku: String, price: UInt64 = 1000, minimumValidityDays: UInt16 = 0) async throws -> ProductID {
    let product = Product(
      id: ProductID(0), sku: sku, name: sku, vendor: "ACME", currency: Currency("USD")!, faceValueMinor: 1000,
      priceMinor: price, instructions: "Dial *123#", minimumValidityDays: minimumValidityDays)
    let outcome = await ask(.defineProduct(DefineProduct(id: id(), product: product)), as: administrator)
    guard case .product(let id) = outcome else { throw Unexpected(what: "product: \(outcome)") }
    return id
  }

  /// Imports so many cards of a product, with serials and PINs made of `prefix` and a number; in one lot.
  @discardableResult
  func stock(
    _ product: ProductID, _ count: Int, expiry: Day = .never, prefix: String = "A"
  ) async throws -> PurchasedLot {
    let begin = BeginPurchase(
      id: id(), product: product, lots: [DeclaredLot(expiry: expiry, count: UInt32(count))])
    guard case .purchase(let purchase, let lots) = await engine.begin(begin, as: administrator).outcome else {
      throw Unexpected(what: "begin")
    }
    let most = Int(engine.limits.cardsPerChunk)
    for (index, start) in stride(from: 0, to: count, by: most).enumerated() {
      let numbers = start..<min(start + most, count)
      let chunk = CardChunk(capacity: numbers.count * 64)
      for number in numbers { chunk.append("\(prefix)\(number)", pin: Self.pin(prefix, number), expiry: expiry) }
      let result = await load(purchase, UInt32(index), chunk)
      guard case .success(let loaded) = result, loaded.acceptedCount == numbers.count else {
        throw Unexpected(what: "load: \(result)")
      }
    }
    guard case .purchase = await engine.commit(purchase, as: administrator).outcome else {
      throw Unexpected(what: "commit")
    }
    return lots[0]
  }

  static func pin(_ prefix: String, _ number: Int) -> String { "PIN-\(prefix)-\(1_000_000 + number)" }

  func load(_ purchase: PurchaseID, _ number: UInt32, _ chunk: CardChunk) async -> Result<LoadedChunk, Refusal> {
    await withCheckedContinuation { continuation in
      engine.load(purchase, chunk: number, chunk) { continuation.resume(returning: $0) }
    }
  }

  func ask(_ command: Command, as actor: ActorID) async -> Outcome {
    await engine.perform(command, as: actor).outcome
  }

  /// Asks many things in one batch.
  func ask(all asked: [(command: Command, actor: ActorID)]) async -> [Answered] {
    let batch = Mutex<[Answered]>([])
    return await withCheckedContinuation { continuation in
      let sink = AnswerSink { answers in
        let all = batch.withLock { all -> [Answered] in
          all += answers
          return all
        }
        if all.count == asked.count { continuation.resume(returning: all.sorted { $0.ticket < $1.ticket }) }
      }
      let submissions = asked.enumerated().map {
        Submission(actor: $1.actor, command: $1.command, ticket: UInt64($0), sink: sink)
      }
      precondition(engine.submit(submissions), "a test's batch fits the queue")
    }
  }

  func level(_ product: ProductID) async throws -> StockLevel {
    guard case .stock(let levels) = await ask(.stock(product), as: administrator) else {
      throw Unexpected(what: "stock")
    }
    return levels[0]
  }
}

struct Unexpected: Error { let what: String }

extension StoreSettings {
  /// Small segments and maps, so that a test costs little disk.
  static var small: StoreSettings {
    var settings = StoreSettings()
    settings.segmentByteCount = 4 << 20
    settings.stateMapByteCount = 256 << 20
    settings.payloadMapByteCount = 1 << 30
    settings.stateHeadroomByteCount = 16 << 20
    settings.diskHeadroomByteCount = 16 << 20
    return settings
  }
}

/// Time as a value that the test moves.
final class MovedClock: StoreClock {
  private let time = Mutex<UInt64>(1_800_000_000_000)
  func nowMilliseconds() -> UInt64 { time.withLock { $0 } }
  func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
  func goBack(milliseconds: UInt64) { time.withLock { $0 -= milliseconds } }
}

extension CardChunk {
  func append(_ serial: String, pin: String, expiry: Day) {
    let serial = Array(serial.utf8)
    let pin = Array(pin.utf8)
    append(expiry: expiry, serial: serial.span.bytes, pin: pin.span.bytes)
  }
}

extension Outcome {
  var refusal: Refusal? {
    if case .refused(let refusal) = self { refusal } else { nil }
  }
  var delivery: Delivery? {
    if case .delivery(let delivery) = self { delivery } else { nil }
  }
  var state: ReservationState? {
    switch self {
    case .state(let state, _): state
    case .granted(let reservation): reservation.state
    case .delivery(let delivery): delivery.state
    default: nil
    }
  }
}

extension Extent {
  var cards: [CardID] { (first.rawValue..<end.rawValue).map { CardID($0) } }
}
