import LMDB
import PinBytes

/// The one that decides: takes what waits, performs it, journals and syncs it, and only then answers.
///
/// There is no timer in its path: while one sync runs the next batch gathers, and a lone request is written at once.
/// One thread at a time runs it, whichever has the turn (`WriterSeat`). It is made and dropped on a thread of its own,
/// and only there are transactions begun and ended.
struct Writer<Machine: StateMachine & ~Copyable>: ~Copyable {
  let link: WriterLink<Machine.Request>
  let context: Machine.Context
  let settings: StoreSettings
  let clock: any StoreClock
  let database: StateDatabase

  var journal: JournalAppender
  var machine: Machine
  /// The open state transaction; nil only while a checkpoint exchanges it, or after that failed.
  var state: WriteTransaction?
  var room: RoomGauge
  /// What the last commit of the state reflects.
  var checkpointed: JournalHead
  var counters = StoreCounters()

  var block: Block
  var batch: [Machine.Request] = []
  var answers: [Machine.Answer] = []
  /// Requests of `batch` before this one are answered.
  var answered = 0
  /// Requests of `batch` before this one have been performed.
  var performed = 0
  /// Set by a thread that is not the writer's own; nil while all is well.
  var interruption: Interruption?
  /// Taken, and not answered yet.
  var checkpoints: [CheckpointTicket] = []
  /// Whether the block is being written: its events may then be found again, or not, if that fails.
  var isJournaling = false
  /// Whether the last batch was allowed to change anything.
  var allowsChanges = true
  /// Whether the last sweep stopped at its limit.
  var hasMoreToSweep = false
  /// When the first change after the last checkpoint was made, and when the writer last had something to do.
  var dirtySinceNanoseconds: UInt64?
  var activeAtNanoseconds: UInt64 = 0

  /// What another thread's batch came to that only the writer's own can put right.
  enum Interruption: Sendable {
    /// The state transaction is lost.
    case lost(LMDBError)
    case failed(StoreError)
  }

  /// Does what is left of another thread's batch, and what waits; false when the store is to stop and nothing waits.
  ///
  /// For the writer's own thread.
  mutating func turn() throws(StoreError) -> Bool {
    if case .failed(let error) = interruption { throw error }
    if interruption != nil || !batch.isEmpty { try performBatch() }
    return try perform(link.take(into: &batch))
  }

  /// Does what was taken; false when the store is to stop and nothing was left.
  private mutating func perform(_ work: WriterLink<Machine.Request>.Work) throws(StoreError) -> Bool {
    let isStopped = work.isStopping && batch.isEmpty
    let mayBeIdle = batch.isEmpty && work.checkpoints.isEmpty
    checkpoints = work.checkpoints
    if !isStopped { try performBatch() }
    if mayBeIdle { try checkpointIfIdle() }
    while let ticket = checkpoints.popLast() { try answer(ticket) }
    return !isStopped
  }

  /// When there will be something to do even if nobody asks: 0 for at once, `.max` for never.
  mutating func nextTurnNanoseconds() throws(StoreError) -> UInt64 {
    if hasMoreToSweep || isCheckpointDue { return 0 }
    guard let idle = try idleNanoseconds() else { return .max }
    return MonotonicTime.nowNanoseconds() + idle
  }

  /// How long there may be nothing to do; nil when only a request can bring work.
  private mutating func idleNanoseconds() throws(StoreError) -> UInt64? {
    let now = MonotonicTime.nowNanoseconds()
    let checkpointIn = dirtySinceNanoseconds.map { _ in
      let due = activeAtNanoseconds + settings.checkpointIdleMilliseconds * 1_000_000
      return due > now ? due - now : 0
    }
    let sweepIn = try StoreError.database { () throws(LMDBError) -> UInt64? in
      let due = try machine.nextDueMilliseconds(state: &state!)
      if due == .max { return nil }
      let time = clock.nowMilliseconds()
      // What is due cannot be done while changes are refused.
      let least = allowsChanges ? 1 : settings.idleSweepMilliseconds
      let wait = due == 0 ? settings.idleSweepMilliseconds : max(due > time ? due - time : 0, least)
      return min(wait, 3_600_000) * 1_000_000
    }
    guard let checkpointIn, let sweepIn else { return checkpointIn ?? sweepIn }
    return min(checkpointIn, sweepIn)
  }

  // MARK: A batch

  private mutating func performBatch() throws(StoreError) {
    repeat {
      if interruption == nil { try performSlice() }
      if case .lost(let error) = interruption {
        interruption = nil
        try abandonSlice(error)
      }
      if isCheckpointDue { try checkpoint() }
    } while answered < batch.count
    forgetBatch()
  }

