import PinStore
import PinWords
import Testing

@testable import PinEngine

/// The order of checks in `protocol.md`, pair by pair. What comes before the engine is asked on the wire, by `wire`.
@Suite("A request that is wrong in two ways is refused for what is checked first", .timeLimit(.minutes(30)))
struct OrderOfChecksTests {
  /// What an id was used for before.
  private enum Use {
    case nothing, otherOperation, otherContent, same
  }

  // MARK: What asks for cards

  private struct Sale: Sendable {
    var roles: Roles = .terminal
    var hasRoom = true
    var count: UInt32 = 2
    var holdSeconds: UInt32 = 60
    var condition = Condition.regular
    var discount: UInt64 = 0
    var use = Use.nothing
    var isOthers = false
    var isKnown = true
    var isPermitted = true
    var isFrozen = false
    var isBroken = false
    var cardsPerDay: UInt32 = 0
    var valuePerDay: UInt64 = 0
    var cardsPerMinute: UInt32 = 0
    var valuePerMinute: UInt64 = 0
  }

  /// More cards than lie in so many pieces as one request takes.
  private static let manyCards: UInt32 = 600

  private static let reserve = OrderOfChecks<Sale>(
    steps: [
      [.init("notPermitted", \.roles, .auditor)],
      [.init("storageFull", \.hasRoom, false)],
      [.init("invalid hold time", \.holdSeconds, 0), .init("notPermitted", \.condition, .used)],
      [.init("idReused operation", \.use, .otherOperation)],
      [.init("notYours", \.isOthers, true)],
      [
        .init("idReused cashier", \.use, .otherContent),
        // With another product, discount or count it is no repeat.
        .init("again", \.use, .same, not: [\.isOthers, \.isKnown, \.discount, \.count, \.isBroken]),
      ],
      [.init("unknownProduct", \.isKnown, false, not: [\.isFrozen, \.isBroken])],
      [.init("productNotPermitted", \.isPermitted, false)],
      [.init("productFrozen", \.isFrozen, true)],
      [.init("invalid discount", \.discount, 1 << 40)],
      [.init("tooManyExtents", \.isBroken, true)],
      [.init("insufficientStock", \.count, 90_000)],
      [.init("limitReached cards a day", \.cardsPerDay, 1)],
      [.init("limitReached value a day", \.valuePerDay, 1)],
      [.init("limitReached cards a minute", \.cardsPerMinute, 1)],
      [.init("limitReached value a minute", \.valuePerMinute, 1)],
    ],
    ask: { world, sale in
      let bench = world.bench
      let product = try await bench.product(world.newName())
      let lot = try await bench.stock(product, sale.isBroken ? 1300 : 20, prefix: world.newName())
      let name = world.newName()
      let till = try await bench.actor(name, .terminal)
      let id = bench.id()
      let owner = sale.isOthers ? try await bench.actor(world.newName(), .terminal) : till
      func reserve(count: UInt32, cashier: UInt32 = 0) -> Reserve {
        Reserve(
          id: id, holdSeconds: 60, sale: PinWords.Sale(cashier: cashier), lines: [Line(product: product, count: count)])
      }
      switch sale.use {
      case .otherOperation: try await world.prepare(.closeShift(id), as: owner)
      case .otherContent: try await world.prepare(.reserve(reserve(count: 2, cashier: 3)), as: owner)
      case .nothing where !sale.isOthers: break
      case .nothing, .same: try await world.prepare(.reserve(reserve(count: 2)), as: owner)
      }
      if sale.isBroken {
        for start in [0, 200, 400] {
          let extents = (start..<start + 200).map { number in
            Extent(first: CardID(lot.extent.first.rawValue + 10 + 2 * UInt64(number)), count: 1)
          }
          let withdraw = StockChange(id: bench.id(), extents: extents, reason: "a test")
          try await world.prepare(.withdraw(withdraw), as: bench.administrator)
        }
      }
      if sale.isFrozen {
        let stop = ProductStop(id: bench.id(), product: product, reason: "a test")
        try await world.prepare(.freeze(stop), as: bench.administrator)
      }
      var limits = ActorLimits()
      limits.day = .init(cards: sale.cardsPerDay, valueMinor: sale.valuePerDay)
      limits.minute = .init(cards: sale.cardsPerMinute, valueMinor: sale.valuePerMinute)
      if sale.valuePerDay + sale.valuePerMinute > 0 { limits.currency = Currency("USD") }
      if !sale.isPermitted { limits.products = [try await bench.product(world.newName())] }
      try await world.define(till, name, sale.roles, limits)
      var asked = reserve(count: sale.isBroken && sale.count == 2 ? manyCards : sale.count)
      asked.holdSeconds = sale.holdSeconds
      asked.lines[0].condition = sale.condition
      asked.lines[0].discountMinor = sale.discount
      if !sale.isKnown { asked.lines[0].product = ProductID(99_999) }
      return try await world.ask(.reserve(asked), as: till, hasRoom: sale.hasRoom)
    })

