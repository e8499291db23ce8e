import Dispatch
import PinSealing
import Synchronization

/// Makes and checks hashes of passwords, one at a time, on a thread of its own: each takes much memory and time, and whoever
/// guesses passwords takes no more of either than this.
package final class PasswordChecks: Sendable {
  /// More that wait are turned away.
  static let mostWaiting = 16

  private let queue = DispatchQueue(label: "pinvault.passwords")
  private let waiting = Mutex(0)
  private let cost: PasswordHash.Cost
  /// What the passwords of those who have none are checked against, so that time does not tell them from others.
  private let nobody: PasswordHash

  package init(cost: PasswordHash.Cost = .present) {
    self.cost = cost
    nobody = PasswordHash(cost: cost, salt: randomBytes(count: 16), bytes: randomBytes(count: 32))
  }

  func hash(_ password: Password) async -> PasswordHash? {
    await run { [cost] in PasswordHash(of: password.bytes, cost: cost) }
  }

  /// Whether a password is the one of a hash; nil when too many wait.
  func check(_ password: Password, _ hash: PasswordHash?) async -> Bool? {
    await run { [nobody] in (hash ?? nobody).matches(password.bytes) && hash != nil }
  }

  private func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
    let isTaken = waiting.withLock { waiting in
      if waiting >= Self.mostWaiting { return false }
      waiting += 1
      return true
    }
    guard isTaken else { return nil }
    return await withCheckedContinuation { continuation in
      queue.async { [self] in
        let value = body()
        waiting.withLock { $0 -= 1 }
        continuation.resume(returning: value)
      }
    }
  }
}
