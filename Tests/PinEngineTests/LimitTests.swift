import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("What an actor may take is limited, by name and exactly")
struct LimitTests {
  /// A store with one limited till, at the beginning of a day.
  private struct World {
    let bench: Bench
    let till: ActorID
    let one: ProductID
    let two: ProductID

    init(_ limits: ActorLimits, roles: Roles = [.terminal, .storefront], settings: StoreSettings = .small) async throws
    {
      bench = try Bench(settings: settings)
      let sinceMidnight = bench.clock.nowMilliseconds() % 86_400_000
      bench.clock.advance(milliseconds: 86_400_000 - sinceMidnight)
      one = try await bench.product("ONE", price: 1000)
      two = try await bench.product("TWO", price: 2500)
      for (product, prefix) in [(one, "A"), (two, "B")] { try await bench.stock(product, 300, prefix: prefix) }
      till = try await bench.actor("till", roles)
      try await limit(limits, roles)
    }

    func limit(_ limits: ActorLimits, _ roles: Roles = [.terminal, .storefront]) async throws {
      let actor = ActorDescription(id: till, name: "till", roles: roles, limits: limits)
      let define = DefineActor(id: bench.id(), actor: actor)
      if let refusal = await bench.engine.define(define, as: bench.administrator).answered.outcome.refusal {
        throw refusal
      }
    }

    @discardableResult
    func vend(_ count: UInt32, _ product: ProductID? = nil, id: RequestID? = nil, discount: UInt64 = 0) async
      -> Refusal?
    {
      let line = Line(product: product ?? one, count: count, discountMinor: discount)
      return await bench.ask(.vend(Vend(id: id ?? bench.id(), line: line)), as: till).refusal
    }

    func reserve(_ counts: [(ProductID, UInt32)], id: RequestID, seconds: UInt32 = 600) async -> Refusal? {
      let lines = counts.map { Line(product: $0.0, count: $0.1) }
      return await bench.ask(.reserve(Reserve(id: id, holdSeconds: seconds, lines: lines)), as: till).refusal
    }

    func pass(_ seconds: UInt64) { bench.clock.advance(milliseconds: seconds * 1000) }
  }

  private static func limits(_ set: (inout ActorLimits) -> Void) -> ActorLimits {
    var limits = ActorLimits()
    set(&limits)
    return limits
  }

  @Test("Cards a day: up to the limit and no further, until midnight; a request larger than all of it never")
  func cardsPerDay() async throws {
    let world = try await World(Self.limits { $0.day.cards = 10 })
    #expect(await world.vend(7) == nil)
    world.pass(3600)
    #expect(await world.vend(4) == .limitReached(.cardsPerDay, left: 3, retryAfterMilliseconds: 82_800_000))
    #expect(await world.vend(11) == .limitReached(.cardsPerDay, left: 3, retryAfterMilliseconds: 0))
    #expect(await world.reserve([(world.one, 2), (world.two, 2)], id: world.bench.id()) != nil)
    let held = world.bench.id()
    #expect(await world.reserve([(world.one, 2), (world.two, 1)], id: held) == nil)
    #expect(await world.bench.ask(.dispense(held), as: world.till).refusal == nil)
    #expect(await world.vend(1) == .limitReached(.cardsPerDay, left: 0, retryAfterMilliseconds: 82_800_000))
    world.pass(82_799)
    world.bench.clock.advance(milliseconds: 999)
    #expect(await world.vend(1) == .limitReached(.cardsPerDay, left: 0, retryAfterMilliseconds: 1))
    world.bench.clock.advance(milliseconds: 1)
    #expect(await world.vend(10) == nil)
  }

  @Test("Cards a minute, and the day before the minute, so that nobody waits for nothing")
  func cardsPerMinute() async throws {
    let world = try await World(
      Self.limits {
        $0.minute.cards = 3
        $0.day.cards = 5
      })
    #expect(await world.vend(3) == nil)
    world.pass(20)
    #expect(await world.vend(1) == .limitReached(.cardsPerMinute, left: 0, retryAfterMilliseconds: 40_000))
    #expect(await world.vend(3) == .limitReached(.cardsPerDay, left: 2, retryAfterMilliseconds: 86_380_000))
    world.pass(40)
    #expect(await world.vend(2) == nil)
    world.pass(60)
    #expect(await world.vend(1) == .limitReached(.cardsPerDay, left: 0, retryAfterMilliseconds: 86_280_000))
  }

