import PinWords

/// What one event loop has counted: plain integers of its own thread, added up only when somebody asks.
struct LoopCounters: Sendable {
  /// One more than the highest number of an operation, and of a status.
  static let operationCount = 128
  static let statusCount = 80

  var connectionsAccepted: UInt64 = 0
  var connectionsTurnedAway: UInt64 = 0
  var connectionsOpen: UInt64 = 0
  var sessionsOpen: UInt64 = 0
  var bytesIn: UInt64 = 0
  var bytesOut: UInt64 = 0
  /// The most bytes that were read of one connection before the others had their turn.
  var largestTurnBytes: UInt64 = 0
  var authenticationFailures: UInt64 = 0
  var cardsOpened: UInt64 = 0
  var cardFaults: UInt64 = 0
  var submissions: UInt64 = 0
  var flushes: UInt64 = 0
  /// Answers by operation and status.
  private(set) var answers = [UInt64](repeating: 0, count: operationCount * statusCount)

  mutating func countAnswer(operationNumber: UInt8, status: Status) {
    // Numbers that are no operation are counted together, under 0, so that a client cannot make up new ones.
    let operation = Operation(onWire: operationNumber) == nil ? 0 : Int(operationNumber)
    answers[operation * Self.statusCount + Int(status.rawValue)] += 1
  }

  /// How many answers of this status an operation had; nil for what was no operation.
  func answerCount(_ operation: Operation?, _ status: Status) -> UInt64 {
    answers[Int(operation?.rawValue ?? 0) * Self.statusCount + Int(status.rawValue)]
  }

  mutating func add(_ other: LoopCounters) {
    connectionsAccepted += other.connectionsAccepted
    connectionsTurnedAway += other.connectionsTurnedAway
    connectionsOpen += other.connectionsOpen
    sessionsOpen += other.sessionsOpen
    bytesIn += other.bytesIn
    bytesOut += other.bytesOut
    largestTurnBytes = max(largestTurnBytes, other.largestTurnBytes)
    authenticationFailures += other.authenticationFailures
    cardsOpened += other.cardsOpened
    cardFaults += other.cardFaults
    submissions += other.submissions
    flushes += other.flushes
    for index in answers.indices { answers[index] += other.answers[index] }
  }
}
