import Foundation
import PinEngine
import PinSealing
import PinStore
import PinWords
import Synchronization

/// An engine on a directory of its own, with one product in stock and a till.
final class EngineStage: Sendable {
  let directory: String
  let masterKey = SecretKey.random()
  let engine: Engine
  let till: ActorID
  let product: ProductID
  private let administrator = ActorID(1)
  private let lastID = Atomic<UInt64>(0)
  private let lastCard = Atomic<Int>(0)

  init(cards: Int) async throws {
    directory = try Scratch.make()
    _ = try Engine.create(at: directory, masterKey: masterKey, administrator: "root")
    engine = try Engine(at: directory, masterKey: masterKey)
    let define = DefineActor(
      id: RequestID(high: 1, low: 1),
      actor: ActorDescription(id: ActorID(0), name: "till", roles: [.terminal, .storefront])
    )
    guard case .actor(let till) = await engine.defineActor(define, as: administrator).outcome,
      let currency = Currency("USD")
    else { throw Unexpected() }
    let product = Product(
      id: ProductID(0), sku: "ONE", name: "One", vendor: "ACME", currency: currency, faceValueMinor: 1000,
      priceMinor: 1000, instructions: "Dial *123#")
    let defined = await engine.perform(
      .defineProduct(DefineProduct(id: RequestID(high: 1, low: 2), product: product)), as: administrator)
    guard case .product(let id) = defined.outcome else { throw Unexpected() }
    (self.till, self.product) = (till, id)
    if cards > 0 { try await load(cards) }
  }

  func end() {
    engine.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Copies the directory as it is; but for LMDB's lock files, which no second process may look at.
  func copy(to target: String) throws {
    for path in try FileManager.default.subpathsOfDirectory(atPath: directory) where !path.hasSuffix("lock.mdb") {
      var isDirectory: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory)
      if isDirectory.boolValue {
        try FileManager.default.createDirectory(atPath: "\(target)/\(path)", withIntermediateDirectories: true)
      } else {
        try FileManager.default.copyItem(atPath: "\(directory)/\(path)", toPath: "\(target)/\(path)")
      }
    }
  }

  func nextID() -> RequestID { RequestID(high: 7, low: lastID.add(1, ordering: .relaxed).newValue) }

  /// Imports so many cards that no import had before.
  func load(_ count: Int) async throws {
    let begin = BeginPurchase(id: nextID(), product: product, lots: [DeclaredLot(expiry: .never, count: UInt32(count))])
    guard case .purchase(let purchase, _) = await engine.begin(begin, as: administrator).outcome else {
      throw Unexpected()
    }
    let most = Int(engine.limits.cardsPerChunk)
    for (index, start) in stride(from: 0, to: count, by: most).enumerated() {
      let chunk = CardChunk(capacity: most * 64)
      for _ in start..<min(start + most, count) {
        let number = lastCard.add(1, ordering: .relaxed).newValue
        let (serial, pin) = (Array("S\(number)".utf8), Array("\(1_000_000_000_000 + number)".utf8))
        chunk.append(expiry: .never, serial: serial.span.bytes, pin: pin.span.bytes)
      }
      let result = await withCheckedContinuation { continuation in
        engine.load(purchase, chunk: UInt32(index), chunk) { continuation.resume(returning: $0) }
      }
      guard case .success = result else { throw Unexpected() }
    }
    guard case .purchase = await engine.commit(purchase, as: administrator).outcome else { throw Unexpected() }
  }

  /// Asks so many vends in one go, and blocks until all are answered; they must all be granted.
  func vend(_ count: Int) throws {
    let state = Mutex((left: count, refused: 0))
    let isDone = DispatchSemaphore(value: 0)
    let sink = AnswerSink { answers in
      let isLast = state.withLock { state in
        state.left -= answers.count
        for answer in answers { if case .delivery = answer.outcome {} else { state.refused += 1 } }
        return state.left == 0
      }
      if isLast { isDone.signal() }
    }
    let submissions = (0..<count).map { number in
      Submission(
        actor: till, command: .vend(Vend(id: nextID(), line: Line(product: product, count: 1))),
        ticket: UInt64(number), sink: sink)
    }
    guard engine.submit(submissions) else { throw Unexpected() }
    isDone.wait()
    if state.withLock({ $0.refused }) > 0 { throw Unexpected() }
  }
}

struct Unexpected: Error {}
