import PinStore
import ReferenceModel
import TestSupport

@testable import PinEngine

/// What one history is like, drawn from its seed: which operations it has and how often, how much of everything, how fast
/// time goes by. That most histories lack most operations is what leads each to places where the others never come.
struct Swarm {
  enum Kind: CaseIterable {
    case vend, reserve, dispense, confirm, extend, release, reverse, giveBack, reprint, reinventory, settle, withdraw
    case freeze, thaw, defineProduct, defineActor, closeShift, lookUp, stock, shiftTotals, again
  }

  let weights: [(kind: Kind, weight: Int)]
  let productCount: Int
  let priceLimit: UInt64
  let hasTwoCurrencies: Bool
  let minimumValidityDays: UInt32
  /// Cards that one import brings at most.
  let importLimit: Int
  let restocks: Bool
  let expiryDays: UInt32
  let lineLimit: Int
  let countLimit: Int
  let holdLimitSeconds: UInt64
  let batchLimit: Int
  let stepLimitMilliseconds: UInt64
  /// One in so many steps lets days go by; 0 for none.
  let oneInJumps: Int
  let jumpLimitDays: UInt64
  let oneInRestarts: Int
  /// One in so many requests is another actor's, or asks for what is out of range, or has an id of something else.
  let oneInStrange: Int
  /// From how many of the last ids one is picked.
  let idsInPlay: Int
  /// Whether actors have limits.
  let limitsActors: Bool
  /// Whether the stock is in more pieces than one request may take.
  let isBroken: Bool
  /// Whether one sweep does less than is due.
  let isSlowlySwept: Bool
  let settings: StoreSettings

  init(using random: inout SeededGenerator) {
    weights = Kind.allCases.map { kind in
      let isOff = !Self.backbone.contains(kind) && random.chance(3)
      return (kind, isOff ? 0 : Self.usual[kind, default: 2] * random.pick([1, 2, 6]))
    }
    isBroken = random.chance(8)
    productCount = isBroken ? 1 : random.pick([1, 2, 2, 3])
    priceLimit = random.pick([10, 1000, 1 << 40])
    hasTwoCurrencies = random.chance(3)
    minimumValidityDays = random.pick([0, 0, 0, 2])
    limitsActors = random.chance(2)
    importLimit = isBroken ? 600 : random.pick([3, 10, 30, 300])
    restocks = !isBroken && !random.chance(4)
    expiryDays = random.pick([1, 3, 10, 400])
    lineLimit = random.pick([1, 2, 4, 8])
    countLimit = isBroken ? 300 : importLimit == 300 ? random.pick([10, 200, 300]) : random.pick([1, 3, 9])
    holdLimitSeconds = random.pick([2, 20, 600, 86_400, 604_800])
    batchLimit = random.pick([1, 4, 32, 128])
    stepLimitMilliseconds = random.pick([0, 500, 5000, 60_000, 3_600_000])
    oneInJumps = random.pick([0, 10, 50])
    oneInRestarts = random.pick([0, 30, 100])
    oneInStrange = random.pick([4, 12, 100])
    idsInPlay = random.pick([2, 6, 20, 80])
    var settings = StoreSettings.small
    settings.clockAheadLimitMilliseconds = .max / 4
    settings.clockBehindLimitMilliseconds = 86_400_000
    settings.segmentByteCount = 2 << 20
    settings.checkpointChangeCount = random.pick([100, 1000, 60_000])
    settings.requestsPerBatch = random.pick([4, 4096])
    isSlowlySwept = random.chance(6)
    if isSlowlySwept { (settings.sweepLimit, settings.requestsPerBatch) = (random.pick([1, 3]), 4096) }
    jumpLimitDays = isSlowlySwept ? 5 : random.pick([1, 5, 100])
    self.settings = settings
  }

  /// How often an operation is asked for, usually: those without which the others come to nothing more often.
  private static let usual: [Kind: Int] = [
    .vend: 12, .reserve: 16, .dispense: 16, .confirm: 6, .extend: 6, .release: 6, .reverse: 6, .giveBack: 8,
    .reprint: 6,
    .reinventory: 4, .settle: 4, .freeze: 1, .defineProduct: 1, .defineActor: 1, .closeShift: 1, .stock: 1,
    .shiftTotals: 1, .again: 6,
  ]
  private static let backbone: Set<Kind> = [.vend, .reserve, .dispense]

  func kind(using random: inout SeededGenerator) -> Kind {
    var left = Int.random(in: 0..<weights.reduce(0) { $0 + $1.weight }, using: &random)
    for (kind, weight) in weights {
      if left < weight { return kind }
      left -= weight
    }
    preconditionFailure("weights add up")
  }
}

extension SeededGenerator {
  mutating func chance(_ oneIn: Int) -> Bool { oneIn > 0 && Int.random(in: 0..<oneIn, using: &self) == 0 }
  mutating func pick<Element>(_ from: [Element]) -> Element { from.randomElement(using: &self)! }
  mutating func upTo(_ most: Int) -> Int { Int.random(in: 1...max(most, 1), using: &self) }
}
