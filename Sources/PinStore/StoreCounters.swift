/// What the writer has done since the store was opened.
package struct StoreCounters: Sendable, Equatable {
  package var batches: UInt64 = 0
  /// Syncs of the journal: one for each block.
  package var syncs: UInt64 = 0
  package var syncNanoseconds: UInt64 = 0
  package var longestSyncNanoseconds: UInt64 = 0
  package var events: UInt64 = 0
  package var requests: UInt64 = 0
  /// Bytes of blocks written to the journal.
  package var journalBytes: UInt64 = 0
  /// Puts and removes in the state's tables.
  package var changes: UInt64 = 0
  #if DEBUG
    /// Entries of the state's tables that were looked up or walked to, counted, as changes are, at each checkpoint; for tests.
    package var looks: UInt64 = 0
  #endif
  /// Commits of the state environment.
  package var checkpoints: UInt64 = 0
  package var checkpointNanoseconds: UInt64 = 0
  package var longestCheckpointNanoseconds: UInt64 = 0
  /// Requests waiting now.
  package var queueDepth = 0
  /// Requests not taken because too many were waiting.
  package var turnedAway: UInt64 = 0
  /// Batches abandoned because there was no room to apply them.
  package var abandonedBatches: UInt64 = 0
  /// Whether changes are refused for want of room.
  package var isShutForRoom = false

  package init() {}
}