  @Test("Reserve") func reserving() async throws {
    #expect(try await Self.reserve.prove(Sale(), try World()) == 142)
  }

  // MARK: What is about a reservation

  private enum Name {
    case reservation, nothing, otherOperation
  }

  private struct Held: Sendable {
    var roles: Roles = .terminal
    var hasRoom = true
    var name = Name.reservation
    var isOthers = false
    var isReleased = false
    var isDue = false
    var isFrozen = false
    var isWithdrawn = false
    /// From the beginning of the case.
    var deadlineSeconds = 100
    var index: UInt32 = 0
    var isHeld = false
    var reprintsPerDay: UInt32 = 0
    var reprintsPerMinute: UInt32 = 0
  }

  /// Of its id, and who it belongs to.
  private static var names: [[OrderOfChecks<Held>.Fault]] {
    [
      [
        .init("unknownID", \.name, .nothing, not: [\.isOthers]),
        .init("idReused operation", \.name, .otherOperation),
      ],
      [.init("notYours", \.isOthers, true)],
    ]
  }

  private static var first: [[OrderOfChecks<Held>.Fault]] {
    [[.init("notPermitted", \.roles, .auditor)], [.init("storageFull", \.hasRoom, false)]]
  }

  /// A case, up to the request; that is told its id, who asks, and when the case began.
  private static func held(
    _ world: World, _ held: Held, isDispensed: Bool = false,
    _ request: (RequestID, UInt64) -> Command
  ) async throws -> String {
    let bench = world.bench
    let product = try await bench.product(world.newName())
    let lot = try await bench.stock(product, 5, prefix: world.newName())
    let name = world.newName()
    let till = try await bench.actor(name, .terminal)
    let owner = held.isOthers ? try await bench.actor(world.newName(), .terminal) : till
    let (id, other) = (bench.id(), bench.id())
    let start = bench.clock.nowMilliseconds()
    let reserve = Reserve(id: id, holdSeconds: 60, lines: [Line(product: product, count: 3)])
    try await world.prepare(.reserve(reserve), as: owner)
    if isDispensed { try await world.prepare(.dispense(id), as: owner) }
    try await world.prepare(.closeShift(other), as: owner)
    if held.isWithdrawn {
      let extent = Extent(first: lot.extent.first, count: 1)
      let withdraw = StockChange(id: bench.id(), extents: [extent], reason: "a test")
      try await world.prepare(.withdraw(withdraw), as: bench.administrator)
    }
    if held.isFrozen {
      let stop = ProductStop(id: bench.id(), product: product, reason: "a test")
      try await world.prepare(.freeze(stop), as: bench.administrator)
    }
    if held.isReleased { try await world.prepare(.release(id), as: owner) }
    if held.isDue { bench.clock.advance(milliseconds: 60_000) }
    var limits = ActorLimits()
    limits.day.reprints = held.reprintsPerDay
    limits.minute.reprints = held.reprintsPerMinute
    try await world.define(till, name, held.roles, limits)
    let asked =
      switch held.name {
      case .reservation: id
      case .nothing: bench.id()
      case .otherOperation: other
      }
    return try await world.ask(request(asked, start), as: till, hasRoom: held.hasRoom)
  }

  private static let dispense = OrderOfChecks<Held>(
    steps: first + names + [
      [.init("wrongState", \.isReleased, true)],
      [.init("deadlinePassed", \.isDue, true)],
      [.init("productFrozen", \.isFrozen, true)],
      [.init("withdrawn", \.isWithdrawn, true)],
    ],
    ask: { world, held in try await Self.held(world, held) { id, _ in .dispense(id) } })

  @Test("Dispense") func dispensing() async throws {
    #expect(try await Self.dispense.prove(Held(), try World()) == 34)
  }

