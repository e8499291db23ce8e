import PinProtocol
import PinWords

// Calls that end without an answer.

extension CallTable {
  /// Ends all calls whose time limit passed; `disconnection` is why there is no connection, or nil if there is one.
  mutating func expire(atNanoseconds now: UInt64, disconnection: Disconnection?) -> [Ending<Completion>] {
    var endings = endWaiting { call in
      guard call.sendDeadlineNanoseconds <= now else { return nil }
      return call.errorIfNotMadeNow(call.timeLimitError(disconnection))
    }
    endings += endInFlight { call in
      guard call.deadlineNanoseconds <= now else { return nil }
      return call.errorIfPerhapsMade(.timeLimit(call.message.operation))
    }
    return endings
  }

  /// Ends one call, if it did not end yet, since nobody wants to know any more.
  mutating func cancel(number: UInt64) -> [Ending<Completion>] {
    let waiting = endWaiting { call in
      call.number == number ? call.errorIfNotMadeNow(.cancelled(call.message.operation)) : nil
    }
    guard waiting.isEmpty else { return waiting }
    return endInFlight { call in
      call.number == number ? call.errorIfPerhapsMade(.cancelled(call.message.operation)) : nil
    }
  }

  /// Ends all calls that wait: there will be no connection for them.
  mutating func failWaiting(_ error: ClientError) -> [Ending<Completion>] {
    endWaiting { $0.errorIfNotMadeNow(error) }
  }

  /// Ends all calls.
  mutating func failAll(_ error: ClientError) -> [Ending<Completion>] {
    let sent = endInFlight { $0.errorIfPerhapsMade(error) }
    return sent + failWaiting(error)
  }

  /// When the next call's time limit passes; nil if nobody waits.
  var earliestDeadlineNanoseconds: UInt64? {
    var earliest: UInt64?
    waiting.visitAll { earliest = min(earliest ?? .max, $0.sendDeadlineNanoseconds) }
    inFlight.visitAll { if $0.completion != nil { earliest = min(earliest ?? .max, $0.deadlineNanoseconds) } }
    return earliest
  }

  /// When the connection counts as dead if nothing is heard until then; nil if the server owes no answer.
  ///
  /// A request may take so much longer than it does by its nature; then the calls go on over another connection.
  func silenceDeadlineNanoseconds(limitNanoseconds: UInt64) -> UInt64? {
    guard let first = inFlight.first else { return nil }
    switch first.message {
    case .verify, .backup:
      return nil
    case .events(let query):
      return heardAtNanoseconds.saturatingAdd(UInt64(query.waitMilliseconds) * 1_000_000)
        .saturatingAdd(limitNanoseconds)
    default:
      return heardAtNanoseconds.saturatingAdd(limitNanoseconds)
    }
  }

  private mutating func endInFlight(_ error: (Call<Completion>) -> ClientError?) -> [Ending<Completion>] {
    var endings: [Ending<Completion>] = []
    inFlight.update { call in
      guard let completion = call.completion, let error = error(call) else { return }
      call.completion = nil
      endings.append(Ending(completion: completion, result: .failure(error)))
    }
    return endings
  }
}

extension Call {
  fileprivate func timeLimitError(_ disconnection: Disconnection?) -> ClientError {
    if let disconnection { return .notConnected(disconnection) }
    if let lastRefusal { return .refused(lastRefusal) }
    return .timeLimit(message.operation)
  }
}

extension UInt64 {
  func saturatingAdd(_ other: UInt64) -> UInt64 {
    let (sum, overflowed) = addingReportingOverflow(other)
    return overflowed ? .max : sum
  }
}
