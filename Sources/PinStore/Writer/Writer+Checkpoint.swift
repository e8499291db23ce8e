import LMDB

/// Checkpoints: the state transaction is committed, with a full sync, between batches only and never ahead of the
/// journal's last sync; the record of what it reflects is in the same commit.
extension Writer where Machine: ~Copyable {
  /// Whether so much, or for so long, has changed since the last one that the next is due.
  var isCheckpointDue: Bool {
    guard let since = dirtySinceNanoseconds else { return false }
    return changeCount >= settings.checkpointChangeCount
      || journalBytesSinceCheckpoint >= settings.checkpointJournalByteCount
      || MonotonicTime.nowNanoseconds() - since >= settings.checkpointMilliseconds * 1_000_000
  }

  private var changeCount: Int {
    switch state {
    case .some(let transaction): transaction.changeCount
    case nil: 0
    }
  }

  /// A sweep may change the state without an event.
  mutating func noteUnjournaledChanges() {
    guard dirtySinceNanoseconds == nil, changeCount > 0 else { return }
    activeAtNanoseconds = MonotonicTime.nowNanoseconds()
    dirtySinceNanoseconds = activeAtNanoseconds
  }

  mutating func checkpointIfIdle() throws(StoreError) {
    guard dirtySinceNanoseconds != nil else { return }
    let idle = MonotonicTime.nowNanoseconds() - activeAtNanoseconds
    if idle >= settings.checkpointIdleMilliseconds * 1_000_000 { try checkpoint() }
  }

  /// Bytes of journal since the last checkpoint; segments between count as whole.
  private var journalBytesSinceCheckpoint: Int {
    let end = journal.head.end
    let segments = Int(end.segment - checkpointed.end.segment)
    return segments * journal.directory.shape.segmentByteCount + end.offset - checkpointed.end.offset
  }

  /// Commits the state as of the last synced event, if the last commit does not hold that already.
  ///
  /// When it throws, which state the disk holds is known only after a restart.
  mutating func checkpoint() throws(StoreError) {
    let changes = state?.changeCount ?? 0
    guard checkpointed != journal.head || changes > 0, var transaction = state.take() else {
      dirtySinceNanoseconds = nil
      return
    }
    let start = MonotonicTime.nowNanoseconds()
    #if DEBUG
      counters.looks += UInt64(transaction.lookCount)
    #endif
    do throws(LMDBError) {
      try machine.flush(into: &transaction)
      try database.record(journal.head, in: &transaction)
      try transaction.commit()
      state = try database.environment.beginWrite()
    } catch {
      throw .database(error)
    }
    checkpointed = journal.head
    dirtySinceNanoseconds = nil
    let took = MonotonicTime.nowNanoseconds() - start
    counters.changes += UInt64(changes)
    counters.checkpoints += 1
    counters.checkpointNanoseconds += took
    counters.longestCheckpointNanoseconds = max(counters.longestCheckpointNanoseconds, took)
    link.publish(journal.head, counters)
  }

  /// Takes a checkpoint for someone who asked, and hands back a read of exactly that state.
  mutating func answer(_ ticket: CheckpointTicket) throws(StoreError) {
    do throws(StoreError) {
      try checkpoint()
    } catch {
      ticket.settle(.failure(error))
      throw error
    }
    do throws(LMDBError) {
      let transaction = try database.environment.beginRead()
      ticket.fulfil(StateSnapshot(head: checkpointed, transaction: transaction, tables: database.tables))
    } catch {
      // Too many readers is the asker's misfortune, not the store's end.
      ticket.settle(.failure(.database(error)))
    }
  }
}
