import PinProtocol
import PinWords
import Testing

@testable import PinClient

/// What becomes of calls, as a table: a script of what happens, and what each call is told.
@Suite struct CallTableTests {
  /// What happens, one after another. Call `n` is the vend, ping, backup or verification with that number.
  enum Move: Sendable {
    case vend(UInt64, deadline: UInt64 = .max)
    case ping(UInt64, deadline: UInt64 = .max)
    case backup(UInt64)
    /// Waits so long to be sent, in nanoseconds.
    case verify(UInt64, limit: UInt64 = .max)
    case chunk(UInt64)
    case open(window: Int = 100)
    /// Sends all that may be sent now; these numbers are expected to go out.
    case send([UInt32])
    case done(UInt32)
    case refuse(UInt32, Refusal)
    case fault(UInt32, ProtocolFault)
    case lose
    /// Time passes to this moment, and what is overdue ends.
    case time(UInt64, Disconnection? = nil)
    case cancel(UInt64)
    case failWaiting
    case failAll
  }

  enum Told: Equatable, Sendable {
    case done
    case error(ClientError)
    static func unknown(_ number: UInt64, _ refusal: Refusal? = nil) -> Told {
      .error(
        .unknownOutcome(
          UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: number)), refusal: refusal)))
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var moves: [Move]
    var told: [UInt64: Told]

    init(_ description: String, _ moves: [Move], _ told: [UInt64: Told]) {
      testDescription = description
      self.moves = moves
      self.told = told
    }
  }

  static let busy = Refusal.busy(retryAfterMilliseconds: 10)
  static let limit = Refusal.limitReached(.cardsPerDay, left: 0, retryAfterMilliseconds: 10)

  static let cases = [
    Case(
      "answered in order", [.vend(1), .ping(2), .open(), .send([1, 2]), .done(1), .done(2)], [1: .done, 2: .done]),
    Case(
      "no more than the window",
      [.ping(1), .ping(2), .ping(3), .open(window: 2), .send([1, 2]), .send([]), .done(1), .send([3])], [1: .done]),
    Case("nothing goes out before the session is open", [.vend(1), .send([])], [:]),
    Case(
      "lost and sent again in order, under the same numbers",
      [
        .vend(1), .vend(2), .open(), .send([1, 2]), .vend(3), .lose, .open(), .send([1, 2, 3]), .done(1), .done(2),
        .done(3),
      ], [1: .done, 2: .done, 3: .done]),
    Case(
      "a refusal ends a call", [.vend(1), .open(), .send([1]), .refuse(1, .unknownCard)],
      [1: .error(.refused(.unknownCard))]),
    Case(
      "busy holds everything back until the hint, then goes on in order",
      [
        .vend(1), .vend(2), .open(), .send([1, 2]), .refuse(1, busy), .vend(3), .done(2), .send([]), .time(10_000_000),
        .send([1, 3]),
      ], [2: .done]),
    Case(
      "asking too often holds everything back until the hint, as busy does",
      [
        .vend(1), .open(), .send([1]), .refuse(1, .tooManyRequests(retryAfterMilliseconds: 10)), .send([]),
        .time(10_000_000), .send([1]), .done(1),
      ], [1: .done]),
    Case(
      "an actor's limit is told", [.vend(1), .open(), .send([1]), .refuse(1, Self.limit)],
      [1: .error(.refused(Self.limit))]),
    Case(
      "busy until the time limit is a refusal",
      [.vend(1, deadline: 5), .open(), .send([1]), .refuse(1, busy), .time(5)], [1: .error(.refused(busy))]),
    Case(
      "busy after a loss is unknown",
      [.vend(1, deadline: 5), .open(), .send([1]), .lose, .open(), .send([1]), .refuse(1, busy), .time(5)],
      [1: .unknown(1, busy)]),
    Case(
      "stopping is sent again, and may have been made",
      [.vend(1, deadline: 5), .open(), .send([1]), .refuse(1, .stopping), .time(5)], [1: .unknown(1, .stopping)]),
    Case(
      "stopping ends a backup, which may have been made", [.backup(1), .open(), .send([1]), .refuse(1, .stopping)],
      [1: .error(.unknownOutcome(UnsettledChange(operation: .backup, key: .path("/b"), refusal: .stopping)))]),
    Case(
      "stopping ends a verification", [.verify(1), .open(), .send([1]), .refuse(1, .stopping)],
      [1: .error(.refused(.stopping))]),
    Case(
      "a full store is told", [.vend(1), .open(), .send([1]), .refuse(1, .storageFull)],
      [1: .error(.refused(.storageFull))]),
    Case(
      "a running import is told", [.vend(1), .open(), .send([1]), .refuse(1, .importRunning(PurchaseID(4)))],
      [1: .error(.refused(.importRunning(PurchaseID(4))))]),
    Case(
      "in time: answered at the last moment", [.vend(1, deadline: 5), .open(), .send([1]), .time(4), .done(1)],
      [1: .done]),
    Case(
      "the time limit of a change that was sent", [.vend(1, deadline: 5), .open(), .send([1]), .time(5)],
      [1: .unknown(1)]),
    Case(
      "the time limit of one that only looks", [.ping(1, deadline: 5), .open(), .send([1]), .time(5)],
      [1: .error(.timeLimit(.ping))]),
    Case(
      "the time limit of a change that was never sent", [.vend(1, deadline: 5), .time(5, .silent)],
      [1: .error(.notConnected(.silent))]),
    Case(
      "the time limit of a change that waits for the window",
      [.ping(1), .vend(2, deadline: 5), .open(window: 1), .send([1]), .time(5)], [2: .error(.timeLimit(.vend))]),
    Case(
      "the time limit of a change that was lost",
      [.vend(1, deadline: 5), .open(), .send([1]), .lose, .time(5, .silent)], [1: .unknown(1)]),
    Case(
      "the time limit of one that looks and was lost",
      [.ping(1, deadline: 5), .open(), .send([1]), .lose, .time(5, .silent)], [1: .error(.notConnected(.silent))]),
    Case(
      "a late answer is nobody else's",
      [.vend(1, deadline: 5), .ping(2), .open(), .send([1, 2]), .time(5), .done(1), .done(2)],
      [1: .unknown(1), 2: .done]),
    Case(
      "what nobody waits for is not sent again",
      [.vend(1, deadline: 5), .ping(2), .open(), .send([1, 2]), .time(5), .lose, .open(), .send([2])],
      [1: .unknown(1)]),
    Case("cancelled before it was sent", [.vend(1), .cancel(1), .open(), .send([])], [1: .error(.cancelled(.vend))]),
    Case(
      "cancelled after it was sent", [.vend(1), .open(), .send([1]), .cancel(1), .cancel(1), .done(1)], [1: .unknown(1)]
    ),
    Case("cancelled after it was lost", [.vend(1), .open(), .send([1]), .lose, .cancel(1)], [1: .unknown(1)]),
    Case("cancelled after it ended", [.vend(1), .open(), .send([1]), .done(1), .cancel(1)], [1: .done]),
    Case(
      "a backup is not sent twice", [.backup(1), .open(), .send([1]), .lose, .open(), .send([])],
      [1: .error(.unknownOutcome(UnsettledChange(operation: .backup, key: .path("/b"))))]),
    Case(
      "a verification is not begun anew", [.verify(1), .open(), .send([1]), .lose, .open(), .send([])],
      [1: .error(.notConnected(.endedByServer))]),
    Case(
      "a verification waits so long for a connection, and as long as it takes for its answer",
      [
        .verify(1, limit: 50), .verify(2, limit: 50), .open(window: 1), .send([1]), .time(49), .time(50, .silent),
        .time(1000), .done(1),
      ], [1: .done, 2: .error(.notConnected(.silent))]),
    Case(
      "a busy server is waited for anew",
      [
        .verify(1, limit: 50), .open(), .time(40), .send([1]), .refuse(1, busy), .time(60), .time(10_000_089),
        .send([1]),
        .done(1),
      ], [1: .done]),
    Case(
      "no connection to be had: what was not sent was not made",
      [.vend(1), .open(), .send([1]), .lose, .vend(2), .ping(3), .failWaiting],
      [1: .unknown(1), 2: .error(.notConnected(.closed)), 3: .error(.notConnected(.closed))]),
    Case(
      "closed", [.vend(1), .open(window: 1), .send([1]), .vend(2), .failAll],
      [1: .unknown(1), 2: .error(.notConnected(.closed))]),
    Case(
      "a fault is its request's alone",
      [.vend(1), .vend(2), .open(), .send([1, 2]), .fault(1, .unknownOperation(17)), .lose, .open(), .send([2])],
      [1: .error(.protocolFault(.unknownOperation(17)))]),
    Case(
      "a fault after a loss",
      [.vend(1), .open(), .send([1]), .lose, .open(), .send([1]), .fault(1, .unknownOperation(17))], [1: .unknown(1)]),
    Case(
      "a chunk out of turn behind one that is sent again goes again too",
      [
        .chunk(0), .chunk(1), .open(), .send([0, 1]), .refuse(0, busy), .refuse(1, .outOfTurn(expected: 0)),
        .time(10_000_000), .send([0, 1]),
      ], [:]),
    Case(
      "a chunk out of turn behind none is told", [.chunk(1), .open(), .send([1]), .refuse(1, .outOfTurn(expected: 0))],
      [1: .error(.refused(.outOfTurn(expected: 0)))]),
    Case(
      "a chunk that was taken before is told",
      [.chunk(0), .open(), .send([0]), .lose, .open(), .send([0]), .refuse(0, .outOfTurn(expected: 1))],
      [0: .error(.refused(.outOfTurn(expected: 1)))]),
  ]

  @Test("each call is told its one true outcome, once", arguments: cases)
  func told(_ testCase: Case) {
    var rig = Rig()
    for move in testCase.moves { rig.make(move) }
    #expect(rig.told == testCase.told)
    #expect(rig.toldTwice.isEmpty)
  }

  @Test(
    "which refusals of a later copy prove that an earlier one changes nothing any more",
    arguments: [
      (.invalid(.count), false), (.notPermitted, false), (.idReused(.count), true), (.notYours, true),
      (.unknownID, true),
      (.insufficientStock(ProductID(1), available: 2), false), (.productFrozen(ProductID(1)), false),
      (.wrongState(.released), true), (.deadlinePassed, true), (.final, true), (.storageFull, false),
      (.notInCustody(CardID(1)), false), (.nameTaken, false), (.withdrawn, false),
    ] as [(Refusal, Bool)])
  func laterCopy(refusal: Refusal, proves: Bool) {
    var rig = Rig()
    for move in [.vend(1), .open(), .send([1]), .lose, .open(), .send([1]), .refuse(1, refusal)] as [Move] {
      rig.make(move)
    }
    #expect(rig.told == [1: proves ? .error(.refused(refusal)) : .unknown(1, refusal)])
  }

  @Test(
    "an answer out of turn, or of another operation, loses the connection",
    arguments: [(2, 17), (1, 3), (0, 17)] as [(UInt32, UInt8)])
  func outOfTurn(requestNumber: UInt32, operationNumber: UInt8) {
    var rig = Rig()
    for move in [.vend(1), .vend(2), .open(), .send([1, 2])] as [CallTableTests.Move] { rig.make(move) }
    let action = rig.table.answered(
      requestNumber: requestNumber, operationNumber: operationNumber,
      .success(AnswerMessage(sequence: 1, timeMilliseconds: 1, outcome: .done(.nothing))), atNanoseconds: 0)
    guard case .lose(.malformedFrame) = action else {
      Issue.record("the connection is not lost")
      return
    }
    #expect(rig.told.isEmpty)
  }

  @Test("a server is silent when it owes an answer and nothing came for the limit")
  func silence() {
    var rig = Rig()
    #expect(rig.silenceDeadline == nil)
    for move in [.vend(1, deadline: 50), .ping(2, deadline: 1000), .open()] as [Move] { rig.make(move) }
    #expect(rig.silenceDeadline == nil)
    rig.make(.time(3))
    rig.make(.send([1, 2]))
    #expect(rig.silenceDeadline == 13)
    #expect(rig.earliestDeadline == 50)
    rig.make(.time(50))
    #expect(rig.silenceDeadline == 13)
    #expect(rig.earliestDeadline == 1000)
    rig.make(.done(1))
    #expect(rig.silenceDeadline == 60)
    rig.make(.done(2))
    #expect(rig.silenceDeadline == nil)
    #expect(rig.earliestDeadline == nil)
    rig.make(.backup(3))
    rig.make(.send([3]))
    #expect(rig.silenceDeadline == nil)
  }
}

