import Foundation
import PinSealing
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

@Suite("Law 7: time is decided once")
struct Law07TimeIsDecidedOnceTests {
  @Test("A hold is dead from its deadline on, before the sweeper has come to it, for everyone who asks in one batch")
  func deadBeforeSwept() async throws {
    let bench = try Bench(settings: .sweepingOneABatch)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 20)
    var holds: [RequestID] = []
    for _ in 0..<10 {
      let id = bench.id()
      holds.append(id)
      let reserve = Reserve(id: id, holdSeconds: 10, lines: [Line(product: product, count: 1)])
      #expect(await bench.ask(.reserve(reserve), as: till).state == .held)
    }
    bench.clock.advance(milliseconds: 10_000)
    let later = bench.clock.nowMilliseconds() + 60_000
    let asked = holds.flatMap { hold -> [(command: Command, actor: ActorID)] in
      [(.extend(Extend(reservation: hold, deadlineMilliseconds: later)), till), (.dispense(hold), till)]
    }
    let outcomes = await bench.ask(all: asked + [(.stock(product), bench.administrator)]).map(\.outcome)
    // One of the ten was swept before the batch, and is told like the others.
    #expect(outcomes.dropLast().allSatisfy { $0.refusal == .deadlinePassed })
    guard case .stock(let levels) = outcomes.last else { throw Unexpected(what: "stock") }
    #expect(levels[0].reserved == 9, "the others were not swept yet")
  }

  @Test("Stamps never go back, and a deadline that has passed has passed for good, although the clock goes back")
  func clockGoesBack() async throws {
    let clock = UnsteadyClock()
    let directory = "\(Self.temporary)-\(UInt64.random(in: 0 ... .max))"
    defer { Self.remove(directory) }
    let key = SecretKey.random()
    _ = try Engine.create(at: directory, masterKey: key, administrator: "root", settings: .small, clock: clock)
    let engine = try Engine(at: directory, masterKey: key, settings: .small, clock: clock)
    defer { engine.stop() }
    var last: UInt64 = 0
    for step in [1000, -5000, 20, -1, 7000, -86_400_000, 86_400_000] as [Int64] {
      clock.time.withLock { $0 = UInt64(Int64($0) + step) }
      let product = Product(
        id: ProductID(0), sku: "SKU\(step)", name: "a", vendor: "b", currency: Currency("USD")!, faceValueMinor: 1,
        priceMinor: 1)
      let define = DefineProduct(id: RequestID(high: 9, low: UInt64(bitPattern: step)), product: product)
      let answered = await engine.perform(.defineProduct(define), as: ActorID(1))
      #expect(answered.outcome.refusal == nil)
      #expect(answered.timeMilliseconds >= last)
      last = answered.timeMilliseconds
    }
    var stamps: [UInt64] = []
    try engine.forEachEvent(from: 1) { _, _, time in
      stamps.append(time)
      return true
    }
    #expect(stamps == stamps.sorted() && stamps.last == last)
  }

  private static let temporary = NSTemporaryDirectory() + "pinvault-clock"
  private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

/// A clock that goes where the test puts it, back as well.
private final class UnsteadyClock: StoreClock {
  let time = Mutex<UInt64>(1_800_000_000_000)
  func nowMilliseconds() -> UInt64 { time.withLock { $0 } }
}
