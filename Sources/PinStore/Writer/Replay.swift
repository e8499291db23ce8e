import LMDB

/// A fold of part of the journal into a state.
struct Replay: ~Copyable {
  private let directory: JournalDirectory
  private let start: JournalHead
  private let end: JournalHead
  private var reader: JournalReader
  /// What the last commit of the state reflects.
  private(set) var checkpointed: JournalHead

  /// Events after `start` up to the head `end`, which has been found by reading or by writing.
  init(_ directory: JournalDirectory, after start: JournalHead, through end: JournalHead) {
    self.directory = directory
    self.start = start
    self.end = end
    checkpointed = start
    reader = JournalReader(directory, after: start, lastSequence: end.sequence)
  }

  /// Applies every event.
  mutating func replaying<Machine: StateMachine & ~Copyable>(
    into machine: inout Machine, _ state: inout WriteTransaction
  ) throws(StoreError) {
    while try nextBlock() { try apply(to: &machine, &state) }
  }

  /// Applies every event after writing its block once more in place, and syncs each segment touched: what was read may
  /// have been in the page cache only. Commits the state along the way when it has grown, and hands back the transaction
  /// that is open in the end.
  mutating func rewriting<Machine: StateMachine & ~Copyable>(
    into machine: inout Machine, _ transaction: consuming WriteTransaction, _ database: StateDatabase,
    _ settings: StoreSettings
  ) throws(StoreError) -> WriteTransaction {
    var state = transaction
    var file: File?
    var segment: UInt64 = 0
    while try nextBlock() {
      guard let position = reader.head.lastBlock else { continue }
      if position.segment != segment {
        try file?.syncData(by: settings.systemCalls)
        file = try directory.open(segment: position.segment, .write)
        segment = position.segment
      }
      try file!.write(reader.blockBytes, at: position.offset, by: settings.systemCalls)
      try apply(to: &machine, &state)
      guard state.changeCount >= settings.checkpointChangeCount else { continue }
      try file!.syncData(by: settings.systemCalls)
      state = try commit(&machine, state, database)
    }
    try file?.syncData(by: settings.systemCalls)
    return state
  }

  private mutating func nextBlock() throws(StoreError) -> Bool {
    guard reader.head.sequence < end.sequence else { return false }
    if case .end(let position, let fault) = try reader.next() {
      throw .rotten(directory.place(position), problem: fault.problem)
    }
    return true
  }

  private func apply<Machine: StateMachine & ~Copyable>(
    to machine: inout Machine, _ state: inout WriteTransaction
  ) throws(StoreError) {
    let time = reader.header.timeMilliseconds
    do {
      try reader.forEachEvent { event, sequence in
        try machine.replay(event, sequence: sequence, timeMilliseconds: time, state: &state)
      }
    } catch { throw StoreError(inMachine: error) }
  }

  private mutating func commit<Machine: StateMachine & ~Copyable>(
    _ machine: inout Machine, _ transaction: consuming WriteTransaction, _ database: StateDatabase
  ) throws(StoreError) -> WriteTransaction {
    do throws(LMDBError) {
      try machine.flush(into: &transaction)
      try database.record(reader.head, in: &transaction)
      try transaction.commit()
      checkpointed = reader.head
      return try database.environment.beginWrite()
    } catch { throw .database(error) }
  }
}
