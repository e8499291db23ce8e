import CLinux
import Glibc
import NIOCore
import PinBytes
import PinStore
import Synchronization

/// One thread of the server: waits for its sockets with `epoll`, and runs what it is handed, in turns.
///
/// A turn is: what the sockets bring, tasks that others handed over, timers that are due, and then `endTurn`, which works on
/// all of that at once. No object is made for an event; a turn that finds work costs one system call for itself.
///
/// `@unchecked Sendable`: `handed` has a lock; everything else that changes is touched on the loop's own thread alone,
/// which each way in checks.
final class PollLoop: @unchecked Sendable {
  /// Work handed over from other threads.
  private struct Handed {
    var tasks: [@Sendable () -> Void] = []
    /// Whether the loop may be asleep, so that whoever hands something over must wake it.
    var isAsleep = false
    var isEnding = false
  }

  private let handed = Mutex(Handed())
  private let poll: CInt
  private let alarm: CInt
  private var thread: pthread_t?
  private var handlers: [(any PollHandler)?] = []
  private var again: [any PollHandler] = []
  private var goingOn: [any PollHandler] = []
  private var timers: [PollTimer] = []
  private var whenEnded: (() -> Void)?
  private var running: [@Sendable () -> Void] = []
  /// Called when everything else of a turn is done, until it says that it left nothing.
  var endTurn: () -> Bool = { false }
  /// What sockets are read into, lent to one after another, and empty when it comes back.
  var readBuffer = ByteQueue()

  private static let eventsPerTurn = 256
  /// The most that is read of a socket at once: a record of TLS, or what a client with a key may ask by a thousand pings.
  static let readByteCount = 16 << 10

  init() throws(SystemFault) {
    poll = epoll_create1(CInt(EPOLL_CLOEXEC))
    guard poll >= 0 else { throw SystemFault("epoll_create1") }
    alarm = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    guard alarm >= 0 else {
      defer { close(poll) }
      throw SystemFault("eventfd")
    }
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.fd = alarm
    epoll_ctl(poll, EPOLL_CTL_ADD, alarm, &event)
  }

  deinit {
    close(alarm)
    close(poll)
  }

  /// Whether the caller is on the loop's thread.
  var isCurrent: Bool { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }

  func preconditionIsCurrent() { precondition(isCurrent, "this belongs to the loop's own thread") }

  /// Begins to serve, on a thread of its own.
  func start() throws { _ = try SystemThread { self.run() } }

  private func run() {
    thread = pthread_self()
    var events = [epoll_event](repeating: epoll_event(), count: Self.eventsPerTurn)
    while true {
      let count = epoll_wait(poll, &events, CInt(events.count), prepareToSleep())
      let isEnding = takeHanded()
      swap(&again, &goingOn)
      for event in events.prefix(Int(max(count, 0))) { handle(event) }
      for handler in goingOn { handler.ready(0) }
      goingOn.removeAll(keepingCapacity: true)
      for task in running { task() }
      running.removeAll(keepingCapacity: true)
      runTimers()
      while endTurn() {}
      if isEnding {
        whenEnded?()
        return
      }
    }
  }

  /// Does what was handed over before, and ends the thread. Nothing may be handed over afterwards.
  func end() async {
    await withCheckedContinuation { continuation in
      execute { [self] in
        whenEnded = { continuation.resume() }
        handed.withLock { $0.isEnding = true }
      }
    }
  }

  // MARK: Work from other threads

  /// Runs a task on the loop's thread in its next turn.
  func execute(_ task: @escaping @Sendable () -> Void) {
    let mustWake = handed.withLock { handed in
      handed.tasks.append(task)
      defer { handed.isAsleep = false }
      return handed.isAsleep
    }
    if mustWake { wake() }
  }

