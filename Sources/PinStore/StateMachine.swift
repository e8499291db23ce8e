import LMDB
import PinBytes

/// What the store runs: decides requests against the state, and applies the events they become.
///
/// The store calls it on one thread at a time, and makes it and drops it on the writer's own; it need not be `Sendable`. What it decides and
/// applies is a pure function of the state, the request and the moment: no clock, no randomness and no I/O of its own.
/// An event must be in the block before or after it is applied, in either order, but within the same call.
///
/// An `LMDBError` from any call means that the state transaction is lost: the store aborts it, drops the machine, makes
/// a new one from the last checkpoint, replays the journal, and answers the whole batch `storageFull`.
package protocol StateMachine: ~Copyable, SendableMetatype {
  associatedtype Request: Sendable
  /// Kept by the writer until the batch is synced.
  associatedtype Answer
  /// What the machine publishes to and answers through; only a serving machine has one, a replaying one does not.
  associatedtype Context: Sendable = Void

  /// The tables of the state environment; the store adds its own meta table.
  static var tables: [Table.Spec] { get }
  /// Indices into `tables` of those that count for the digest; derived indices do not.
  static var digestedTables: [Int] { get }
  /// The tables of the payload environment.
  static var payloadTables: [Table.Spec] { get }

  /// Loads its caches from the state as of a checkpoint: at open, at verification, and again after a failed batch.
  init(tables: [Table], state: inout WriteTransaction) throws

  /// Enters service: called once after each `init` that serves, when the journal has been replayed.
  mutating func attach(_ context: Context, state: inout WriteTransaction) throws

  /// Puts right what a crash interrupted: called once, after replay and before serving.
  ///
  /// Purges that are already events are repeated here and orphans swept. Events it writes are applied by it as well, and
  /// are journaled and checkpointed before the first request; together they must fit one block.
  mutating func recovered(payload: Payload, state: inout WriteTransaction, into block: inout Block) throws

  /// Work that time alone makes due, such as expiring holds: at most `limit` events, and none once `block.isFull`.
  ///
  /// Called before each batch that may change anything.
  mutating func sweep(
    at moment: Moment, limit: Int, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError)

  /// When `sweep` will next have something to do, in milliseconds since 1970: `.max` for never, 0 for "ask me".
  ///
  /// Asked only before the writer goes idle; it decides how long it sleeps.
  mutating func nextDueMilliseconds(state: inout WriteTransaction) throws(LMDBError) -> UInt64

  /// Decides requests in their order, until all are decided or the block is full, and adds the answer of each to `answers`.
  ///
  /// A request becomes at most a bounded number of events, which are written into the block and applied to the state; it
  /// sees the effects of those before it. When `moment.allowsChanges` is false, whatever would become an event is refused.
  /// All at once, and not one by one: what crosses between modules for each request is not free.
  mutating func perform(
    _ requests: ArraySlice<Request>, at moment: Moment, into block: inout Block, state: inout WriteTransaction,
    answers: inout [Answer]
  ) throws(LMDBError)

  /// Applies an event read back from the journal.
  ///
  /// Throws what an operator must know when the event is of a version this program does not have.
  mutating func replay(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws

  /// Writes what is held in memory to the tables, before a checkpoint or a digest.
  mutating func flush(into state: inout WriteTransaction) throws(LMDBError)

  /// Called once a batch, after its sync and before anybody is told of it: publishes what changed. Must not block.
  mutating func publish()

  /// Called once a batch, after `publish`: hands the answers out. Must not block.
  ///
  /// What it leaves in `answers` the store drops, keeping the array's memory.
  mutating func deliver(_ answers: inout [Answer])

  /// Called instead of `publish` and `deliver` when the store has failed: hands the answers out and publishes nothing, for what the
  /// machine has applied may not be durable. The machine is dropped afterwards.
  mutating func abandon(_ answers: inout [Answer])

  /// The answer to a request that the store itself turned away.
  func turnAway(_ request: borrowing Request, because refusal: StoreRefusal) -> Answer
}

extension StateMachine where Self: ~Copyable {
  package static var payloadTables: [Table.Spec] { [] }
  package mutating func attach(_ context: Context, state: inout WriteTransaction) throws {}
  package mutating func recovered(
    payload: Payload, state: inout WriteTransaction, into block: inout Block
  ) throws {}
  package mutating func nextDueMilliseconds(state: inout WriteTransaction) throws(LMDBError) -> UInt64 { 0 }
  package mutating func publish() {}
}

/// The one time at which a batch is decided.
package struct Moment: Sendable {
  /// Since 1970, UTC; never before that of an earlier batch.
  package let timeMilliseconds: UInt64
  /// False when the room that changes need was not there before the batch: looking still works.
  package let allowsChanges: Bool

  package init(timeMilliseconds: UInt64, allowsChanges: Bool) {
    self.timeMilliseconds = timeMilliseconds
    self.allowsChanges = allowsChanges
  }
}

/// Why the store itself turned a request away.
package enum StoreRefusal: Sendable, Hashable {
  /// There was no room to apply its batch; nothing of it happened. It may be tried again once there is room.
  case storageFull
  /// The store stopped before the request was decided; nothing of it happened.
  case stopped
  /// The store failed while the request's events were being made durable: they may have happened. Ask again, by id,
  /// when the store is back.
  case outcomeUnknown
}
