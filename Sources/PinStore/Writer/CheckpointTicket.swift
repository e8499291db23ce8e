import LMDB

/// The state as of one checkpoint, to be read by whoever asked for it.
///
/// It pins the state's old pages while it lives: keep it short.
package struct StateSnapshot: ~Copyable {
  /// The last event that the state reflects.
  package let head: JournalHead
  package var transaction: ReadTransaction
  /// In the order of the machine's `tables`.
  package let tables: [Table]
}

/// A request for a checkpoint, and the way its snapshot comes back.
///
/// `@unchecked Sendable`: `snapshot` is set by the writer before `outcome`, and taken by the one thread that asked after
/// it has seen `outcome` under its lock; never by both at once.
final class CheckpointTicket: @unchecked Sendable {
  private var snapshot: StateSnapshot?
  private let outcome = Monitor<Result<Void, StoreError>?>(nil)

  func fulfil(_ snapshot: consuming StateSnapshot) {
    self.snapshot = consume snapshot
    settle(.success(()))
  }

  func settle(_ result: Result<Void, StoreError>) {
    outcome.withLock { $0 = result }
    outcome.wake()
  }

  /// Waits for the writer to have taken the checkpoint; to be called once.
  func wait() throws(StoreError) -> StateSnapshot {
    let result = outcome.wait { $0 } ?? .failure(.stopped)
    try result.get()
    guard let snapshot = snapshot.take() else { throw .stopped }
    return snapshot
  }
}
