import PinSealing

/// Restoring: a new data directory out of a backup, and of a journal that survived if there is one.
///
/// A store that lacks the journal up to its last known head forgets events. Such a restore must begin with an event that
/// says so; it is appended here, before the directory gets its name, so that no store can ever serve without it.
package struct Restore: Sendable {
  /// Looks at an event to be restored, and throws when it must not be.
  package typealias EventCheck = (_ event: RawSpan, _ sequence: UInt64) throws(StoreError) -> Void

  /// The directory of the backup; it is only read.
  package var backup: String
  /// The data directory to make; nothing may be there.
  package var target: String
  /// The last event to restore; nil for all there are. When it is inside a block, the block is written anew with only
  /// the events up to it.
  package var lastSequence: UInt64?
  /// The `journal` directory of the lost store, if it survived: what it has beyond the backup is restored too. It is
  /// only read.
  package var survivingJournal: String?
  /// The `payload` directory of the lost store, if it survived: it is taken instead of the backup's, which lacks what
  /// was written after it. It is only read.
  package var survivingPayload: String?
  package var settings: StoreSettings

  package init(
    backup: String, target: String, lastSequence: UInt64? = nil, survivingJournal: String? = nil,
    survivingPayload: String? = nil, settings: StoreSettings = StoreSettings()
  ) {
    self.backup = backup
    self.target = target
    self.lastSequence = lastSequence
    self.survivingJournal = survivingJournal
    self.survivingPayload = survivingPayload
    self.settings = settings
  }

  /// Makes the directory and returns the head of its journal. Nothing is left of an attempt that throws.
  ///
  /// - Parameters:
  ///   - beyond: sees each event that is restored beyond the backup, and refuses one whose payload may be missing.
  ///   - admission: told the last event restored, gives what writes the events that a store which may have forgotten
  ///     any must begin with, at least one. Nil is allowed only when nothing can have been forgotten: the whole
  ///     surviving journal is restored, and is known to be all there was.
  package func run<Machine: StateMachine & ~Copyable>(
    for machine: Machine.Type, clock: any StoreClock = SystemClock(), beyond: EventCheck = { _, _ in },
    admission: (JournalHead) -> ((inout Block) -> Void)?
  ) throws(StoreError) -> JournalHead {
    if FileTree.exists(target) { throw .alreadyThere(target) }
    let manifest = try Backup.Manifest(ofBackupAt: backup)
    let unfinished = try Backup.createUnfinished(for: target)
    var head: JournalHead
    do throws(StoreError) {
      try DataDirectory.createParts(in: unfinished)
      head = try restoreJournal(manifest, to: "\(unfinished)/journal", beyond)
      try FileTree.copy("\(survivingPayload ?? "\(backup)/payload")/data.mdb", to: "\(unfinished)/payload/data.mdb")
      try StoreError.check(
        "\(unfinished)/payload", Machine.payloadTables + [Payload.metaSpec], StoreError.payloadDamaged)
      try FileTree.syncDirectory("\(unfinished)/payload")
      try restoreState(Machine.self, notAfter: head, to: unfinished)
      try Backup.copyOtherFiles(from: backup, to: unfinished)
      let admission = admission(head)
      precondition(
        admission != nil || (survivingJournal != nil && lastSequence == nil),
        "a restore that may forget events needs an event that says so")
      if let admission {
        head = try JournalDirectory(opening: "\(unfinished)/journal")
          .append(after: head, timeMilliseconds: clock.nowMilliseconds(), settings, admission)
      }
      try DataDirectory.finish(unfinished)
    } catch {
      try? FileTree.remove(unfinished)
      throw error
    }
    try FileTree.giveName(target, to: unfinished)
    return head
  }

  // MARK: The journal

  /// Copies the backup's journal and then the surviving one's, up to the event asked for.
  private func restoreJournal(
    _ manifest: Backup.Manifest, to path: String, _ beyond: EventCheck
  ) throws(StoreError) -> JournalHead {
    let source = try JournalDirectory(opening: "\(backup)/journal")
    let first = try source.segmentNumbers().lowerBound
    let start =
      first == 1 ? .origin(of: source.shape.storeID) : try source.head(beforeBlockAt: .start(ofSegment: first))
    guard let start else { throw .noSuchSequence(1) }
    let wanted = lastSequence ?? .max
    guard wanted > start.sequence else { throw .noSuchSequence(wanted) }
    var copy = JournalCopy(into: JournalDirectory(path: path, shape: source.shape), after: start)
    var reader = JournalReader(source, after: start, lastSequence: manifest.headSequence)
    try copyBlocks(of: &reader, to: &copy, through: wanted, { _, _ in })
    if copy.head.sequence < wanted {
      guard copy.head.sequence == manifest.headSequence, copy.head.chain.description == manifest.chainHead else {
        throw .rotten(source.place(reader.head.end), problem: "the backup's journal ends before its manifest says")
      }
      if let survivingJournal { try copySurviving(survivingJournal, source.shape, to: &copy, through: wanted, beyond) }
    }
    guard lastSequence == nil || copy.head.sequence == wanted else { throw .noSuchSequence(wanted) }
    return try copy.finish()
  }

  private func copySurviving(
    _ path: String, _ shape: JournalShape, to copy: inout JournalCopy, through wanted: UInt64, _ beyond: EventCheck
  ) throws(StoreError) {
    let surviving = try JournalDirectory(opening: path)
    guard surviving.shape == shape, try surviving.holds(copy.head) else {
      throw .foreignJournal("\(path) does not continue the backup at event \(copy.head.sequence)")
    }
    // Told apart here, as a start would: a block torn by the crash, and damage.
    _ = try JournalRecovery(directory: surviving).findEnd(after: copy.head)
    var reader = JournalReader(surviving, after: copy.head)
    try copyBlocks(of: &reader, to: &copy, through: wanted, beyond)
  }

  private func copyBlocks(
    of reader: inout JournalReader, to copy: inout JournalCopy, through wanted: UInt64, _ check: EventCheck
  ) throws(StoreError) {
    while copy.head.sequence < wanted, case .block = try reader.next() {
      try reader.forEachEvent { (event, sequence) throws(StoreError) in
        if sequence <= wanted { try check(event, sequence) }
      }
      if reader.head.sequence <= wanted {
        try copy.copyBlock(of: reader)
      } else {
        try copyBeginning(of: reader, to: &copy, through: wanted)
      }
    }
  }

  /// Writes a block with only the events up to `wanted` in place of the one read.
  private func copyBeginning(
    of reader: borrowing JournalReader, to copy: inout JournalCopy, through wanted: UInt64
  ) throws(StoreError) {
    guard let position = reader.head.lastBlock else { return }
    let first = reader.header.firstSequence
    var block = Block(nextSequence: first, largestByteCount: copy.target.shape.largestBlockByteCount)
    block.begin(nextSequence: first, timeMilliseconds: reader.header.timeMilliseconds)
    reader.forEachEvent { event, sequence in
      guard sequence <= wanted else { return }
      block.beginEvent()
      block.writer.write(event)
      _ = block.endEvent()
    }
    var hasher = SHA256Hasher()
    let hash = block.seal(previous: reader.header.previous, hasher: &hasher)
    try copy.write(block, head: JournalHead(after: block.header, hash: hash, at: position))
  }

  // MARK: The state

  /// Takes the backup's state if the restored journal reaches it; else the first start replays from the beginning.
  private func restoreState<Machine: StateMachine & ~Copyable>(
    _ machine: Machine.Type, notAfter head: JournalHead, to directory: String
  ) throws(StoreError) {
    let path = "\(directory)/state"
    try FileTree.copy("\(backup)/state/data.mdb", to: "\(path)/data.mdb")
    let checkpoint = try StateDatabase(
      at: path, tables: Machine.tables, mapByteCount: settings.stateMapByteCount, readers: settings.maximumReaders
    ).lastCheckpoint()
    let journal = try JournalDirectory(opening: "\(directory)/journal")
    if let checkpoint, try !journal.holds(checkpoint) {
      guard try journal.segmentNumbers().lowerBound == 1 else { throw .noSuchSequence(1) }
      try FileTree.remove(path)
      try FileTree.createDirectory(path)
    }
    try FileTree.syncDirectory(path)
  }
}
