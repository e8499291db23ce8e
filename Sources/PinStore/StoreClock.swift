import Glibc

/// Where the store's time comes from; a test moves one of its own.
package protocol StoreClock: Sendable {
  /// Milliseconds since 1970, UTC.
  func nowMilliseconds() -> UInt64
}

/// The wall clock at start, carried on by the monotonic clock: setting the wall clock while running changes nothing.
package struct SystemClock: StoreClock {
  private let wallAtStartNanoseconds: UInt64
  private let bootAtStartNanoseconds: UInt64

  package init() {
    wallAtStartNanoseconds = MonotonicTime.read(CLOCK_REALTIME)
    // CLOCK_BOOTTIME and not CLOCK_MONOTONIC: it goes on while the machine is suspended.
    bootAtStartNanoseconds = MonotonicTime.read(CLOCK_BOOTTIME)
  }

  package func nowMilliseconds() -> UInt64 {
    (wallAtStartNanoseconds + MonotonicTime.read(CLOCK_BOOTTIME) - bootAtStartNanoseconds) / 1_000_000
  }
}
