/// When to connect, and when to connect again: one connection at a time, with a back-off that grows while it fails.
///
///     idle ── wanted ──▶ connecting ── opened ──▶ open
///      ▲                    │  ▲                    │
///      │               lost ▼  │ waited             │ lost
///      └─ nobody waits ── backingOff ◀─ calls wait ─┘            any ── close ──▶ closed
///
/// It does no I/O: each move gives back what its owner is to do. The failures are those in a row.
enum Reconnection: ~Copyable {
  case idle(failures: Int)
  case connecting(failures: Int)
  case open(failures: Int)
  case backingOff(failures: Int)
  case closed

  enum Action: Equatable {
    case connect
    /// Call `waited` after so long.
    case wait(nanoseconds: UInt64)
    case nothing
  }

  /// How long to wait after so many failures: it doubles with each, and chance takes off up to half.
  struct BackOff {
    var firstNanoseconds: UInt64
    var longestNanoseconds: UInt64

    /// `jitter` is anything from 0 up to, not including, 1.
    func nanoseconds(failures: Int, jitter: Double) -> UInt64 {
      let doublings = min(max(failures - 1, 0), 62)
      let (doubled, overflowed) = firstNanoseconds.multipliedReportingOverflow(by: 1 << doublings)
      let whole = overflowed ? longestNanoseconds : min(longestNanoseconds, doubled)
      // Half of it for certain, so that nobody comes back at once; the rest by chance, so that not all come together.
      return whole / 2 + UInt64(Double(whole / 2) * jitter)
    }
  }

  init() { self = .idle(failures: 0) }

  var isOpen: Bool {
    switch self {
    case .open: true
    default: false
    }
  }

  var isClosed: Bool {
    switch self {
    case .closed: true
    default: false
    }
  }

  /// Somebody waits for a connection.
  mutating func wanted() -> Action {
    switch consume self {
    case .idle(let failures):
      self = .connecting(failures: failures)
      return .connect
    case let other:
      self = other
      return .nothing
    }
  }

  /// Somebody wants to know now whether there can be a connection: does not wait out the back-off.
  mutating func demanded() -> Action {
    switch consume self {
    case .idle(let failures):
      self = .connecting(failures: failures)
      return .connect
    case .backingOff(let failures):
      self = .connecting(failures: failures)
      return .connect
    case let other:
      self = other
      return .nothing
    }
  }

  /// The session is open on both sides.
  mutating func opened() {
    switch consume self {
    case .connecting(let failures): self = .open(failures: failures)
    case let other: self = other
    }
  }

  /// The server answered a request: the connection is of use, and the next failure is a first one again.
  mutating func answered() {
    switch consume self {
    case .open: self = .open(failures: 0)
    case let other: self = other
    }
  }

  /// The connection, or the attempt to make one, is gone.
  mutating func lost(isWanted: Bool, backOff: BackOff, jitter: Double) -> Action {
    let failures: Int
    switch consume self {
    case .connecting(let before): failures = before + 1
    case .open(let before): failures = before + 1
    case let other:
      self = other
      return .nothing
    }
    guard isWanted else {
      self = .idle(failures: failures)
      return .nothing
    }
    self = .backingOff(failures: failures)
    return .wait(nanoseconds: backOff.nanoseconds(failures: failures, jitter: jitter))
  }

  /// The back-off is over.
  mutating func waited() -> Action {
    switch consume self {
    case .backingOff(let failures):
      self = .connecting(failures: failures)
      return .connect
    case let other:
      self = other
      return .nothing
    }
  }

  mutating func close() { self = .closed }
}
