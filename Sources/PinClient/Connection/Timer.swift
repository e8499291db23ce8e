import NIOCore

/// One appointment on an event loop, for its thread alone.
struct Timer {
  private var scheduled: Scheduled<Void>?
  private var moment: UInt64 = .max

  /// Runs `action` at this moment, unless one is set for an earlier one that is still to come.
  mutating func set(noLaterThan nanoseconds: UInt64, on loop: any EventLoop, _ action: @escaping () -> Void) {
    if scheduled != nil, moment <= nanoseconds, moment > NIODeadline.now().uptimeNanoseconds { return }
    scheduled?.cancel()
    moment = nanoseconds
    let deadline = NIODeadline.uptimeNanoseconds(min(nanoseconds, UInt64(Int64.max)))
    scheduled = loop.assumeIsolated().scheduleTask(deadline: deadline, action)
  }

  mutating func cancel() {
    scheduled?.cancel()
    scheduled = nil
    moment = .max
  }
}
