import Synchronization

/// The right to do what only one may do at a time; who comes second is told so at once.
final class Turn: Sendable {
  private let isTaken = Atomic(false)

  /// False when another has it.
  func take() -> Bool { !isTaken.exchange(true, ordering: .acquiring) }

  func give() { isTaken.store(false, ordering: .releasing) }
}
