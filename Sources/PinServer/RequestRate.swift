import PinWords
import Synchronization

/// How often one actor may still ask, over all its connections on all event loops.
///
/// A token bucket that holds what a second allows (as the generic cell rate algorithm, which needs no timer): `perSecond`
/// requests may come at once, and then one every `1 / perSecond` of a second. It lives in memory: a server that starts anew
/// starts with full buckets.
final class RequestRate: Sendable {
  private struct State {
    var perSecond: UInt32
    /// When the bucket would be full again, on the monotonic clock.
    var fullAtNanoseconds: UInt64 = 0
  }
  private let state: Mutex<State>

  init(perSecond: UInt32) { state = Mutex(State(perSecond: perSecond)) }

  /// Takes one request, or says after how many milliseconds there is room for the next.
  func take(atNanoseconds now: UInt64) -> UInt32? {
    state.withLock { state in
      let interval = 1_000_000_000 / UInt64(max(1, state.perSecond))
      let owed = max(state.fullAtNanoseconds, now) - now
      let excess = owed + interval
      guard excess > 1_000_000_000 else {
        state.fullAtNanoseconds = now + excess
        return nil
      }
      return UInt32(clamping: (excess - 1_000_000_000 + 999_999) / 1_000_000)
    }
  }

  fileprivate func change(perSecond: UInt32) { state.withLock { $0.perSecond = perSecond } }
}

/// The rates of the actors that have one: each the same object on every event loop.
final class RequestRates: Sendable {
  private let rates = Mutex<[ActorID: RequestRate]>([:])

  /// The rate of an actor as it is described now; nil if it may ask as often as it likes.
  func rate(of actor: ActorDescription) -> RequestRate? {
    let perSecond = actor.limits.requestsPerSecond
    return rates.withLock { rates in
      // One that is not limited any more keeps its bucket: two loops must not come to hold two of one actor.
      guard perSecond > 0 else { return nil }
      if let known = rates[actor.id] {
        known.change(perSecond: perSecond)
        return known
      }
      let rate = RequestRate(perSecond: perSecond)
      rates[actor.id] = rate
      return rate
    }
  }
}
