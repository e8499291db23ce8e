import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("Which cards are handed out")
struct StockOrderTests {
  private func day(_ bench: Bench, _ days: UInt32) -> Day {
    Day(atMilliseconds: bench.clock.nowMilliseconds()).adding(days: days)
  }

  private func vended(_ bench: Bench, _ product: ProductID, _ count: UInt32, as actor: ActorID) async throws -> [UInt64]
  {
    let vend = Vend(id: bench.id(), line: Line(product: product, count: count))
    let outcome = await bench.ask(.vend(vend), as: actor)
    guard let delivery = outcome.delivery else { throw Unexpected(what: "\(outcome)") }
    return try bench.engine.cards(of: delivery).map(\.id.rawValue)
  }

  @Test("First-expiring first, then first-imported first, no expiry last")
  func order() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    for (days, prefix) in [(nil, "A"), (30, "B"), (10, "C"), (30, "D"), (10, "E")] as [(UInt32?, String)] {
      try await bench.stock(product, 2, expiry: days.map { day(bench, $0) } ?? .never, prefix: prefix)
    }
    #expect(try await vended(bench, product, 3, as: till) == [5, 6, 9])
    #expect(try await vended(bench, product, 7, as: till) == [10, 3, 4, 7, 8, 1, 2])
  }

  @Test("A card is good through its last day, less the product's minimum validity, and is then passed over")
  func validity() async throws {
    var settings = StoreSettings.small
    settings.clockAheadLimitMilliseconds = .max / 4
    let bench = try Bench(settings: settings)
    let till = try await bench.actor("till", .terminal)
    let strict = try await bench.product("STRICT", minimumValidityDays: 30)
    try await bench.stock(strict, 1, expiry: day(bench, 29), prefix: "A")
    try await bench.stock(strict, 1, expiry: day(bench, 30), prefix: "B")
    #expect(try await vended(bench, strict, 1, as: till) == [2])
    let vend = Vend(id: bench.id(), line: Line(product: strict, count: 1))
    #expect(await bench.ask(.vend(vend), as: till).refusal == .insufficientStock(strict, available: 0))
    #expect(try await bench.level(strict).regular == 1)

    let plain = try await bench.product("PLAIN")
    try await bench.stock(plain, 3, expiry: day(bench, 1), prefix: "C")
    try await bench.stock(plain, 3, prefix: "D")
    let midnight = UInt64(day(bench, 2).daysSince1970) * 86_400_000
    bench.clock.advance(milliseconds: midnight - 1 - bench.clock.nowMilliseconds())
    #expect(try await vended(bench, plain, 1, as: till) == [3])
    bench.clock.advance(milliseconds: 1)
    #expect(try await vended(bench, plain, 1, as: till) == [6])
  }

  @Test("Broken stock is handed out piece by piece, up to the announced number of pieces")
  func fragments() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    let limit = UInt32(bench.engine.limits.extentsPerRequest)
    try await bench.stock(product, Int(limit) * 2 + 6)
    let sold = bench.id()
    let all = Line(product: product, count: limit * 2 + 6)
    let hold = Reserve(id: sold, holdSeconds: 60, lines: [all])
    _ = await bench.ask(.reserve(hold), as: clerk)
    _ = await bench.ask(.dispense(sold), as: clerk)
    // Every other card comes back.
    for part in [1..<limit, limit..<limit + 3] as [Range<UInt32>] {
      let extents = part.map { Extent(first: CardID(UInt64($0) * 2), count: 1) }
      let request = Return(id: bench.id(), reservation: sold, extents: extents)
      guard case .returned = await bench.ask(.return(request), as: clerk) else {
        Issue.record("not returned")
        return
      }
    }
    func reserve(_ counts: [UInt32]) async -> Outcome {
      let lines = counts.map { Line(product: product, count: $0, condition: .used) }
      return await bench.ask(.reserve(Reserve(id: bench.id(), holdSeconds: 60, lines: lines)), as: clerk)
    }
    let before = bench.engine.headSequence
    #expect(await reserve([limit + 1]).refusal == .tooManyExtents(limit: limit))
    #expect(await reserve([limit, 1]).refusal == .tooManyExtents(limit: limit))
    #expect(bench.engine.headSequence == before)
    guard case .granted(let granted) = await reserve([limit - 1, 1]) else {
      Issue.record("not granted")
      return
    }
    #expect(granted.slices.count == Int(limit) && granted.cardCount == UInt64(limit))
    #expect(await reserve([3]).refusal == .insufficientStock(product, available: 2))
    _ = await bench.ask(.release(granted.id), as: clerk)
    #expect(try await bench.level(product).used == UInt64(limit) + 2)
    #expect(try bench.engine.verify().sound)
  }

}

@Suite("What is held under one id stays in so few pieces that one event can end it")
struct PiecesOfAnIDTests {
  private enum Holding {
    case hold
    case quarantine
  }

  @Test(
    "A change that would break it further is refused, and what is left can be ended",
    arguments: [(Holding.hold, Operation.withdraw), (.quarantine, .withdraw), (.quarantine, .reinventory)])
  private func splitting(_ holding: Holding, _ operation: Operation) async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    let first = try await bench.stock(product, 2000).extent.first.rawValue
    let id = bench.id()
    let lines = [Line(product: product, count: 2000)]
    #expect(await bench.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), as: clerk).state == .held)
    if holding == .quarantine {
      #expect(await bench.ask(.dispense(id), as: clerk).delivery != nil)
      #expect(await bench.ask(.reverse(id), as: clerk).state == .quarantined)
    }
    func takeEverySecond(from start: Int, count: Int) async -> Outcome {
      let extents = (0..<count).map { Extent(first: CardID(first + UInt64(start + 1 + 2 * $0)), count: 1) }
      let change = StockChange(id: bench.id(), extents: extents, reason: "found")
      return await bench.ask(operation == .withdraw ? .withdraw(change) : .reinventory(change), as: bench.administrator)
    }
    for (start, count) in [(0, 256), (512, 255)] {
      guard case .moved(let cards) = await takeEverySecond(from: start, count: count) else {
        throw Unexpected(what: "it is in few pieces yet")
      }
      #expect(cards == UInt64(count))
    }
    #expect(await takeEverySecond(from: 1022, count: 1).refusal == .tooManyExtents(limit: 512))
    if holding == .hold {
      #expect(await bench.ask(.release(id), as: clerk).state == .released)
    } else {
      let settle = Settle(id: bench.id(), reservation: id, reason: "was sold")
      guard case .moved(let cards) = await bench.ask(.settle(settle), as: bench.administrator) else {
        throw Unexpected(what: "not settled")
      }
      #expect(cards == 2000 - 511)
    }
    #expect(try bench.engine.verify().sound)
  }
}
