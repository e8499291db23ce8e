import Foundation
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

@Suite("Whatever happens in whatever order, the laws hold")
struct RandomHistoryTests {
  /// `PINVAULT_SEED` replays a history.
  private static let seed =
    ProcessInfo.processInfo.environment["PINVAULT_SEED"].flatMap { UInt64($0) } ?? .random(in: 1 ... .max)

  @Test("A long random history agrees with a model, verifies, and is answered alike after a restart")
  func history() async throws {
    print("PINVAULT_SEED=\(Self.seed)")
    var history = try await RandomHistory(seed: Self.seed)
    for step in 1...600 {
      try await history.step()
      if step % 10 == 0 { try await history.checkLevels() }
      if step % 25 == 0 { try await history.restock() }
      if step % 100 == 0 { try await history.checkStore() }
    }
    try await history.checkLives()
    #expect(history.model.faults.isEmpty, "seed \(Self.seed): \(history.model.faults.prefix(5))")
    // A history in which little happens proves little.
    for state in ReservationState.allCases {
      #expect(history.statesSeen.contains(state), "seed \(Self.seed): no \(state)")
    }
    #expect(history.changesSeen.count > 6)
  }
}

/// A small world in which anything may be asked of anything: two products, 60 cards, few ids, several actors.
private struct RandomHistory {
  let bench: Bench
  var model = HistoryModel()
  private(set) var statesSeen: Set<ReservationState> = []
  private(set) var changesSeen: Set<PinWords.Operation> = []
  private var random: SplitMix
  private let seed: UInt64
  private let products: [ProductID]
  private let sellers: [ActorID]
  private let clerk: ActorID
  private let keeper: ActorID
  private var recent: [RequestID] = []
  private var sales: [RequestID] = []
  /// What was done, and what was answered.
  private var done: [RequestID: (command: Command, actor: ActorID, outcome: String)] = [:]

  init(seed: UInt64) async throws {
    var settings = StoreSettings.small
    settings.clockAheadLimitMilliseconds = .max / 4
    // Checkpoints fall at any place in the history.
    settings.checkpointChangeCount = 300
    bench = try Bench(settings: settings)
    self.seed = seed
    random = SplitMix(state: seed)
    let tills = [try await bench.actor("a", .terminal), try await bench.actor("b", .terminal)]
    clerk = try await bench.actor("clerk", .clerk)
    sellers = tills + [clerk]
    keeper = try await bench.actor("keeper", .stockKeeper)
    products = [try await bench.product("ONE"), try await bench.product("TWO", price: 250)]
    let today = Day(atMilliseconds: bench.clock.nowMilliseconds())
    for (product, days) in [(0, 2), (1, 3), (0, 900), (0, 1), (1, 901), (0, 2)] {
      try await stock(products[product], expiry: today.adding(days: UInt32(days)))
    }
  }

  /// Ten more cards, also to make up for what is gone for good.
  mutating func restock() async throws {
    let days = UInt32.random(in: 0...5, using: &random)
    try await stock(product(), expiry: Day(atMilliseconds: bench.clock.nowMilliseconds()).adding(days: days))
  }

  private mutating func stock(_ product: ProductID, expiry: Day) async throws {
    let prefix = "\(bench.id().low)-"
    let lot = try await bench.stock(product, 10, expiry: expiry, prefix: prefix)
    for (number, card) in lot.extent.cards.enumerated() {
      model.add(
        card, of: product, expiry: expiry, serial: "\(prefix)\(number)", pin: Bench.pin(prefix, number))
    }
  }

  // MARK: Steps

  /// Lets time go by, and asks up to twenty things at once.
  mutating func step() async throws {
    let days: UInt64 = chance(100) ? 86_400_000 : 0
    bench.clock.advance(milliseconds: days + .random(in: 0...8000, using: &random))
    var asked: [(command: Command, actor: ActorID)] = []
    for _ in 0..<Int.random(in: 1...20, using: &random) { asked.append(command()) }
    let answers = await bench.ask(all: asked)
    model.expire(atMilliseconds: answers[0].timeMilliseconds)
    for (answered, (command, actor)) in zip(answers, asked) { try take(command, actor, answered) }
  }

