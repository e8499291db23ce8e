import NIOCore
import PinProtocol
import PinWords
import Synchronization

/// One connection's owner as seen from any thread: calls go into an inbox, from which the event loop takes all at once.
final class Link: Sendable {
  typealias Completion = @Sendable (Result<AnswerMessage, ClientError>) -> Void

  private struct Inbox {
    var calls: [Call<Completion>] = []
    var lastNumber: UInt64 = 0
  }

  private let inbox = Mutex(Inbox())
  private let loop: any EventLoop
  private let core: NIOLoopBoundBox<LinkCore>

  init(_ configuration: PinClient.Configuration) {
    let loop = configuration.eventLoopGroup.next()
    self.loop = loop
    core = .makeBoxSendingValue(LinkCore(configuration, loop: loop), as: LinkCore.self, eventLoop: loop)
  }

  deinit { close(error: .notConnected(.closed)) }

  /// Sends a request after those submitted before; `completion` runs on the event loop, once.
  ///
  /// `sendLimit` is how long it waits to be sent with no word from the server, if that is less than its time limit. Gives
  /// back the call's number, to cancel it by.
  func submit(
    _ message: RequestMessage, timeLimit: Duration, sendLimit: Duration? = nil, completion: @escaping Completion
  ) -> UInt64 {
    let now = NIODeadline.now().uptimeNanoseconds
    let (number, wasEmpty) = inbox.withLock { inbox in
      inbox.lastNumber += 1
      var call = Call(
        number: inbox.lastNumber, message: message, deadlineNanoseconds: now.saturatingAdd(timeLimit.nanoseconds),
        sendLimitNanoseconds: (sendLimit ?? timeLimit).nanoseconds, completion: completion)
      call.waits(fromNanoseconds: now)
      inbox.calls.append(call)
      return (inbox.lastNumber, inbox.calls.count == 1)
    }
    // Whoever fills an empty inbox calls the loop; those that come before it takes them need not.
    if wasEmpty { loop.execute { self.core.value.submit(self.takeCalls()) } }
    return number
  }

  private func takeCalls() -> [Call<Completion>] {
    inbox.withLock { inbox in
      var calls: [Call<Completion>] = []
      swap(&calls, &inbox.calls)
      return calls
    }
  }

  /// Sends a request and waits for its answer.
  func call(
    _ message: RequestMessage, timeLimit: Duration, sendLimit: Duration? = nil
  ) async throws(ClientError) -> AnswerMessage {
    let number = Mutex<UInt64?>(nil)
    let result: Result<AnswerMessage, ClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let made = submit(message, timeLimit: timeLimit, sendLimit: sendLimit) {
          continuation.resume(returning: $0)
        }
        number.withLock { $0 = made }
        // The handler may have run before there was a number to cancel.
        if Task.isCancelled { cancel(made) }
      }
    } onCancel: {
      if let made = number.withLock({ $0 }) { cancel(made) }
    }
    return try result.get()
  }

  private func cancel(_ number: UInt64) {
    loop.execute {
      // The call may still lie in the inbox, waiting for the turn of whoever filled it.
      self.core.value.submit(self.takeCalls())
      self.core.value.cancel(number: number)
    }
  }

  /// Connects, if there is no connection, in one attempt.
  func connect() async throws(ClientError) -> ServerDescription {
    let result: Result<ServerDescription, ClientError> = await withCheckedContinuation { continuation in
      loop.execute { self.core.value.connect { continuation.resume(returning: $0) } }
    }
    return try result.get()
  }

  /// Ends all calls and closes the connection, some time soon.
  func close(error: ClientError) {
    let core = core
    loop.execute { core.value.close(error: error) }
  }

  /// Takes no more calls, gives those under way so long, ends the others, and returns when the connection is closed.
  func close(grace: Duration) async {
    await withCheckedContinuation { continuation in
      loop.execute { self.core.value.close(grace: grace) { continuation.resume() } }
    }
  }
}

extension Duration {
  /// Whole nanoseconds, 0 for what is negative, the most there can be for what is longer.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflowed) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflowed ? .max : whole.saturatingAdd(UInt64(attoseconds / 1_000_000_000))
  }

  /// The same for timers, which end with the year 2262.
  var timeAmount: TimeAmount { .nanoseconds(Int64(clamping: nanoseconds)) }
}