  private static let extend = OrderOfChecks<Held>(
    steps: first + [[.init("invalid deadline", \.deadlineSeconds, 10_000_000)]] + names + [
      [.init("wrongState", \.isReleased, true)],
      [.init("deadlinePassed", \.isDue, true)],
      [.init("invalid deadline", \.deadlineSeconds, -1)],
    ],
    ask: { world, held in
      try await Self.held(world, held) { id, start in
        let deadline = UInt64(Int(start) + held.deadlineSeconds * 1000)
        return .extend(Extend(reservation: id, deadlineMilliseconds: deadline))
      }
    })

  @Test("Extend") func extending() async throws {
    #expect(try await Self.extend.prove(Held(), try World()) == 33)
  }

  private static let reprint = OrderOfChecks<Held>(
    steps: first + names + [
      [.init("wrongState", \.isHeld, true)],
      [.init("invalid index", \.index, 3)],
      [.init("limitReached reprints a day", \.reprintsPerDay, 1)],
      [.init("limitReached reprints a minute", \.reprintsPerMinute, 1)],
    ],
    ask: { world, held in
      try await Self.held(world, held, isDispensed: !held.isHeld) { id, _ in
        .reprint(Reprint(reservation: id, firstIndex: held.index, count: 2))
      }
    })

  @Test("Reprint") func printingAgain() async throws {
    #expect(try await Self.reprint.prove(Held(), try World()) == 34)
  }

  // MARK: What is about cards

  /// Who re-inventories may use others' ids, so that nobody is told whose an id is.
  private struct Found: Sendable {
    var roles: Roles = .stockKeeper
    var hasRoom = true
    var use = Use.nothing
    var hasUnknown = false
    var areSold = false
    var isLarge = false
  }

  private static let reinventory = OrderOfChecks<Found>(
    steps: [
      [.init("notPermitted", \.roles, .terminal)],
      [.init("storageFull", \.hasRoom, false)],
      [.init("idReused operation", \.use, .otherOperation), .init("idReused extents", \.use, .otherContent)],
      [.init("unknownCard", \.hasUnknown, true)],
      [.init("notInCustody", \.areSold, true)],
      [.init("approvalRequired", \.isLarge, true)],
    ],
    ask: { world, found in
      let bench = world.bench
      let product = try await bench.product(world.newName())
      let lot = try await bench.stock(product, 40, prefix: world.newName())
      let name = world.newName()
      let keeper = try await bench.actor(name, .stockKeeper)
      let till = try await bench.actor(world.newName(), .terminal)
      // Twenty are in quarantine, twenty are sold.
      let (sale, id) = (bench.id(), bench.id())
      try await world.prepare(.vend(Vend(id: sale, line: Line(product: product, count: 20))), as: till)
      try await world.prepare(.reverse(sale), as: till)
      try await world.prepare(.vend(Vend(id: bench.id(), line: Line(product: product, count: 20))), as: till)
      func change(_ extents: [Extent]) -> StockChange { StockChange(id: id, extents: extents, reason: "a test") }
      let start = lot.extent.first.rawValue
      switch found.use {
      case .otherOperation:
        let stop = ProductStop(id: id, product: product, reason: "a test")
        try await world.prepare(.freeze(stop), as: keeper)
      case .otherContent:
        let one = StockChange(id: id, extents: [Extent(first: CardID(start + 19), count: 1)], reason: "a test")
        try await world.prepare(.reinventory(one), as: keeper)
      case .nothing, .same: break
      }
      var extents = [Extent(first: CardID(start + (found.areSold ? 20 : 0)), count: found.isLarge ? 15 : 1)]
      if found.hasUnknown { extents.append(Extent(first: CardID(1 << 40), count: 1)) }
      try await world.define(keeper, name, found.roles)
      return try await world.ask(.reinventory(change(extents)), as: keeper, hasRoom: found.hasRoom)
    })

  @Test("Re-inventory") func reinventorying() async throws {
    let world = try World()
    let custodian = try await world.bench.actor("custodian", .keyCustodian)
    let rule = DefineApprovalRule(id: world.bench.id(), rule: ApprovalRule(cardsPerDay: 14))
    let approve = Approve(id: world.bench.id(), request: .defineApprovalRule(rule))
    try await world.prepare(.approve(approve), as: custodian)
    try await world.prepare(.defineApprovalRule(rule), as: world.bench.administrator)
    #expect(try await Self.reinventory.prove(Found(), world) == 20)
  }
}