  private mutating func take(_ command: Command, _ actor: ActorID, _ answered: Answered) throws {
    let delivery = answered.outcome.delivery
    // Cards that came back between the answer and this are opened all the same: the answer was given before.
    model.take(command, answered, openedCards: try delivery.map { try bench.engine.cards(of: $0) } ?? [])
    if let state = answered.outcome.state { statesSeen.insert(state) }
    guard answered.outcome.refusal == nil, let id = command.ownID else { return }
    changesSeen.insert(command.operation)
    if !answered.isRepeat {
      #expect(done[id] == nil, "seed \(seed): \(id) was done twice")
      done[id] = (command, actor, "\(answered.outcome)")
      if answered.outcome.state != nil { sales.append(id) }
    } else if command.isPlainChange {
      #expect(done[id]?.outcome == "\(answered.outcome)", "seed \(seed): another answer to \(id)")
    }
  }

  // MARK: Checks

  mutating func checkLevels() async throws {
    model.expire(atMilliseconds: await bench.ask(all: [(.stock(nil), keeper)])[0].timeMilliseconds)
    for product in products {
      let level = try await bench.level(product)
      #expect(level == model.level(of: product), "seed \(seed)")
      #expect(level.total == UInt64(model.cards.values.count { $0.product == product }), "seed \(seed)")
    }
  }

  /// The store verifies, starts again with the same levels, and answers everything that was done as it did.
  mutating func checkStore() async throws {
    let report = try bench.engine.verify()
    #expect(report.sound, "seed \(seed): \(report.problems)")
    try await checkLevels()
    try bench.restart()
    try await checkLevels()
    for (id, known) in done {
      let answered = await bench.engine.perform(known.command, as: known.actor)
      #expect(answered.isRepeat, "seed \(seed): \(id) is not known any more: \(answered.outcome)")
      if known.command.isPlainChange { #expect("\(answered.outcome)" == known.outcome, "seed \(seed)") }
      if let delivery = answered.outcome.delivery {
        let opened = try bench.engine.cards(of: delivery)
        #expect(Set(opened.map(\.id)) == model.cards(in: .delivered(id)), "seed \(seed)")
        model.take(known.command, answered, openedCards: opened)
      }
    }
    #expect(model.faults.isEmpty, "seed \(seed): \(model.faults.prefix(5))")
  }

  /// Every card's life is told back to its purchase, and ends where the card is.
  func checkLives() async throws {
    for (id, known) in model.cards {
      let lives = try await bench.engine.cards(serial: known.serial, as: keeper).get()
      #expect(lives.map(\.id) == [id], "seed \(seed)")
      #expect(lives[0].custody == known.place.custody, "seed \(seed): card \(id), \(lives[0].life.map(\.name))")
      #expect(lives[0].life.suffix(2).map(\.name) == ["purchase-committed", "purchase-begun"], "seed \(seed)")
      let sequences = lives[0].life.map(\.sequence)
      #expect(sequences == sequences.sorted(by: >), "seed \(seed)")
    }
  }

  // MARK: Choices

  private mutating func command() -> (Command, ActorID) {
    if !done.isEmpty, chance(12) { return again() }
    let seller = sellers.randomElement(using: &random)!
    let id = someID()
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<14: return (.vend(Vend(id: newID(), line: line(seller))), seller)
    case 14..<34:
      let lines = (0...Int.random(in: 0...2, using: &random)).map { _ in line(seller) }
      return (.reserve(Reserve(id: newID(), holdSeconds: .random(in: 1...90, using: &random), lines: lines)), seller)
    case 34..<46: return (.dispense(id), seller)
    case 46..<50: return (.confirm(id), seller)
    case 50..<55:
      let deadline = bench.clock.nowMilliseconds() + .random(in: 0...90_000, using: &random)
      return (.extend(Extend(reservation: id, deadlineMilliseconds: deadline)), seller)
    case 55..<61: return (.release(id), seller)
    case 61..<67: return (.reverse(chance(5) ? newID() : id), seller)
    case 67..<71: return (.reprint(Reprint(reservation: id, firstIndex: .random(in: 0...3, using: &random))), seller)
    case 71..<81:
      let extents = chance(2) ? [] : extents(longest: 3)
      return (.return(Return(id: newID(), reservation: id, extents: extents)), clerk)
    case 81..<89: return (.reinventory(StockChange(id: newID(), extents: extents(longest: 9), reason: "found")), keeper)
    case 89..<91: return (.settle(Settle(id: newID(), reservation: id, reason: "printed")), keeper)
    case 91: return (.withdraw(StockChange(id: newID(), extents: extents(longest: 1), reason: "scratched")), keeper)
    case 92: return (.freeze(ProductStop(id: newID(), product: product(), reason: "recall")), keeper)
    case 93..<97: return (.thaw(ProductStop(id: newID(), product: product(), reason: "over")), keeper)
    default: return (.closeShift(newID()), seller)
    }
  }

