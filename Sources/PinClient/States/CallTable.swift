import PinProtocol
import PinWords

/// The calls of one connection's owner: those that wait to be sent, and those that were, in the order of their answers.
///
///     waiting ── sent ──▶ in flight ── answered ──▶ told
///        ▲                    │
///        └─ connection lost, busy, stopping ─┘     the time limit, cancelling and closing end a call wherever it is
///
/// It upholds that a call ends once; that a change which may have been made ends with an answer that proves what became
/// of it, or with `unknownOutcome`; and that a call is sent again unchanged, under its number. Time is what its owner
/// says.
struct CallTable<Completion>: ~Copyable {
  /// In the order of their numbers.
  var waiting = Queue<Call<Completion>>()
  /// In the order they were sent in.
  var inFlight = Queue<Call<Completion>>()
  private var window = 0
  private var pausedUntilNanoseconds: UInt64 = 0
  /// When anything last came from the server, or the first of the requests in flight was sent.
  var heardAtNanoseconds: UInt64 = 0

  /// Whether anything waits for a connection.
  var isWanted: Bool { !waiting.isEmpty }
  var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }

  mutating func add(_ call: Call<Completion>) { waiting.append(call) }

  // MARK: Sending

  enum Next {
    /// Encode this; then tell `sent` or `unsendable`.
    case send(RequestMessage, requestNumber: UInt32)
    /// Nothing may be sent before this moment.
    case pause(untilNanoseconds: UInt64)
    /// Nothing waits, or the window is full.
    case nothing
  }

  /// The session is open, with the store that all calls were meant for; so many may be unanswered at once.
  mutating func opened(window: Int) {
    precondition(inFlight.isEmpty, "what was in flight on the last connection waits again")
    self.window = max(1, window)
  }

  func next(atNanoseconds now: UInt64) -> Next {
    guard let call = waiting.first, inFlight.count < window else { return .nothing }
    guard pausedUntilNanoseconds <= now else { return .pause(untilNanoseconds: pausedUntilNanoseconds) }
    return .send(call.message, requestNumber: call.requestNumber)
  }

  /// The call of `next` is on its way.
  mutating func sent(atNanoseconds now: UInt64) {
    guard let call = waiting.popFirst() else { preconditionFailure("only a call that waited is sent") }
    if inFlight.isEmpty { heardAtNanoseconds = now }
    inFlight.append(call)
  }

  /// The call of `next` cannot be encoded: the server would refuse it as out of range.
  mutating func unsendable(_ fault: ProtocolFault) -> Ending<Completion>? {
    guard let call = waiting.popFirst() else { preconditionFailure("only a call that waited is encoded") }
    return Ending(call, .failure(call.errorIfNotMadeNow(ClientError(unsendable: fault))))
  }

  // MARK: Answers

  enum AnswerAction {
    /// Tell them, if somebody waits.
    case tell(Ending<Completion>?)
    /// The call goes out again.
    case retry
    /// The answer is not that of the request whose turn it is: the connection is of no use any more.
    case lose(ProtocolFault)
  }

  /// An answer came, or a fault instead of one if its body is not to be understood.
  mutating func answered(
    requestNumber: UInt32, operationNumber: UInt8, _ answer: Result<AnswerMessage, ProtocolFault>,
    atNanoseconds now: UInt64
  ) -> AnswerAction {
    heardAtNanoseconds = now
    guard let call = inFlight.first, call.requestNumber == requestNumber,
      call.message.operation.rawValue == operationNumber
    else { return .lose(answer.faultOrMalformed) }
    _ = inFlight.popFirst()
    switch answer {
    case .failure(let fault): return .tell(Ending(call, .failure(call.errorIfPerhapsMade(.protocolFault(fault)))))
    case .success(let message):
      switch message.outcome {
      case .done: return .tell(Ending(call, .success(message)))
      case .fault(let fault): return .tell(Ending(call, .failure(call.errorIfNotMadeNow(.protocolFault(fault)))))
      case .refused(let refusal): return refused(call, refusal, now)
      }
    }
  }

  private mutating func refused(_ call: Call<Completion>, _ refusal: Refusal, _ now: UInt64) -> AnswerAction {
    var call = call
    call.lastRefusal = refusal
    switch refusal {
    case .busy(let milliseconds), .tooManyRequests(let milliseconds):
      return retry(call, afterMilliseconds: milliseconds, now)
    case .stopping where call.message.mayBeSentAgain:
      call.isLost = true
      return retry(call, afterMilliseconds: refusal.parts.retryAfterMilliseconds, now)
    case .stopping:
      return .tell(Ending(call, .failure(call.errorIfPerhapsMade(.refused(refusal)))))
    case .outOfTurn(let expected) where isWaiting(chunk: expected, before: call.message):
      return retry(call, afterMilliseconds: 0, now)
    case _ where refusal.holdsForEarlierCopies:
      return .tell(Ending(call, .failure(.refused(refusal))))
    default:
      return .tell(Ending(call, .failure(call.errorIfNotMadeNow(.refused(refusal)))))
    }
  }

  /// Whether this chunk of the same purchase waits to be sent again, so that the later one came too soon.
  private func isWaiting(chunk expected: UInt32, before message: RequestMessage) -> Bool {
    guard case .loadCards(let late) = message, expected < late.chunk else { return false }
    var isWaiting = false
    waiting.visitAll { call in
      guard case .loadCards(let chunk) = call.message else { return }
      if chunk.purchase == late.purchase, chunk.chunk == expected { isWaiting = true }
    }
    return isWaiting
  }

  /// A server that says that it is busy is asked nothing until then, so that chunks and sales stay in their order.
  private mutating func retry(
    _ call: Call<Completion>, afterMilliseconds milliseconds: UInt32, _ now: UInt64
  ) -> AnswerAction {
    pausedUntilNanoseconds = max(pausedUntilNanoseconds, now + UInt64(milliseconds) * 1_000_000)
    guard call.completion != nil else { return .tell(nil) }
    var call = call
    call.waits(fromNanoseconds: pausedUntilNanoseconds)
    putBack(call)
    return .retry
  }

  private mutating func putBack(_ call: Call<Completion>) {
    waiting.insert(call) { $0.number < call.number }
  }

  // MARK: Losing the connection

  /// The connection is gone: what was in flight waits to be sent again, but what must not be sent twice.
  mutating func lost() -> [Ending<Completion>] {
    var endings: [Ending<Completion>] = []
    for var call in inFlight.removeAll().reversed() where call.completion != nil {
      call.isLost = true
      if call.message.mayBeSentAgain {
        putBack(call)
      } else if let ending = Ending(call, .failure(call.errorIfPerhapsMade(.notConnected(.endedByServer)))) {
        endings.append(ending)
      }
    }
    return endings
  }

  /// Ends the calls that wait and for which this finds an error.
  mutating func endWaiting(_ error: (Call<Completion>) -> ClientError?) -> [Ending<Completion>] {
    var endings: [Ending<Completion>] = []
    for call in waiting.removeAll() {
      if let error = error(call) {
        if let ending = Ending(call, .failure(error)) { endings.append(ending) }
      } else {
        waiting.append(call)
      }
    }
    return endings
  }
}

extension ClientError {
  /// What a request that the client itself refuses to encode ends with: the same as the server would say.
  init(unsendable fault: ProtocolFault) {
    switch fault {
    case .invalid(let field): self = .refused(.invalid(field))
    case .frameTooLong: self = .refused(.invalid(.frame))
    default: self = .protocolFault(fault)
    }
  }
}

extension Result where Success == AnswerMessage, Failure == ProtocolFault {
  /// The fault that the other side tells of itself or of us, or that what it sent was none of our answers.
  fileprivate var faultOrMalformed: ProtocolFault {
    switch self {
    case .failure(let fault): fault
    case .success(let message): if case .fault(let fault) = message.outcome { fault } else { .malformedFrame }
    }
  }
}
