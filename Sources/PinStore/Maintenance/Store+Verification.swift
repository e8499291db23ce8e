import LMDB
import PinSealing

extension Store where Machine: ~Copyable {
  /// Verifies the live store as of a checkpoint taken for it. Blocks the calling thread for as long as it takes to read
  /// and replay the whole journal; the store serves meanwhile. There is one at a time; a second is refused.
  package func verify(
    audit: StateAudit? = nil
  ) throws(StoreError) -> StoreReport {
    guard verificationTurn.take() else { throw .alreadyRunning("a verification") }
    defer { verificationTurn.give() }
    try confirmMaintenance()
    let (head, digest) = try digestedCheckpoint()
    let verification = Verification<Machine>(
      directory, journal, settings, end: head, checkpoint: head, stateDigest: digest
    ) { () throws(StoreError) in try self.confirmMaintenance() }
    return try verification.run(payload: payload, audit: audit)
  }

  /// The state's digest as of a checkpoint taken for it. The snapshot lives no longer than that takes.
  package func digestedCheckpoint() throws(StoreError) -> (head: JournalHead, digest: Digest256) {
    let snapshot = try checkpoint()
    do throws(LMDBError) {
      let digest = try StateDigest.compute(
        of: snapshot.transaction, tables: snapshot.tables, digested: Machine.digestedTables)
      return (snapshot.head, digest)
    } catch { throw .database(error) }
  }

  /// Verifies a directory that nobody serves; changes nothing in it.
  package static func verify(
    at directory: String, settings: StoreSettings = StoreSettings(),
    audit: StateAudit? = nil
  ) throws(StoreError) -> StoreReport {
    let lock = try DataDirectory.enter(directory)
    defer { _ = lock }
    try ScratchDirectory.removeLeftovers(in: directory)
    let journal: JournalDirectory
    do throws(StoreError) {
      journal = try JournalDirectory(opening: "\(directory)/journal")
    } catch {
      guard let problem = error.damage else { throw error }
      var report = StoreReport()
      report.problems = [problem]
      return report
    }
    try DataDirectory.createMissingState(in: directory)
    try DataDirectory.confirmPayload(of: directory)
    let database: StateDatabase
    let payload: Payload
    do throws(StoreError) {
      payload = try Payload(
        at: "\(directory)/payload", of: journal.shape.storeID, tables: Machine.payloadTables,
        mapByteCount: settings.payloadMapByteCount,
        readers: settings.maximumReaders)
      database = try StateDatabase(
        at: "\(directory)/state", tables: Machine.tables, mapByteCount: settings.stateMapByteCount,
        readers: settings.maximumReaders)
    } catch {
      guard let problem = error.damage else { throw error }
      var report = StoreReport()
      report.storeID = journal.shape.storeID.description
      report.problems = [problem]
      return report
    }
    let checkpoint = try database.lastCheckpoint()
    var digest: Digest256?
    if checkpoint != nil {
      do throws(LMDBError) {
        digest = try StateDigest.compute(
          of: try database.environment.beginRead(), tables: database.tables, digested: Machine.digestedTables)
      } catch { throw .database(error) }
    }
    let verification = Verification<Machine>(
      directory, journal, settings, end: nil, checkpoint: checkpoint, stateDigest: digest)
    return try verification.run(payload: payload, audit: audit)
  }
}

extension StoreError {
  /// The damage that it tells of, as a report names it; nil when it is of another kind.
  fileprivate var damage: StoreProblem? {
    func problem(_ name: String, _ damage: FileDamage) -> StoreProblem {
      StoreProblem(name: name, detail: damage.problem, place: JournalPlace(file: damage.file, offset: damage.offset))
    }
    return switch self {
    case .rotten(let place, let problem): StoreProblem(name: "journal", detail: problem, place: place)
    case .stateDamaged(let damage): problem("state", damage)
    case .payloadDamaged(let damage): problem("payload", damage)
    default: nil
    }
  }
}
