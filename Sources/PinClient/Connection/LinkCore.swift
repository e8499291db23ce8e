import NIOCore
import PinBytes
import PinProtocol
import PinWords

/// One connection's owner on its event loop: does what the state machines say, and is touched by no other thread.
///
/// Every method that ends calls first brings its own state in order and then tells, last.
final class LinkCore {
  typealias Completion = Link.Completion

  /// A write is not made longer than this by putting one more request into it.
  private static let batchByteCount = 256 * 1024

  let configuration: PinClient.Configuration
  let loop: any EventLoop
  private var calls = CallTable<Completion>()
  private var reconnection = Reconnection()
  private let backOff: Reconnection.BackOff
  private var connector: Connector
  private var session: SessionHandler?
  private var server: ServerDescription?
  /// The store that the first session was with; nil before it.
  private var storeID: RequestID?
  /// Why there is no connection, while there is none.
  private var disconnection: Disconnection?
  private var connectWaiters: [@Sendable (Result<ServerDescription, ClientError>) -> Void] = []
  private var isClosing = false
  private var closeWaiters: [@Sendable () -> Void] = []
  private var writer = ByteWriter(capacity: 4096)
  private var wakeTimer = Timer()
  private var pauseTimer = Timer()
  private var backOffTimer = Timer()
  private var graceTimer = Timer()

  init(_ configuration: PinClient.Configuration, loop: any EventLoop) {
    self.configuration = configuration
    self.loop = loop
    connector = Connector(configuration)
    backOff = Reconnection.BackOff(
      firstNanoseconds: configuration.backOff.first.nanoseconds,
      longestNanoseconds: configuration.backOff.longest.nanoseconds)
  }

  private var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

  // MARK: Calls

  func submit(_ newCalls: [Call<Completion>]) {
    guard !isClosing else {
      for call in newCalls { call.completion?(.failure(.notConnected(.closed))) }
      return
    }
    for call in newCalls {
      calls.add(call)
      wakeTimer.set(noLaterThan: call.sendDeadlineNanoseconds, on: loop) { self.wakeUp() }
    }
    pump()
  }

  func cancel(number: UInt64) {
    let endings = calls.cancel(number: number)
    setWakeTimer()
    tell(endings)
  }

  /// Sends as much as may be sent, or sees to it that there will be a connection to send it on.
  func pump() {
    guard reconnection.isOpen, let session, let server else {
      if calls.isWanted { act(reconnection.wanted()) }
      return
    }
    var endings: [Ending<Completion>] = []
    // Writing may find out that the connection is lost, or make room for more, and both lead back here.
    while session === self.session, session.isWritable {
      let isAllWritten = writeBatch(limits: server.limits, endings: &endings)
      guard writer.count > 0 else { break }
      let frames = ByteBuffer(copying: writer.bytes)
      writer.removeAll()
      session.send(frames)
      if isAllWritten { break }
    }
    setWakeTimerForSilence()
    tell(endings)
  }

  /// Encodes requests into the writer until it is full; gives back whether nothing more may be sent now.
  private func writeBatch(limits: Limits, endings: inout [Ending<Completion>]) -> Bool {
    let now = now
    while writer.count < Self.batchByteCount {
      switch calls.next(atNanoseconds: now) {
      case .send(let message, let requestNumber):
        do throws(ProtocolFault) {
          try message.encode(requestNumber: requestNumber, into: &writer, limits: limits)
          calls.sent(atNanoseconds: now)
        } catch {
          if let ending = calls.unsendable(error) { endings.append(ending) }
        }
      case .pause(let untilNanoseconds):
        pauseTimer.set(noLaterThan: untilNanoseconds, on: loop) { self.pump() }
        return true
      case .nothing:
        return true
      }
    }
    return false
  }

  private func wakeUp() {
    let now = now
    let endings = calls.expire(atNanoseconds: now, disconnection: disconnection)
    let silenceLimit = configuration.silenceLimit.nanoseconds
    let isSilent = calls.silenceDeadlineNanoseconds(limitNanoseconds: silenceLimit).map { $0 <= now } ?? false
    setWakeTimer()
    tell(endings)
    if isSilent { session?.end(.silent) }
  }

  private func setWakeTimer() {
    if let deadline = calls.earliestDeadlineNanoseconds {
      wakeTimer.set(noLaterThan: deadline, on: loop) { self.wakeUp() }
    }
    setWakeTimerForSilence()
  }

  private func setWakeTimerForSilence() {
    let limit = configuration.silenceLimit.nanoseconds
    guard let deadline = calls.silenceDeadlineNanoseconds(limitNanoseconds: limit) else { return }
    wakeTimer.set(noLaterThan: deadline, on: loop) { self.wakeUp() }
  }

  private func tell(_ endings: [Ending<Completion>]) {
    for ending in endings { ending.completion(ending.result) }
    finishClosingIfDone()
  }

