import PinWords
import Synchronization

/// Proofs that failed, over all connections of a port: how long the answer to the next is held back, and when the journal tells of them.
///
/// Only failures wait: a right proof is never held back, whatever others did under its name or from its address, so nobody
/// can shut an honest till out. A key has 256 bits and is not guessed; what the wait bounds is the noise. It grows with the
/// failures of the last minutes, under one name or from one address, whichever are more, and for names that nobody has as
/// for others, so that it tells nobody which names there are.
///
/// Lives in memory: a server that starts anew has forgotten them.
package final class FailedProofs: Sendable {
  /// How long after its last failure a name or an address is forgotten.
  static let rememberedMilliseconds: UInt64 = 600_000
  /// So many failures wait no longer than the first.
  static let forgivenCount = 3
  /// No answer waits longer: clients give up after 5 s, and are better told that their key is wrong.
  static let longestMilliseconds: Int64 = 3000
  /// The longest name that an actor can have, in bytes.
  static let longestName = 32
  /// Names, and addresses, that are remembered.
  static let mostRemembered = 4096
  /// Failures under an actor's name, within ten minutes, that become an event.
  static let eventCount: UInt32 = 20
  static let eventWindowMilliseconds: UInt64 = 600_000
  /// An actor's next event comes no sooner, and tells all failures since the last.
  static let eventPauseMilliseconds: UInt64 = 3_600_000

  private struct State {
    var names = Recent()
    var addresses = Recent()
    var actors: [ActorID: Claims] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// Notes a failure. `actor` is whose name was claimed, if it is an actor's; the times are of the store's clock.
  ///
  /// Gives how long the answer is to be held back where the first failure's is `firstMilliseconds`, and what the journal is
  /// to tell now, if anything.
  package func note(
    name: String, address: String, actor: ActorID?, firstMilliseconds: Int64, at now: UInt64
  ) -> (delayMilliseconds: Int64, event: JournalFacts.FailedProofs?) {
    state.withLock { state in
      // A name that is too long for any actor is remembered as one with all such names.
      let name = name.utf8.count <= Self.longestName ? name : ""
      let count = max(state.names.note(name, at: now), state.addresses.note(address, at: now))
      let doublings = min(max(0, count - Self.forgivenCount), 16)
      let delay = max(firstMilliseconds, min(firstMilliseconds << doublings, Self.longestMilliseconds))
      let told = actor.flatMap { actor in
        state.actors[actor, default: Claims(sinceMilliseconds: now)].note(at: now)
      }
      return (
        delay,
        told.flatMap { told in
          actor.map {
            JournalFacts.FailedProofs(actor: $0, count: told.count, sinceMilliseconds: told.sinceMilliseconds)
          }
        }
      )
    }
  }
}

/// Failures of the last minutes by name or address. While it is full, whoever is not in it counts as the worst.
private struct Recent {
  private struct Entry {
    var count: Int
    var lastMilliseconds: UInt64
  }
  private var entries: [String: Entry] = [:]
  /// When the oldest entry can be over: before that, a search for room finds none.
  private var nothingOverBeforeMilliseconds: UInt64 = 0

  /// Counts one more, and says how many there were.
  mutating func note(_ key: String, at now: UInt64) -> Int {
    if let entry = entries[key], now < entry.lastMilliseconds + FailedProofs.rememberedMilliseconds {
      entries[key] = Entry(count: entry.count + 1, lastMilliseconds: now)
      return entry.count + 1
    }
    if entries.count >= FailedProofs.mostRemembered, entries[key] == nil {
      guard now >= nothingOverBeforeMilliseconds else { return .max }
      entries = entries.filter { now < $0.value.lastMilliseconds + FailedProofs.rememberedMilliseconds }
      let oldest = entries.values.map(\.lastMilliseconds).min() ?? now
      nothingOverBeforeMilliseconds = oldest + FailedProofs.rememberedMilliseconds
      guard entries.count < FailedProofs.mostRemembered else { return .max }
    }
    entries[key] = Entry(count: 1, lastMilliseconds: now)
    return 1
  }
}

/// Failures under one actor's name since the first of them, or since the journal last told of them.
private struct Claims {
  var sinceMilliseconds: UInt64
  private var count: UInt32 = 0
  private var toldAtMilliseconds: UInt64?

  init(sinceMilliseconds: UInt64) { self.sinceMilliseconds = sinceMilliseconds }

  /// Counts one more; gives what is to be told now, if anything.
  mutating func note(at now: UInt64) -> (count: UInt32, sinceMilliseconds: UInt64)? {
    let window =
      toldAtMilliseconds == nil ? FailedProofs.eventWindowMilliseconds : FailedProofs.eventPauseMilliseconds
    // Few in a whole window are mistakes, and are forgotten.
    if now >= sinceMilliseconds + window, count < FailedProofs.eventCount {
      self = Claims(sinceMilliseconds: now)
    }
    if count == 0 { sinceMilliseconds = now }
    count = count == .max ? .max : count + 1
    guard count >= FailedProofs.eventCount else { return nil }
    if let told = toldAtMilliseconds, now < told + FailedProofs.eventPauseMilliseconds { return nil }
    defer {
      count = 0
      toldAtMilliseconds = now
    }
    return (count, sinceMilliseconds)
  }
}
