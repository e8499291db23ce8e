import Foundation
import PinSealing
import PinStore
import PinWords
import Synchronization

@testable import PinEngine

/// A real store with a clock that the test moves, on which a history is made.
final class Shop: Sendable {
  let directory: String
  let clock: MovedClock
  let engine: Engine
  let administrator = ActorID(1)
  private let ids = Mutex<UInt64>(1)

  init(atMilliseconds start: UInt64, segmentByteCount: Int = 128 << 10) throws {
    directory = "\(NSTemporaryDirectory())/pinvault-reports-\(UUID().uuidString)"
    clock = MovedClock(start)
    let masterKey = SecretKey.random()
    var settings = StoreSettings()
    settings.segmentByteCount = segmentByteCount
    settings.largestBlockByteCount = segmentByteCount / 2
    settings.stateMapByteCount = 256 << 20
    settings.payloadMapByteCount = 1 << 30
    settings.stateHeadroomByteCount = 16 << 20
    settings.diskHeadroomByteCount = 16 << 20
    _ = try Engine.create(
      at: directory, masterKey: masterKey, administrator: "root", settings: settings, clock: clock)
    engine = try Engine(at: directory, masterKey: masterKey, settings: settings, clock: clock)
  }

  deinit {
    engine.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  func id() -> RequestID {
    ids.withLock { next in
      next += 1
      return RequestID(high: 7, low: next)
    }
  }

  func ask(_ command: Command, as actor: ActorID) async -> Outcome {
    await engine.perform(command, as: actor).outcome
  }

  func actor(_ name: String, _ roles: Roles) async throws -> ActorID {
    let define = DefineActor(
      id: id(), actor: ActorDescription(id: ActorID(0), name: name, roles: roles), keyChange: .renew)
    guard case .actor(let actor) = await engine.define(define, as: administrator).answered.outcome else {
      throw Unexpected(what: "actor")
    }
    return actor
  }

  func product(
    _ sku: String, name: String, in currency: String, face: UInt64, price: UInt64, threshold: UInt32 = 0
  ) async throws -> ProductID {
    let product = Product(
      id: ProductID(0), sku: sku, name: name, vendor: "ACME", currency: Currency(currency)!, faceValueMinor: face,
      priceMinor: price, lowStockThreshold: threshold)
    let outcome = await ask(.defineProduct(DefineProduct(id: id(), product: product)), as: administrator)
    guard case .product(let id) = outcome else { throw Unexpected(what: "product: \(outcome)") }
    return id
  }

  func customer(as actor: ActorID) async throws -> RequestID {
    let id = id()
    let kept = try await engine.keep(Array("somebody".utf8), id: id).get()
    let define = CustomerChange(id: id, customer: self.id(), version: 0, consents: false, document: kept.name)
    guard case .customer(let customer) = await ask(.orders(.defineCustomer(define)), as: actor) else {
      throw Unexpected(what: "customer")
    }
    return customer.id
  }

  func change(_ order: RequestID, _ version: UInt32, _ act: OrderChange.Act, as actor: ActorID) async -> Outcome {
    await ask(.orders(.change(OrderChange(id: id(), order: order, version: version, act: act))), as: actor)
  }

  /// Orders cards from their vendor, and books an import against that; returns the purchase order.
  @discardableResult
  func order(_ product: ProductID, _ count: UInt32, receiving purchase: PurchaseID) async throws -> RequestID {
    let order = id()
    let line = PurchaseOrder.Line(product: product, count: count, unitCostMinor: 400)
    let acts: [PurchaseOrderChange.Act] = [.draft(vendor: "ACME", lines: [line]), .approve, .receive(purchase)]
    for (version, act) in acts.enumerated() {
      let change = PurchaseOrderChange(id: id(), order: order, version: UInt32(version), act: act)
      let outcome = await ask(.orders(.changePurchaseOrder(change)), as: administrator)
      guard case .purchaseOrder = outcome else { throw Unexpected(what: "\(act): \(outcome)") }
    }
    return order
  }

  /// Imports cards in one lot, or gives the import up; returns their ids.
  @discardableResult
  func stock(
    _ product: ProductID, _ count: Int, loading loaded: Int? = nil, unitCost: UInt64, prefix: String,
    expiry: Day = .never, isGivenUp: Bool = false
  ) async throws -> [UInt64] {
    let begin = BeginPurchase(
      id: id(), product: product, unitCostMinor: unitCost, invoice: "R-\(prefix)",
      lots: [DeclaredLot(expiry: expiry, count: UInt32(count))])
    guard case .purchase(let purchase, let lots) = await engine.begin(begin, as: administrator).outcome else {
      throw Unexpected(what: "begin")
    }
    let loaded = loaded ?? count
    let chunk = CardChunk(capacity: loaded * 64)
    for number in 0..<loaded {
      let (serial, pin) = (Array("\(prefix)\(number)".utf8), Array("PIN-\(prefix)-\(number)".utf8))
      chunk.append(expiry: expiry, serial: serial.span.bytes, pin: pin.span.bytes)
    }
    let result = await withCheckedContinuation { continuation in
      engine.load(purchase, chunk: 0, chunk) { continuation.resume(returning: $0) }
    }
    guard case .success = result else { throw Unexpected(what: "load: \(result)") }
    if isGivenUp {
      guard case .done = await engine.abandon(purchase, as: administrator).outcome else {
        throw Unexpected(what: "abandon")
      }
      return []
    }
    guard case .purchase = await engine.commit(purchase, as: administrator).outcome else {
      throw Unexpected(what: "commit")
    }
    return (0..<UInt64(loaded)).map { lots[0].extent.first.rawValue + $0 }
  }
}

struct Unexpected: Error { let what: String }

/// Time as a value that the test moves.
final class MovedClock: StoreClock {
  private let time: Mutex<UInt64>
  init(_ start: UInt64) { time = Mutex(start) }
  func nowMilliseconds() -> UInt64 { time.withLock { $0 } }
  func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}