/// Makes the moves and notes what calls are told.
private struct Rig: ~Copyable {
  var table = CallTable<UInt64>()
  var told: [UInt64: CallTableTests.Told] = [:]
  var toldTwice: Set<UInt64> = []
  private var now: UInt64 = 0
  private var messages: [UInt64: RequestMessage] = [:]

  /// For a limit of 10.
  var silenceDeadline: UInt64? { table.silenceDeadlineNanoseconds(limitNanoseconds: 10) }
  var earliestDeadline: UInt64? { table.earliestDeadlineNanoseconds }

  mutating func make(_ move: CallTableTests.Move) {
    switch move {
    case .vend(let number, let deadline): add(number, .vend(PinClientTests.vend(number)), deadline)
    case .ping(let number, let deadline): add(number, .ping, deadline)
    case .backup(let number): add(number, .backup(Backup(path: "/b")), .max)
    case .verify(let number, let limit): add(number, .verify, .max, limit: limit)
    case .chunk(let number):
      add(number, .loadCards(LoadCards(purchase: PurchaseID(3), chunk: UInt32(number), cards: [])), .max)
    case .open(let window): table.opened(window: window)
    case .send(let expected):
      var numbers: [UInt32] = []
      while case .send(let message, let number) = table.next(atNanoseconds: now) {
        #expect(message == messages[UInt64(number)])
        numbers.append(number)
        table.sent(atNanoseconds: now)
      }
      #expect(numbers == expected)
    case .done(let number): answer(number, .done(.nothing))
    case .refuse(let number, let refusal): answer(number, .refused(refusal))
    case .fault(let number, let fault): answer(number, .fault(fault))
    case .lose: note(table.lost())
    case .time(let moment, let disconnection):
      now = moment
      note(table.expire(atNanoseconds: now, disconnection: disconnection))
    case .cancel(let number): note(table.cancel(number: number))
    case .failWaiting: note(table.failWaiting(.notConnected(.closed)))
    case .failAll: note(table.failAll(.notConnected(.closed)))
    }
  }

