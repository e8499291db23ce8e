import Glibc

/// State shared by threads that wait for one another: a lock with a condition variable.
///
/// `@unchecked Sendable`: `state` is `Sendable` itself and is touched only while `mutex` is held; the two pointers never
/// change.
final class Monitor<State: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A wall clock that is set must not lengthen a wait.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` alone with the state; it must not block.
  func withLock<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Lets every waiting thread look at the state again.
  func wake() { pthread_cond_broadcast(condition) }

  /// Runs `body` with the state now and after every wake-up, until it returns something or the time is up.
  ///
  /// - Parameter nanoseconds: how long to wait at most; for ever when nil.
  func wait<Result>(atMost nanoseconds: UInt64? = nil, for body: (inout State) -> Result?) -> Result? {
    let (deadline, isNever) =
      nanoseconds.map { MonotonicTime.nowNanoseconds().addingReportingOverflow($0) } ?? (0, true)
    return wait(until: { _ in isNever ? .max : deadline }, for: body)
  }

  /// The same until a moment that the state tells, asked each time before it sleeps; `.max` for ever.
  func wait<Result>(
    until deadlineNanoseconds: (State) -> UInt64, for body: (inout State) -> Result?
  ) -> Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      let deadline = deadlineNanoseconds(state)
      guard deadline < .max else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      let billion: UInt64 = 1_000_000_000
      var until = timespec(tv_sec: Int(deadline / billion), tv_nsec: Int(deadline % billion))
      if pthread_cond_timedwait(condition, mutex, &until) == ETIMEDOUT { return body(&state) }
    }
  }
}

/// The time since some fixed moment, never set back.
enum MonotonicTime {
  static func nowNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

  static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
