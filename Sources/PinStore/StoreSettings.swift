/// How a store is sized and paced.
package struct StoreSettings: Sendable {
  // MARK: Fixed when the store is created

  /// The size of each segment file of the journal.
  package var segmentByteCount = 64 << 20
  /// The most that one block may hold; a request's events beyond `blockByteCount` must fit as well.
  package var largestBlockByteCount = 1 << 20

  // MARK: Environments

  /// Address space of the state environment, and so the most its file can grow to.
  package var stateMapByteCount = 64 << 30
  /// Address space of the payload environment.
  package var payloadMapByteCount = 1 << 40
  /// Read transactions that may exist at once in each environment.
  package var maximumReaders = 126

  // MARK: Batches

  /// Requests that may wait; more are turned away.
  package var queueLimit = 65_536
  /// Requests in one batch at most.
  package var requestsPerBatch = 4096
  /// A batch ends when its block has grown to this, or to half the largest. The events of one request, and one swept
  /// event, must always fit in what is left of the largest.
  package var blockByteCount = 256 << 10
  /// Events that one sweep may make before a batch.
  package var sweepLimit = 256
  /// How often an idle writer looks for due work when the machine cannot tell when it will be due.
  package var idleSweepMilliseconds: UInt64 = 1000

  // MARK: Checkpoints

  /// A checkpoint is taken after so many changes to the state's tables. LMDB holds 131,072 dirty pages at most.
  package var checkpointChangeCount = 10_000
  /// … or so many bytes of journal, …
  package var checkpointJournalByteCount = 32 << 20
  /// … or so long after the first change, …
  package var checkpointMilliseconds: UInt64 = 30_000
  /// … or when the writer has had nothing to do for so long.
  package var checkpointIdleMilliseconds: UInt64 = 1000

  // MARK: Room

  /// What must be unused of the state's map for changes to be allowed: one checkpoint's worst case.
  package var stateHeadroomByteCount = 512 << 20
  /// What must be free on the disk for changes to be allowed: one checkpoint's worst case and a segment to come.
  package var diskHeadroomByteCount = 640 << 20
  /// How long the writer stands still for a segment that is being made when events come faster than segments; after
  /// that changes are refused, and looking goes on, until there is one.
  package var segmentPatienceMilliseconds: UInt64 = 200

  // MARK: Clock

  /// How far the clock may stand after the last event at start.
  package var clockAheadLimitMilliseconds: UInt64 = 24 * 60 * 60 * 1000
  /// How far the clock may stand before the last event at start; stamps then stand still until it has caught up.
  package var clockBehindLimitMilliseconds: UInt64 = 5000
  /// Takes the clock as it is: an operator's word that it is right.
  package var acceptsClock = false

  /// The system calls under the journal, for tests that make them fail.
  package var systemCalls = SystemCalls.real

  package init() {}
}
