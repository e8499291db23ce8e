import PinSealing
import PinStore
import PinWords

/// Verification, backup, restore and rekeying: on a live engine, or on a directory that nobody serves.
extension Engine {
  /// Has a backup or a verification that is under way end early, with `StoreError.stopped`; none begins any more.
  package func endMaintenance() { store.endMaintenance() }

  // MARK: Verify

  /// Verifies the live store as of now. Blocks its thread for as long as reading and replaying the journal takes; the
  /// engine serves meanwhile.
  package func verify() throws -> VerificationReport {
    let audit = Audit()
    let report = try store.verify { state, tables, payload, payloadTables in
      try audit.run(state, Tables(tables), payload, CardTables(payloadTables))
    }
    return VerificationReport(report, audit)
  }

  /// Verifies a directory that nobody serves; needs no key, changes nothing.
  package static func verify(
    at directory: String, settings: StoreSettings = StoreSettings()
  ) throws -> VerificationReport {
    let audit = Audit()
    let report = try Store<Machine>.verify(at: directory, settings: settings) { state, tables, payload, payloadTables in
      try audit.run(state, Tables(tables), payload, CardTables(payloadTables))
    }
    return VerificationReport(report, audit)
  }

  // MARK: Back up

  /// Copies the live store into a new directory. Blocks its thread; the engine serves meanwhile.
  package func backup(to target: String) throws -> BackupReport {
    BackupReport(path: target, head: try store.backup(to: target))
  }

  /// Copies a directory that nobody serves into a new one.
  package static func backup(
    at directory: String, to target: String, settings: StoreSettings = StoreSettings()
  ) throws -> BackupReport {
    BackupReport(path: target, head: try Store<Machine>.backup(at: directory, to: target, settings: settings))
  }

  // MARK: Restore

  /// Makes a new data directory out of a backup.
  ///
  /// Unless the journal that survived the loss is given and restored whole, and ends exactly with the last event that
  /// anybody knows of, sales may be forgotten: the store gets a new id, and at its first start all its stock goes into
  /// quarantine, until a named operator re-inventories it.
  ///
  /// - Parameters:
  ///   - knownHead: the last event that anybody was told of. A journal alone does not say that it was not cut short.
  ///   - survivingPayload: the payload that survived. Without it, a purchase committed after the backup refuses the
  ///     restore, for its cards may be lost.
  package static func restore(
    from backup: String, to target: String, lastSequence: UInt64? = nil, survivingJournal: String? = nil,
    knownHead: UInt64? = nil, survivingPayload: String? = nil,
    settings: StoreSettings = StoreSettings(), clock: any StoreClock = SystemClock()
  ) throws -> RestoreReport {
    let restore = Restore(
      backup: backup, target: target, lastSequence: lastSequence, survivingJournal: survivingJournal,
      survivingPayload: survivingPayload, settings: settings)
    let newStoreID = RequestID(UInt128.random(in: 1 ... .max))
    var restored: UInt64 = 0
    var forgets = true
    let head = try restore.run(
      for: Machine.self, clock: clock, beyond: survivingPayload == nil ? refusePurchase : { _, _ in }
    ) { last in
      restored = last.sequence
      forgets = survivingJournal == nil || lastSequence != nil || last.sequence != knownHead
      return forgets ? { Machine.writeStoreRestored(newStoreID, into: &$0) } : nil
    }
    return RestoreReport(
      path: target, restoredSequence: restored, headSequence: head.sequence, chainHead: head.chain.description,
      newStoreID: forgets ? newStoreID : nil)
  }

  /// Refuses a purchase that became stock after the backup's payload was copied.
  private static func refusePurchase(_ event: RawSpan, _ sequence: UInt64) throws(StoreError) {
    guard let head = try? EventHead(event), head.kind == .purchaseCommitted else { return }
    let purchase: UInt32 = event.bigEndian(at: EventHead.byteCount)
    throw .payloadMissing(
      "event \(sequence) makes purchase \(purchase) stock, and its "
        + "cards may not be in the backup: give the payload that survived (--payload), or restore up to the event "
        + "before (--to-sequence \(sequence - 1))")
  }

  /// Carries the quarantine after a restore through, before anybody is served.
  func quarantineRestored() throws {
    while catalogue.isQuarantining {
      switch performBlocking(.internalCommand(InternalCommand(.quarantineRestored)), as: .store).outcome {
      case .moved: continue
      default: throw StoreError.stopped
      }
    }
  }

  // MARK: Rekey

  /// Changes the master key of a directory that nobody serves, and writes down that it was done. No card is touched.
  ///
  /// The keyring is replaced first; a crash before the event is journaled leaves a directory that the new key opens.
  package static func rekey(
    at directory: String, from old: SecretKey, to new: SecretKey, settings: StoreSettings = StoreSettings(),
    clock: any StoreClock = SystemClock()
  ) throws {
    // Opening takes the lock, so that no server reads the keyring meanwhile, and proves the old key.
    let engine = try Engine(at: directory, masterKey: old, settings: settings, clock: clock)
    defer { engine.stop() }
    try Keyring.rewrap(in: directory, from: old, to: new)
    let command = InternalCommand(.markRekeyed(masterKeyID: Keyring.masterKeyID(of: new)))
    if case .refused = engine.performBlocking(.internalCommand(command), as: .store).outcome {
      throw StoreError.stopped
    }
  }
}

/// What a verification found, with every violated law by name.
package struct VerificationReport: Sendable, Encodable {
  package var sound: Bool
  package var storeID: String
  package var events: UInt64
  package var blocks: UInt64
  package var segments: Int
  package var headSequence: UInt64
  package var chainHead: String
  package var stateSequence: UInt64?
  package var stateDigest: String?
  package var replayedDigest: String?
  package var tornBytes: Int
  /// Card ids ever given, and how many extents they are in.
  package var cards: UInt64
  package var extents: UInt64
  package var problems: [Problem]

  package struct Problem: Sendable, Encodable {
    /// The law or rule that is broken.
    package var law: String
    package var detail: String
    /// The file, and the byte in it.
    package var file: String?
    package var offset: Int?
  }

  init(_ report: StoreReport, _ audit: Audit) {
    sound = report.isSound
    storeID = RequestID(report.storeID)?.description ?? report.storeID
    events = report.events
    blocks = report.blocks
    segments = report.segments
    headSequence = report.headSequence
    chainHead = report.chainHead
    stateSequence = report.stateSequence
    stateDigest = report.stateDigest
    replayedDigest = report.replayedDigest
    tornBytes = report.tornByteCount
    cards = audit.cards
    extents = audit.extents
    problems = report.problems.map {
      Problem(law: $0.name, detail: $0.detail, file: $0.place?.file, offset: $0.place?.offset)
    }
  }
}

/// What a backup holds.
package struct BackupReport: Sendable, Encodable {
  package var path: String
  package var headSequence: UInt64
  package var chainHead: String
  package var headTimeMilliseconds: UInt64

  init(path: String, head: JournalHead) {
    self.path = path
    headSequence = head.sequence
    chainHead = head.chain.description
    headTimeMilliseconds = head.timeMilliseconds
  }
}

/// What a restore made.
package struct RestoreReport: Sendable, Encodable {
  package var path: String
  /// The last event of the store as it was; one that says so may follow.
  package var restoredSequence: UInt64
  package var headSequence: UInt64
  package var chainHead: String
  /// Nil when nothing can have been forgotten.
  package var newStoreID: RequestID?
}
