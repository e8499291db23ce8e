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
    } catch .rotten(let place, let problem) {
      var report = StoreReport()
      report.problems = [StoreProblem(name: "journal", detail: problem, place: place)]
      return report
    }
    let database = try StateDatabase(
      at: "\(directory)/state", tables: Machine.tables, mapByteCount: settings.stateMapByteCount,
      readers: settings.maximumReaders)
    let payload = try Payload(
      at: "\(directory)/payload", tables: Machine.payloadTables, mapByteCount: settings.payloadMapByteCount,
      readers: settings.maximumReaders)
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