  private mutating func forgetBatch() {
    batch.removeAll(keepingCapacity: true)
    answered = 0
    performed = 0
  }

  /// Performs requests on whichever thread has the turn, as far as that can be done there, and says when the writer's own
  /// is to have it, as `nextTurnNanoseconds`. Whatever is left it does then.
  mutating func perform(_ requests: [Machine.Request]) -> UInt64 {
    precondition(batch.isEmpty, "a batch is begun when the last one is done")
    batch.append(contentsOf: requests)
    // Waiting for a segment is not for a thread that serves others.
    guard journal.hasSpareSegment(waitingAtMost: 0) else { return 0 }
    do throws(StoreError) {
      try performSlice()
      guard interruption == nil, answered == batch.count else { return 0 }
      forgetBatch()
      return try nextTurnNanoseconds()
    } catch {
      interruption = .failed(error)
      return 0
    }
  }

  /// Performs as much of the batch as one block may hold, makes it durable, and answers it.
  private mutating func performSlice() throws(StoreError) {
    allowsChanges = measureRoom()
    let moment = Moment(
      timeMilliseconds: max(journal.head.timeMilliseconds, clock.nowMilliseconds()), allowsChanges: allowsChanges)
    block.begin(nextSequence: journal.head.sequence + 1, timeMilliseconds: moment.timeMilliseconds)
    do throws(LMDBError) {
      try perform(at: moment)
    } catch {
      interruption = .lost(error)
      return
    }
    if block.eventCount > 0 { try makeDurable() } else { noteUnjournaledChanges() }
    deliver()
  }

  private mutating func perform(at moment: Moment) throws(LMDBError) {
    if moment.allowsChanges {
      try machine.sweep(at: moment, limit: settings.sweepLimit, into: &block, state: &state!)
      hasMoreToSweep = block.eventCount >= settings.sweepLimit || block.isFull
    } else {
      hasMoreToSweep = false
    }
    let end = min(batch.count, answered + settings.requestsPerBatch)
    // Also of a batch that cannot be applied.
    defer { performed = answered + answers.count }
    try machine.perform(batch[performed..<end], at: moment, into: &block, state: &state!, answers: &answers)
  }

  /// Appends the block and syncs it. When this throws, whether its events will be found again is unknown.
  private mutating func makeDurable() throws(StoreError) {
    isJournaling = true
    let took = try journal.append(&block)
    isJournaling = false
    counters.syncs += 1
    counters.syncNanoseconds += took
    counters.longestSyncNanoseconds = max(counters.longestSyncNanoseconds, took)
    counters.events += UInt64(block.eventCount)
    counters.journalBytes += UInt64(block.byteCount)
    activeAtNanoseconds = MonotonicTime.nowNanoseconds()
    dirtySinceNanoseconds = dirtySinceNanoseconds ?? activeAtNanoseconds
  }

  /// Publishes what changed, makes the synced head known and hands the answers out, in this order: who sees an event sees
  /// what it made so.
  private mutating func deliver() {
    counters.batches += 1
    counters.requests += UInt64(performed - answered)
    counters.isShutForRoom = !allowsChanges
    answered = performed
    machine.publish()
    link.publish(journal.head, counters)
    machine.deliver(&answers)
    answers.removeAll(keepingCapacity: true)
  }

  // MARK: When a batch cannot be applied

  /// Undoes a slice of which nothing is journaled: the state goes back to the checkpoint, the journal is replayed, and
  /// the slice is answered `storageFull`.
  private mutating func abandonSlice(_ error: LMDBError) throws(StoreError) {
    // The request that failed is of the slice too; the rest of the batch is tried anew.
    performed = min(performed + 1, batch.count)
    answers.removeAll(keepingCapacity: true)
    hasMoreToSweep = false
    counters.abandonedBatches += 1
    if error.isOutOfSpace { room.shut() }
    try rebuild()
    for index in answered..<performed { answers.append(machine.turnAway(batch[index], because: .storageFull)) }
    deliver()
  }

  /// Answers everything that is left and ends.
  mutating func end(_ failure: StoreError?) {
    let left = link.end(failure)
    answers.removeAll()
    for index in answered..<max(answered, batch.count) {
      let isUnknown = isJournaling && index < performed
      answers.append(machine.turnAway(batch[index], because: isUnknown ? .outcomeUnknown : .stopped))
    }
    for request in left.requests { answers.append(machine.turnAway(request, because: .stopped)) }
    if !answers.isEmpty { machine.abandon(&answers) }
    for ticket in checkpoints + left.checkpoints { ticket.settle(.failure(failure ?? .stopped)) }
  }
}
