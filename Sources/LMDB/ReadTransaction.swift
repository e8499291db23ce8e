import CLMDB
import Glibc

/// A read of one commit's tables, whatever is committed meanwhile.
///
/// It may be sent to another thread, and is used by one at a time (keep it in one thread's hands, or in a `Mutex`):
/// sharing it would have two threads move the same cursors, so it is not `Sendable`. `MDB_NOTLS` ties its reader slot to
/// it and not to a thread, which is what makes sending sound. Dropping it ends the read.
package struct ReadTransaction: ~Copyable, ReadableTransaction {
  package let reader: Reader
  private let environment: Environment
  private var isFinished: Bool
  /// Whether there is a snapshot to read: not between `reset` and `renew`, when every read throws.
  package private(set) var isActive: Bool

  init(transaction: OpaquePointer, environment: Environment) {
    reader = Reader(transaction: transaction, environment: environment)
    self.environment = environment
    isFinished = false
    isActive = true
  }

  deinit {
    guard !isFinished else { return }
    reader.close()
    mdb_txn_abort(reader.transaction)
  }

  /// Lets go of the snapshot, so that its pages can be used again, and keeps the reader slot.
  package mutating func reset() {
    guard isActive else { return }
    mdb_txn_reset(reader.transaction)
    isActive = false
  }

  /// Moves on to the last commit; it takes no lock and allocates nothing.
  package mutating func renew() throws(LMDBError) {
    reset()
    try check(mdb_txn_renew(reader.transaction), "renew read")
    isActive = true
    try reader.renewCursors()
  }

  /// Ends the read and keeps the tables opened in it.
  consuming func finish() throws(LMDBError) {
    isFinished = true
    reader.close()
    try check(mdb_txn_commit(reader.transaction), "end read")
  }
}

@available(*, unavailable, message: "a read transaction serves one thread at a time: send it, or keep it in a Mutex")
extension ReadTransaction: Sendable {}