  /// Runs something on the loop's thread and gives back what came of it.
  func perform<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in execute { continuation.resume(returning: work()) } }
  }

  private func wake() {
    var one: UInt64 = 1
    _ = write(alarm, &one, MemoryLayout<UInt64>.size)
  }

  /// How long to wait for events, in milliseconds; -1 for ever.
  private func prepareToSleep() -> CInt {
    let mayWait = handed.withLock { handed in
      handed.isAsleep = handed.tasks.isEmpty && !handed.isEnding
      return handed.isAsleep
    }
    guard mayWait, again.isEmpty else { return 0 }
    guard let next = timers.last else { return -1 }
    let wait = next.deadline - .now()
    // Rounded up: a timer that is nearly due must not make the loop spin.
    return CInt(clamping: max(0, (wait.nanoseconds + 999_999) / 1_000_000))
  }

  private func takeHanded() -> Bool {
    handed.withLock { handed in
      handed.isAsleep = false
      swap(&handed.tasks, &running)
      return handed.isEnding
    }
  }

  // MARK: Sockets

  /// Has a handler told of a descriptor's events, until `forget`.
  func watch(_ descriptor: CInt, for events: UInt32, _ handler: any PollHandler) throws(SystemFault) {
    try control(EPOLL_CTL_ADD, descriptor, events)
    while handlers.count <= Int(descriptor) { handlers.append(nil) }
    handlers[Int(descriptor)] = handler
  }

  func change(_ descriptor: CInt, to events: UInt32) throws(SystemFault) {
    try control(EPOLL_CTL_MOD, descriptor, events)
  }

  /// Tells nothing more of a descriptor, which the caller closes. An event of it that was fetched already may still reach a
  /// handler that gets the same number: handlers try, and find nothing.
  func forget(_ descriptor: CInt) {
    epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, nil)
    handlers[Int(descriptor)] = nil
  }

  /// Comes to a handler in the next turn, without an event.
  func comeAgain(to handler: any PollHandler) { again.append(handler) }

  private func control(_ operation: CInt, _ descriptor: CInt, _ events: UInt32) throws(SystemFault) {
    preconditionIsCurrent()
    var event = epoll_event()
    event.events = events
    event.data.fd = descriptor
    guard epoll_ctl(poll, operation, descriptor, &event) == 0 else { throw SystemFault("epoll_ctl") }
  }

  private func handle(_ event: epoll_event) {
    let descriptor = event.data.fd
    if descriptor == alarm {
      var count: UInt64 = 0
      _ = read(alarm, &count, MemoryLayout<UInt64>.size)
      return
    }
    handlers[Int(descriptor)]?.ready(event.events)
  }

  // MARK: Timers

  /// Runs a task on the loop's thread after a while, once.
  @discardableResult
  func schedule(in delay: TimeAmount, _ task: @escaping () -> Void) -> PollTimer {
    preconditionIsCurrent()
    let timer = PollTimer(deadline: .now() + delay, task)
    // The next to be due is the last; of those due at once, the first that was made.
    let index = timers.firstIndex { $0.deadline <= timer.deadline } ?? timers.count
    timers.insert(timer, at: index)
    return timer
  }

  /// Runs a task every so often until the timer is cancelled.
  @discardableResult
  func schedule(every period: TimeAmount, _ task: @escaping (PollTimer) -> Void) -> PollTimer {
    preconditionIsCurrent()
    let timer = PollTimer(deadline: .now() + period) {}
    timer.task = { [unowned self, unowned timer] in
      task(timer)
      guard !timer.isCancelled else { return }
      timer.deadline = .now() + period
      timers.insert(timer, at: timers.firstIndex { $0.deadline <= timer.deadline } ?? timers.count)
    }
    timers.insert(timer, at: timers.firstIndex { $0.deadline <= timer.deadline } ?? timers.count)
    return timer
  }

  private func runTimers() {
    guard !timers.isEmpty else { return }
    let now = NIODeadline.now()
    while let timer = timers.last, timer.deadline <= now {
      timers.removeLast()
      if !timer.isCancelled { timer.task() }
    }
  }
}

/// What is told of a descriptor's events, on the loop's thread.
protocol PollHandler: AnyObject {
  /// `events` are those of `epoll`; none when it was the handler that asked to be come to.
  func ready(_ events: UInt32)
}

/// Something that is to happen later, unless it is cancelled; of the loop's own thread.
final class PollTimer {
  fileprivate(set) var deadline: NIODeadline
  fileprivate var task: () -> Void
  private(set) var isCancelled = false

  fileprivate init(deadline: NIODeadline, _ task: @escaping () -> Void) {
    self.deadline = deadline
    self.task = task
  }

  func cancel() {
    isCancelled = true
    task = {}
  }
}

/// A system call that failed.
struct SystemFault: Error, CustomStringConvertible {
  let operation: String
  let code: CInt

  init(_ operation: String, code: CInt = errno) {
    self.operation = operation
    self.code = code
  }

  var description: String { "\(operation): \(String(cString: strerror(code)))" }
}