  @Test("Value is the price before any discount, of all lines together, in the limit's currency")
  func value() async throws {
    let world = try await World(
      Self.limits {
        $0.day.valueMinor = 10_000
        $0.minute.valueMinor = 7_000
        $0.currency = Currency("USD")
      })
    #expect(await world.vend(2, discount: 2000) == nil)
    #expect(
      await world.reserve([(world.one, 1), (world.two, 2)], id: world.bench.id())
        == .limitReached(.valuePerMinute, left: 5000, retryAfterMilliseconds: 60_000))
    #expect(await world.reserve([(world.two, 2)], id: world.bench.id()) == nil)
    world.pass(60)
    #expect(
      await world.vend(2, world.two) == .limitReached(.valuePerDay, left: 3000, retryAfterMilliseconds: 86_340_000))
    #expect(await world.vend(3) == nil)
    let euro = Product(
      id: ProductID(0), sku: "EUR", name: "EUR", vendor: "ACME", currency: Currency("EUR")!, faceValueMinor: 1,
      priceMinor: 1)
    let defined = await world.bench.ask(
      .defineProduct(DefineProduct(id: world.bench.id(), product: euro)), as: world.bench.administrator)
    guard case .product(let id) = defined else { throw Unexpected(what: "product") }
    #expect(await world.vend(1, id) == .productNotPermitted(id))
  }

  @Test("A day's value goes before a minute's cards, so that nobody waits a minute for what a day refuses")
  func valueOfTheDayFirst() async throws {
    let world = try await World(
      Self.limits {
        $0.minute.cards = 2
        $0.day.valueMinor = 2000
        $0.currency = Currency("USD")
      })
    #expect(await world.vend(2) == nil)
    #expect(await world.vend(1) == .limitReached(.valuePerDay, left: 0, retryAfterMilliseconds: 86_400_000))
  }

  @Test("Only the products on the list are sold; what is held already is dispensed all the same")
  func products() async throws {
    let world = try await World(ActorLimits())
    let held = world.bench.id()
    #expect(await world.reserve([(world.two, 1)], id: held) == nil)
    try await world.limit(Self.limits { $0.products = [world.one] })
    #expect(await world.vend(1) == nil)
    #expect(await world.vend(1, world.two) == .productNotPermitted(world.two))
    let both = [(world.one, UInt32(1)), (world.two, UInt32(1))]
    #expect(await world.reserve(both, id: world.bench.id()) == .productNotPermitted(world.two))
    #expect(await world.bench.ask(.dispense(held), as: world.till).refusal == nil)
    await #expect(throws: Refusal.unknownProduct(ProductID(77))) {
      try await world.limit(Self.limits { $0.products = [world.one, ProductID(77)] })
    }
  }

  @Test("A repeat is answered whatever the limit says, and never counts twice")
  func repeats() async throws {
    let world = try await World(
      Self.limits {
        $0.day.cards = 4
        $0.day.reprints = 1
      })
    let (sale, hold) = (world.bench.id(), world.bench.id())
    for _ in 1...3 {
      #expect(await world.vend(2, id: sale) == nil)
      #expect(await world.reserve([(world.one, 2)], id: hold) == nil)
    }
    for _ in 1...3 { #expect(await world.bench.ask(.dispense(hold), as: world.till).refusal == nil) }
    #expect(await world.vend(1) == .limitReached(.cardsPerDay, left: 0, retryAfterMilliseconds: 86_400_000))
    #expect(await world.vend(2, id: sale) == nil)
  }

  @Test("A hold that ends unsold counts no longer, if its day is not over; what was disclosed counts for good")
  func givenBack() async throws {
    let world = try await World(Self.limits { $0.day.cards = 6 })
    let bench = world.bench
    func left() async -> UInt64? {
      guard case .limitReached(.cardsPerDay, let left, _) = await world.vend(100) else { return nil }
      return left
    }
    let ids = (0..<4).map { _ in bench.id() }
    #expect(await world.reserve([(world.one, 1), (world.two, 1)], id: ids[0]) == nil)
    #expect(await world.reserve([(world.one, 2)], id: ids[1], seconds: 5) == nil)
    #expect(await world.reserve([(world.one, 1)], id: ids[2]) == nil)
    #expect(await world.vend(1, id: ids[3]) == nil)
    #expect(await left() == 0)
    #expect(await bench.ask(.release(ids[0]), as: world.till).refusal == nil)
    #expect(await bench.ask(.release(ids[0]), as: world.till).refusal == nil)
    #expect(await left() == 2)
    #expect(await bench.ask(.reverse(ids[2]), as: world.till).refusal == nil)
    #expect(await left() == 3)
    world.pass(5)
    // The sweeper comes once a batch, before it is decided.
    #expect(await left() == 5)
    #expect(await bench.ask(.reverse(ids[3]), as: world.till).state == .quarantined)
    #expect(await left() == 5)

    let late = bench.id()
    #expect(await world.reserve([(world.one, 5)], id: late, seconds: 200_000) == nil)
    world.pass(86_400)
    #expect(await world.vend(6) == nil)
    #expect(await bench.ask(.release(late), as: world.till).refusal == nil)
    #expect(await left() == 0, "what was held yesterday gives back nothing today")
  }

  @Test(
    "Counts and limits live through checkpoints, restarts and replay; a limit counts from midnight whenever it is set")
  func durable() async throws {
    var settings = StoreSettings.small
    settings.checkpointChangeCount = 3
    let world = try await World(ActorLimits(), settings: settings)
    let bench = world.bench
    #expect(await world.vend(3) == nil)
    try bench.restart()
    #expect(await world.vend(3, world.two) == nil)
    try await world.limit(
      Self.limits {
        $0.day = ActorLimits.Allowance(cards: 8, reprints: 5, valueMinor: 13_000)
        $0.currency = Currency("USD")
      })
    let hold = bench.id()
    #expect(await world.reserve([(world.one, 1)], id: hold) == nil)
    for _ in 1...2 {
      try bench.restart()
      #expect(await world.vend(2) == .limitReached(.cardsPerDay, left: 1, retryAfterMilliseconds: 86_400_000))
      #expect(
        await world.vend(1, world.two) == .limitReached(.valuePerDay, left: 1500, retryAfterMilliseconds: 86_400_000))
    }
    #expect(await bench.ask(.release(hold), as: world.till).refusal == nil)
    try bench.restart()
    #expect(await world.vend(1, world.two) == nil)
    #expect(await world.vend(2) == .limitReached(.cardsPerDay, left: 1, retryAfterMilliseconds: 86_400_000))
    let report = try bench.engine.verify()
    #expect(report.sound && report.stateDigest == report.replayedDigest, "\(report.problems)")
    guard case .actors(let actors) = await bench.ask(.actors, as: bench.administrator) else {
      throw Unexpected(what: "actors")
    }
    #expect(actors.first { $0.id == world.till }?.limits.day.cards == 8)
  }

  @Test("Each actor has takings of its own, and one without limits has none to reach")
  func others() async throws {
    let world = try await World(Self.limits { $0.day.cards = 1 })
    let other = try await world.bench.actor("other", .terminal)
    #expect(await world.vend(1) == nil)
    #expect(await world.vend(1) != nil)
    let line = Line(product: world.one, count: 100)
    #expect(await world.bench.ask(.vend(Vend(id: world.bench.id(), line: line)), as: other).refusal == nil)
  }

  @Test("Limits that cannot be are refused: a value without its currency, products twice or out of order")
  func senseless() async throws {
    let world = try await World(ActorLimits())
    let cases: [(ActorLimits, Field)] = [
      (Self.limits { $0.day.valueMinor = 1 }, .currency), (Self.limits { $0.currency = Currency("USD") }, .currency),
      (Self.limits { $0.products = [world.two, world.one] }, .product),
      (Self.limits { $0.products = [world.one, world.one] }, .product),
      (Self.limits { $0.products = [ProductID(0)] }, .product),
      (Self.limits { $0.products = (1...1001).map { ProductID($0) } }, .product),
    ]
    for (limits, field) in cases {
      await #expect(throws: Refusal.invalid(field)) { try await world.limit(limits) }
    }
  }
}