  // MARK: What the session tells

  /// Both sides have proved themselves; a session with another store than the first is not gone on with.
  func opened(_ session: SessionHandler, _ server: ServerDescription) {
    guard storeID == nil || storeID == server.storeID else {
      // Ids, events and stock of the store that the calls are meant for say nothing there.
      let reason = Disconnection.otherStore(server.storeID)
      return session.end(reason, fatal: .notConnected(reason))
    }
    storeID = server.storeID
    reconnection.opened()
    self.server = server
    disconnection = nil
    calls.opened(window: min(Int(server.limits.requestsInFlight), configuration.maximumInFlight))
    let waiters = connectWaiters
    connectWaiters = []
    for waiter in waiters { waiter(.success(server)) }
    pump()
  }

  /// An answer came; gives back the fault if the connection is of no use any more.
  func answered(_ header: FrameHeader, _ answer: Result<AnswerMessage, ProtocolFault>) -> ProtocolFault? {
    let action = calls.answered(
      requestNumber: header.requestNumber, operationNumber: header.operationNumber, answer, atNanoseconds: now)
    switch action {
    case .tell(let ending): if let ending { ending.completion(ending.result) }
    case .retry: break
    case .lose(let fault): return fault
    }
    return nil
  }

  /// All answers that came together were told.
  func answersEnded() {
    reconnection.answered()
    finishClosingIfDone()
    pump()
  }

  /// The connection, or the attempt to make it, is gone; `fatal` is what calls end with if trying again is of no use.
  func lost(_ reason: Disconnection, fatal: ClientError? = nil) {
    session = nil
    server = nil
    disconnection = reason
    var endings = calls.lost()
    if let fatal { endings += calls.failWaiting(fatal) }
    let waiters = connectWaiters
    connectWaiters = []
    act(reconnection.lost(isWanted: calls.isWanted, backOff: backOff, jitter: Double.random(in: 0..<1)))
    for waiter in waiters { waiter(.failure(fatal ?? .notConnected(reason))) }
    tell(endings)
  }

  // MARK: Connecting

  func connect(_ waiter: @escaping @Sendable (Result<ServerDescription, ClientError>) -> Void) {
    if let server { return waiter(.success(server)) }
    guard !isClosing else { return waiter(.failure(.notConnected(.closed))) }
    connectWaiters.append(waiter)
    act(reconnection.demanded())
  }

  private func act(_ action: Reconnection.Action) {
    switch action {
    case .connect:
      backOffTimer.cancel()
      makeConnection()
    case .wait(let nanoseconds):
      backOffTimer.set(noLaterThan: now.saturatingAdd(nanoseconds), on: loop) { self.act(self.reconnection.waited()) }
    case .nothing:
      break
    }
  }

  private func makeConnection() {
    do throws(Connector.Failure) {
      try connector.connect(on: loop) { result in
        switch result {
        case .success(let session): self.connected(session)
        case .failure(let reason): self.lost(reason)
        }
      }
    } catch {
      // Not from within the call that asked: its waiters are not all there yet.
      loop.assumeIsolated().execute { self.lost(error.reason, fatal: error.error) }
    }
  }

  private func connected(_ session: SessionHandler) {
    guard !reconnection.isClosed else { return session.end(.closed) }
    self.session = session
    session.start(for: self)
  }

  // MARK: Closing

  func close(error: ClientError) {
    isClosing = true
    finishClosing(error)
  }

  func close(grace: Duration, _ waiter: @escaping @Sendable () -> Void) {
    isClosing = true
    guard !reconnection.isClosed else { return closeSession(then: waiter) }
    closeWaiters.append(waiter)
    graceTimer.set(noLaterThan: now.saturatingAdd(grace.nanoseconds), on: loop) {
      self.finishClosing(.notConnected(.closed))
    }
    if grace == .zero { finishClosing(.notConnected(.closed)) } else { finishClosingIfDone() }
  }

  private func finishClosingIfDone() {
    if isClosing, !reconnection.isClosed, calls.isEmpty { finishClosing(.notConnected(.closed)) }
  }

  private func finishClosing(_ error: ClientError) {
    reconnection.close()
    wakeTimer.cancel()
    pauseTimer.cancel()
    backOffTimer.cancel()
    graceTimer.cancel()
    writer.wipe()
    let endings = calls.failAll(error)
    let connecting = connectWaiters
    let waiters = closeWaiters
    connectWaiters = []
    closeWaiters = []
    for ending in endings { ending.completion(ending.result) }
    for waiter in connecting { waiter(.failure(error)) }
    closeSession { for waiter in waiters { waiter() } }
  }

  private func closeSession(then done: @escaping @Sendable () -> Void) {
    guard let session else { return done() }
    session.whenClosed(done)
    session.end(.closed)
  }
}