  private mutating func add(
    _ number: UInt64, _ message: RequestMessage, _ deadline: UInt64, limit: UInt64 = .max
  ) {
    messages[number] = message
    var call = Call(
      number: number, message: message, deadlineNanoseconds: deadline, sendLimitNanoseconds: limit, completion: number)
    call.waits(fromNanoseconds: now)
    table.add(call)
  }

  private mutating func answer(_ number: UInt32, _ outcome: AnswerMessage.Outcome) {
    let operation = messages[UInt64(number)]?.operation ?? .ping
    let action = table.answered(
      requestNumber: number, operationNumber: operation.rawValue,
      .success(AnswerMessage(sequence: 1, timeMilliseconds: 1, outcome: outcome)), atNanoseconds: now)
    switch action {
    case .tell(let ending): note(ending.map { [$0] } ?? [])
    case .retry: break
    case .lose(let fault): Issue.record("the connection is lost for \(fault)")
    }
  }

  private mutating func note(_ endings: [Ending<UInt64>]) {
    for ending in endings {
      let outcome: CallTableTests.Told =
        switch ending.result {
        case .success: .done
        case .failure(let error): .error(error)
        }
      if told.updateValue(outcome, forKey: ending.completion) != nil { toldTwice.insert(ending.completion) }
    }
  }
}
