import LMDB

/// How the writer comes to serve: it recovers the journal, replays what the checkpoint lacks, puts right what a crash
/// interrupted, and only then takes requests.
extension Writer where Machine: ~Copyable {
  /// What the opening thread has made ready.
  struct Parts: Sendable {
    let journalDirectory: JournalDirectory
    let database: StateDatabase
    let payload: Payload
    let settings: StoreSettings
    let clock: any StoreClock
    let context: Machine.Context
    /// What the state reflects; nil when that is nothing.
    let checkpoint: JournalHead?
    /// Where the journal ends.
    let end: JournalHead
  }

  /// Recovers on the calling thread, which must then run the writer.
  static func open(
    _ parts: Parts, link: WriterLink<Machine.Request>, preparer: SegmentPreparer
  ) throws(StoreError) -> Writer {
    let end = parts.end
    let database = parts.database
    var begun = try StoreError.database { () throws(LMDBError) in try database.environment.beginWrite() }
    var machine = try makeMachine(database.tables, &begun)
    let start = parts.checkpoint ?? .origin(of: parts.journalDirectory.shape.storeID)
    var replay = Replay(parts.journalDirectory, after: start, through: end)
    let state = try replay.rewriting(into: &machine, begun, database, parts.settings)
    let largest = parts.journalDirectory.shape.largestBlockByteCount
    var writer = Writer(
      link: link, context: parts.context, settings: parts.settings, clock: parts.clock, database: database,
      journal: try JournalAppender.open(
        parts.journalDirectory, head: end, preparer: preparer, calls: parts.settings.systemCalls),
      machine: machine, state: state, room: RoomGauge(), checkpointed: replay.checkpointed,
      // Half of the largest is left for what the last request of a batch makes.
      block: Block(
        nextSequence: end.sequence + 1, largestByteCount: largest,
        fullByteCount: min(parts.settings.blockByteCount, largest / 2)))
    try writer.attach()
    try writer.putRight(parts.payload)
    // A store just made has none yet; where none can be made, it serves those who look.
    _ = writer.journal.hasSpareSegment(waitingAtMost: nil)
    return writer
  }

  private static func makeMachine(_ tables: [Table], _ state: inout WriteTransaction) throws(StoreError) -> Machine {
    do { return try Machine(tables: tables, state: &state) } catch { throw StoreError(inMachine: error) }
  }

  private mutating func attach() throws(StoreError) {
    do { try machine.attach(context, state: &state!) } catch { throw StoreError(inMachine: error) }
  }

  /// Lets the machine put right what a crash interrupted, and makes that durable before anyone is served.
  private mutating func putRight(_ payload: Payload) throws(StoreError) {
    block.begin(
      nextSequence: journal.head.sequence + 1,
      timeMilliseconds: max(journal.head.timeMilliseconds, clock.nowMilliseconds()))
    do {
      try machine.recovered(payload: payload, state: &state!, into: &block)
    } catch { throw StoreError(inMachine: error) }
    if block.eventCount > 0 { _ = try journal.append(&block) }
    try checkpoint()
    link.publish(journal.head, counters)
  }

  /// Goes back to the last checkpoint and replays the journal from there, after an error left the state unusable.
  mutating func rebuild() throws(StoreError) {
    state.take()?.abort()
    var state = try StoreError.database { () throws(LMDBError) in try database.environment.beginWrite() }
    var machine = try Self.makeMachine(database.tables, &state)
    var replay = Replay(journal.directory, after: checkpointed, through: journal.head)
    try replay.replaying(into: &machine, &state)
    self.machine = machine
    self.state = consume state
    try attach()
  }
}

extension StoreError {
  /// What a machine threw, as the store tells it.
  init(inMachine error: any Error) {
    switch error {
    case let error as StoreError: self = error
    case let error as LMDBError: self = .database(error)
    default: self = .machine(String(describing: error))
    }
  }
}
