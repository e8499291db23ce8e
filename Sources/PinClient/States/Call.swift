import PinProtocol
import PinWords

/// One call, from when it is made until somebody is told its outcome.
struct Call<Completion> {
  /// Rises with every call of a connection's owner; its low half is the request number, however often it is sent.
  let number: UInt64
  let message: RequestMessage
  /// On the owner's clock.
  let deadlineNanoseconds: UInt64
  /// How long it waits to be sent with no word from the server.
  private let sendLimitNanoseconds: UInt64
  /// Until when it waits to be sent, or sent again: its deadline, or sooner.
  private(set) var sendDeadlineNanoseconds: UInt64
  /// Who is told; nil when that was done, and only the answer is awaited so that the next ones are counted right.
  var completion: Completion?
  /// Whether it was sent and an answer to it was lost: it may have been made.
  var isLost = false
  /// What the server last said to it, if that was no.
  var lastRefusal: Refusal?

  init(
    number: UInt64, message: RequestMessage, deadlineNanoseconds: UInt64, sendLimitNanoseconds: UInt64 = .max,
    completion: Completion
  ) {
    self.number = number
    self.message = message
    self.deadlineNanoseconds = deadlineNanoseconds
    self.sendLimitNanoseconds = sendLimitNanoseconds
    sendDeadlineNanoseconds = deadlineNanoseconds
    self.completion = completion
  }

  /// It waits to be sent from now on.
  mutating func waits(fromNanoseconds now: UInt64) {
    sendDeadlineNanoseconds = min(deadlineNanoseconds, now.saturatingAdd(sendLimitNanoseconds))
  }

  var requestNumber: UInt32 { UInt32(truncatingIfNeeded: number) }

  /// What to say when it ends and this time was not made for certain: this, unless it may have been made before.
  func errorIfNotMadeNow(_ error: ClientError) -> ClientError {
    isLost ? errorIfPerhapsMade(error) : error
  }

  /// What to say when it ends and may have been made: that, or this if it only looks.
  func errorIfPerhapsMade(_ error: ClientError) -> ClientError {
    guard let key = message.changeKey else { return error }
    return .unknownOutcome(UnsettledChange(operation: message.operation, key: key, refusal: lastRefusal))
  }
}

/// Somebody to be told how a call ended.
struct Ending<Completion> {
  let completion: Completion
  let result: Result<AnswerMessage, ClientError>
}

extension Ending {
  /// The ending of this call, if somebody waits for it.
  init?(_ call: Call<Completion>, _ result: Result<AnswerMessage, ClientError>) {
    guard let completion = call.completion else { return nil }
    self.init(completion: completion, result: result)
  }
}
