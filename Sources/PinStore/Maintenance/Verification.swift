import LMDB
import PinSealing

/// Verification: walks the whole chain, replays it into a scratch state, and compares that with the state there is.
///
/// Law 8: replaying the journal gives a byte-identical digest of the state.
struct Verification<Machine: StateMachine & ~Copyable>: ~Copyable {
  let directory: String
  let journal: JournalDirectory
  let settings: StoreSettings
  /// The last event to read; nil for all there is, and then what lies behind the end is looked at too.
  let end: JournalHead?
  /// What the state's checkpoint reflects, and the digest of the state.
  let checkpoint: JournalHead?
  let stateDigest: Digest256?
  /// Throws when the verification is to be given up.
  private let goOn: () throws(StoreError) -> Void
  private var report = StoreReport()

  init(
    _ directory: String, _ journal: JournalDirectory, _ settings: StoreSettings, end: JournalHead?,
    checkpoint: JournalHead?, stateDigest: Digest256?, goOn: @escaping () throws(StoreError) -> Void = {}
  ) {
    self.directory = directory
    self.journal = journal
    self.settings = settings
    self.end = end
    self.checkpoint = checkpoint
    self.stateDigest = stateDigest
    self.goOn = goOn
  }

  /// Does all of it, on the calling thread. What is damaged is in the report; what cannot be done at all is thrown.
  consuming func run(payload: Payload, audit: StateAudit?) throws(StoreError) -> StoreReport {
    report.storeID = journal.shape.storeID.description
    report.stateSequence = checkpoint?.sequence
    report.stateDigest = stateDigest?.description
    let scratch = try ScratchDirectory.make(in: directory)
    let database = try StateDatabase(
      at: scratch.path, tables: Machine.tables, mapByteCount: settings.stateMapByteCount, readers: 2)
    do throws(StoreError) {
      let isWhole = try replay(into: database)
      compareDigests()
      try goOn()
      if isWhole, let audit { try self.audit(database, payload, audit) }
    } catch .stopped {
      throw .stopped
    } catch {
      note(error)
    }
    return report
  }

  // MARK: Steps

  /// Replays everything; false when it did not come to the end.
  private mutating func replay(into database: StateDatabase) throws(StoreError) -> Bool {
    var transaction = try Self.begin(database)
    var machine: Machine
    do { machine = try Machine(tables: database.tables, state: &transaction) } catch {
      throw StoreError(inMachine: error)
    }
    let first = try journal.segmentNumbers().lowerBound
    guard first == 1 else {
      throw .rotten(journal.place(.start(ofSegment: 1)), problem: "the journal's beginning is missing")
    }
    var reader = JournalReader(
      journal, after: .origin(of: journal.shape.storeID), lastSequence: end?.sequence ?? .max)
    while case .block = try step(&reader) {
      let time = reader.header.timeMilliseconds
      do {
        try reader.forEachEvent { event, sequence in
          try machine.replay(event, sequence: sequence, timeMilliseconds: time, state: &transaction)
        }
      } catch { throw StoreError(inMachine: error) }
      let isCheckpoint = reader.head.sequence == checkpoint?.sequence
      guard isCheckpoint || transaction.changeCount >= settings.checkpointChangeCount else { continue }
      transaction = try commit(&machine, transaction, database, isCheckpoint: isCheckpoint)
    }
    _ = try commit(&machine, transaction, database, isCheckpoint: false)
    return report.problems.isEmpty
  }

  private static func begin(_ database: StateDatabase) throws(StoreError) -> WriteTransaction {
    do throws(LMDBError) { return try database.environment.beginWrite() } catch { throw .database(error) }
  }

  /// Commits the scratch state, notes its digest if this is the checkpoint's event, and begins anew.
  private mutating func commit(
    _ machine: inout Machine, _ transaction: consuming WriteTransaction, _ database: StateDatabase, isCheckpoint: Bool
  ) throws(StoreError) -> WriteTransaction {
    do throws(LMDBError) {
      try machine.flush(into: &transaction)
      if isCheckpoint {
        report.replayedDigest = try StateDigest.compute(
          of: transaction, tables: database.tables, digested: Machine.digestedTables
        ).description
      }
      try transaction.commit()
      return try database.environment.beginWrite()
    } catch { throw .database(error) }
  }

  /// Reads one block, and notes what it is or why there is none.
  private mutating func step(_ reader: inout JournalReader) throws(StoreError) -> JournalReader.Step {
    try goOn()
    let step = try reader.next()
    switch step {
    case .block:
      report.blocks += 1
      report.events += UInt64(reader.header.eventCount)
      report.headSequence = reader.head.sequence
      report.headTimeMilliseconds = reader.head.timeMilliseconds
      report.chainHead = reader.head.chain.description
      report.segments = Int(reader.head.end.segment)
    case .end(let position, let fault):
      try confirmEnd(reader.head, position, fault)
    }
    return step
  }

  /// Checks that the journal ended where it had to.
  private mutating func confirmEnd(
    _ head: JournalHead, _ position: JournalPosition, _ fault: BlockFault
  ) throws(StoreError) {
    if let end {
      guard head != end else { return }
      throw .rotten(journal.place(position), problem: fault.problem)
    }
    if let checkpoint, head.sequence < checkpoint.sequence {
      throw .rotten(journal.place(position), problem: fault.problem)
    }
    let torn = try JournalRecovery(directory: journal).tornBytes(after: head, stoppedAt: position, by: fault)
    report.tornByteCount = torn?.range.count ?? 0
  }

  private mutating func compareDigests() {
    guard let stateDigest, let replayed = report.replayedDigest, replayed != stateDigest.description else { return }
    report.problems.append(
      StoreProblem(
        name: "state digest",
        detail: "replaying the journal up to event \(checkpoint?.sequence ?? 0) gives another state than there is"))
  }

  private mutating func audit(_ database: StateDatabase, _ payload: Payload, _ audit: StateAudit) throws(StoreError) {
    do {
      let state = try database.environment.beginRead()
      let beside = try payload.beginRead()
      report.problems += try audit(state, database.tables, beside, payload.tables)
    } catch { throw StoreError(inMachine: error) }
  }

  private mutating func note(_ error: StoreError) {
    if case .rotten(let place, let problem) = error {
      report.problems.append(StoreProblem(name: "journal", detail: problem, place: place))
    } else {
      report.problems.append(StoreProblem(name: "replay", detail: error.description))
    }
  }
}
