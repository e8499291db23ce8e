import PinWords
import ReferenceModel
import TestSupport

/// Makes up a history step by step, looking at what the model knows so that what is asked has a point, mostly.
struct HistoryWriter {
  let swarm: Swarm
  var random: SeededGenerator
  var nextID: ID = 100
  var recentIDs: [ID] = []
  /// What was asked under an id of its own, for asking it again.
  var asked: [Asked] = []
  var queue: [Step] = []
  var serialCount = 0
  /// Whether the stock was broken up.
  var isBroken = false
  /// How much further time may go. A slow sweeper may expire a hold long after it was due, which shows only when it is
  /// forgotten: what the model assumed of it meanwhile would be a guess. So its histories end before anything is forgotten.
  private var millisecondsLeft: UInt64
  var loadedCards: [LoadedCard] = []

  // By the order in which they are defined.
  static let root = 1
  static let tills = [2, 3]
  static let shop = 4
  static let clerk = 5
  static let keeper = 6
  static let auditor = 7
  static let clerkAndKeeper = 8

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    swarm = Swarm(using: &random)
    millisecondsLeft = swarm.isSlowlySwept ? Model.rememberedMilliseconds - 86_400_000 : .max
    let actors: [(String, Set<Role>)] = [
      ("till-a", [.terminal]), ("till-b", [.terminal]), ("shop", [.storefront]), ("clerk", [.clerk]),
      ("keeper", [.stockKeeper]), ("auditor", [.auditor]), ("boss", [.clerk, .storefront, .stockKeeper]),
    ]
    for (name, roles) in actors {
      let actor = ReferenceModel.Actor(name: name, roles: roles)
      queue.append(ask(.defineActor(newID(), actor, renewsKey: false), Self.root))
    }
    for number in 1...swarm.productCount {
      let product = ReferenceModel.Product(
        sku: "P\(number)", name: "Product \(number)", vendor: random.pick(["ACME", "BETA"]),
        currency: swarm.hasTwoCurrencies && number == 2 ? "EUR" : "USD", faceValue: 1000,
        price: .random(in: 0...swarm.priceLimit, using: &random), minimumValidityDays: swarm.minimumValidityDays)
      queue.append(ask(.defineProduct(newID(), product), Self.root))
    }
    guard swarm.limitsActors else { return }
    for (index, (name, roles)) in actors.enumerated() where random.chance(2) {
      let actor = ReferenceModel.Actor(number: index + 2, name: name, roles: roles, limits: limits())
      queue.append(ask(.defineActor(newID(), actor, renewsKey: false), Self.root))
    }
  }

  func ask(_ request: Request, _ actor: Int) -> Step {
    .ask(afterMilliseconds: 0, [Asked(actor: actor, request: request)])
  }

  // MARK: Steps

  mutating func next(_ model: Model, nowMilliseconds: UInt64) -> Step {
    if !queue.isEmpty { return queue.removeFirst() }
    if model.cards.isEmpty {
      for product in 1...swarm.productCount { importCards(of: product, model, nowMilliseconds) }
      return queue.removeFirst()
    }
    if swarm.isBroken && model.cards.count > 100 && !isBroken { return breakUp(model) }
    if swarm.restocks && model.cards.count < 2000 && random.chance(3) {
      let product = product()
      if model.regularCount(of: product) < swarm.countLimit * 3 {
        importCards(of: product, model, nowMilliseconds)
        return queue.removeFirst()
      }
    }
    if random.chance(swarm.oneInRestarts) { return restart() }
    if random.chance(150) { return .compareAll }
    var milliseconds = UInt64.random(in: 0...swarm.stepLimitMilliseconds, using: &random)
    if random.chance(swarm.oneInJumps) {
      milliseconds += .random(in: 1...swarm.jumpLimitDays, using: &random) * 86_400_000
    }
    // To the very millisecond at which something ends, or the one before.
    if random.chance(6),
      let ending = model.endingTimes.filter({ $0 > nowMilliseconds }).sorted().prefix(9).randomElement(using: &random),
      ending - nowMilliseconds < swarm.jumpLimitDays * 86_400_000
    {
      milliseconds = ending - nowMilliseconds - random.pick([0, 0, 1])
    }
    milliseconds = min(milliseconds, millisecondsLeft)
    millisecondsLeft -= milliseconds
    let now = nowMilliseconds + milliseconds
    var batch: [Asked] = []
    // Whom the sweep before this batch does not come to is dead all the same.
    if swarm.isSlowlySwept, model.dueCount(at: now) > swarm.settings.sweepLimit,
      let (hold, holder) = model.lastDeadHold(at: now), !random.chance(3)
    {
      batch.append(
        Asked(actor: holder, request: random.chance(4) ? .extend(hold, deadline: now + 1000) : .dispense(hold)))
    }
    for _ in 0..<random.upTo(swarm.batchLimit) {
      let kind = swarm.kind(using: &random)
      let one = kind == .again ? again(model, now) : make(kind, model, now)
      if one.request.ownID != nil { remember(one) }
      if one.request.command == nil { queue.append(.ask(afterMilliseconds: 0, [one])) } else { batch.append(one) }
    }
    if batch.isEmpty { batch = [Asked(actor: Self.root, request: .stock(product: 0))] }
    return .ask(afterMilliseconds: milliseconds, batch)
  }

  /// Takes every other card away, as many as one request names: what is left is in single cards.
  mutating func breakUp(_ model: Model) -> Step {
    isBroken = true
    let runs = stride(from: 2, through: model.cards.count, by: 2).map { Run($0, 1) }
    for start in stride(from: 0, to: runs.count, by: 256) {
      let part = Array(runs[start..<min(start + 256, runs.count)])
      queue.append(ask(.withdraw(newID(), part, reason: "every other"), Self.keeper))
    }
    return queue.removeFirst()
  }

  mutating func restart() -> Step {
    // When a slow sweeper made its last event, and so where a clock set back would be held, is its own affair.
    let step = random.pick(swarm.isSlowlySwept ? [0, 1000] : [0, 0, 1000, 86_400_000, -1, -3000, -80_000_000])
    return .restart(clockMilliseconds: Int64(step), losingState: random.chance(6))
  }

  mutating func remember(_ one: Asked) {
    asked.append(one)
    if asked.count > 60 { asked.removeFirst() }
  }

  /// The same again: as it was, by another, or with something changed.
  mutating func again(_ model: Model, _ now: UInt64) -> Asked {
    guard var one = asked.randomElement(using: &random) else { return make(.vend, model, now) }
    if random.chance(4) { one.actor = .random(in: 1...8, using: &random) }
    if random.chance(4) { one.request = altered(one.request) }
    return one
  }
}
