import PinEngine
import PinOrders
import PinWords
import Synchronization

/// What guessing costs: answers to wrong proofs are held back, longer the more there were under a name or from an address, as
/// on the terminals' port; and an address has one password in hand at a time, until its answer is given.
///
/// A right proof is held back by nobody else's wrong ones, but those from its own address.
final class Guesses: Sendable {
  static let firstMilliseconds: Int64 = 200

  private let engine: Engine
  private let failed = FailedProofs()
  private let inHand = Mutex<Set<String>>([])

  init(engine: Engine) { self.engine = engine }

  /// Looks at a password; refuses if the address has another in hand.
  func oneAtATime<Value: Sendable>(
    from address: String, _ look: @Sendable () async throws -> Value
  ) async throws -> Value {
    guard inHand.withLock({ $0.insert(address).inserted }) else {
      throw Problem(
        "too-many-attempts", .tooManyRequests, "Another password from this address is being looked at.",
        retryAfterSeconds: 1)
    }
    defer { inHand.withLock { _ = $0.remove(address) } }
    return try await look()
  }

  /// Notes a proof that failed, waits, and gives what is to be answered.
  func turnAway(name: String, from address: String, at now: UInt64) async -> Problem {
    let actor = engine.catalogue.actor(named: name)?.description.id
    let (delay, event) = failed.note(
      name: name, address: address, actor: actor, firstMilliseconds: Self.firstMilliseconds, at: now)
    if let event { await engine.noteFailedProofs(event) }
    try? await Task.sleep(for: .milliseconds(delay))
    return .unauthenticated
  }
}