  /// The same again: as it was, by another, or with the id of something else.
  private mutating func again() -> (Command, ActorID) {
    let id = done.keys.sorted().randomElement(using: &random)!
    let known = done[id]!
    if chance(3) { return (.vend(Vend(id: id, line: line(clerk))), clerk) }
    return (known.command, chance(3) ? sellers.randomElement(using: &random)! : known.actor)
  }

  private mutating func line(_ actor: ActorID) -> Line {
    Line(
      product: product(), count: .random(in: 1...4, using: &random),
      condition: actor == clerk && chance(3) ? .used : .regular)
  }

  private mutating func product() -> ProductID { products.randomElement(using: &random)! }

  /// Two runs of cards in order.
  private mutating func extents(longest: UInt32) -> [Extent] {
    let middle = UInt64(model.cards.count) / 2
    let first = UInt64.random(in: 1...middle - 10, using: &random)
    let second = UInt64.random(in: middle...middle * 2 - 10, using: &random)
    let count = UInt32.random(in: 1...longest, using: &random)
    let both = [Extent(first: CardID(first), count: count), Extent(first: CardID(second), count: count)]
    return chance(2) ? both : [both.randomElement(using: &random)!]
  }

  private mutating func newID() -> RequestID {
    let id = bench.id()
    recent.append(id)
    if recent.count > 20 { recent.removeFirst() }
    return id
  }

  /// A recent sale's, mostly.
  private mutating func someID() -> RequestID {
    (chance(6) ? recent.randomElement(using: &random) : sales.suffix(12).randomElement(using: &random)) ?? newID()
  }

  private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }
}

extension Command {
  /// The id that it is done under for the first time; nil for what goes by a reservation's state.
  fileprivate var ownID: RequestID? {
    switch self {
    case .vend(let vend): vend.id
    case .reserve(let reserve): reserve.id
    case .return(let request): request.id
    case .reinventory(let change), .withdraw(let change): change.id
    case .settle(let settle): settle.id
    case .freeze(let stop), .thaw(let stop): stop.id
    case .closeShift(let id): id
    default: nil
    }
  }

  /// Whether its answer never changes: a sale's tells the state it is in now.
  fileprivate var isPlainChange: Bool {
    switch self {
    case .vend, .reserve: false
    default: ownID != nil
    }
  }
}

extension HistoryModel.Place {
  fileprivate var custody: Custody {
    switch self {
    case .stock(let condition): .stock(condition)
    case .reserved(let id, _): .reserved(id)
    case .delivered(let id): .delivered(id)
    case .quarantined(let id): .quarantined(id)
    case .void: .void
    }
  }
}

extension StockLevel {
  var total: UInt64 { regular + used + quarantined + reserved + delivered + void + loading }
}

/// Vigna's SplitMix64: small, and the same everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension Bench {
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
}
