import Glibc
import LMDB
import PinSealing

/// A backup: a directory with the state, then the journal up to a fixed head that is not before the state, then the
/// payload, then the files that stand beside them. Made in this order it holds all that any of its events names.
///
/// It is laid out as a data directory is, but for a file `backup` in place of `format`: a store refuses to serve it. It
/// is written under a name of its own and renamed when all of it is durable, so there is no half of one.
enum Backup {
  static let manifestName = "backup"
  static let unfinishedSuffix = ".unfinished"

  /// What is to be copied, live or not.
  struct Source {
    let directory: String
    let journal: JournalDirectory
    let database: StateDatabase
    let payload: Payload
    /// Tells the head to copy the journal to; called once, after the state has been copied.
    let head: () throws(StoreError) -> JournalHead
    /// Throws when the backup is to be given up.
    var goOn: () throws(StoreError) -> Void = {}
  }

  /// Makes the backup and returns the last event in it.
  static func make(of source: Source, at target: String) throws(StoreError) -> JournalHead {
    if FileTree.exists(target) { throw .alreadyThere(target) }
    guard !isInside(source.directory, target) else { throw .insideDataDirectory(target) }
    let unfinished = try createUnfinished(for: target)
    let head: JournalHead
    do throws(StoreError) {
      try DataDirectory.createParts(in: unfinished)
      try source.goOn()
      try copy(source.database.environment, to: "\(unfinished)/state")
      head = try source.head()
      try copy(source.journal, through: head, to: "\(unfinished)/journal", source.goOn)
      try source.goOn()
      try copy(source.payload.environment, to: "\(unfinished)/payload")
      try copyOtherFiles(from: source.directory, to: unfinished)
      let manifest = Manifest(storeID: source.journal.shape.storeID, head: head)
      try FileTree.create("\(unfinished)/\(manifestName)", Array(manifest.text.utf8))
      try FileTree.syncDirectory(unfinished)
    } catch {
      try? FileTree.remove(unfinished)
      throw error
    }
    try FileTree.giveName(target, to: unfinished)
    return head
  }

  /// Makes the directory in which a target is put together. What is there already is somebody else's, perhaps being
  /// written right now: it is never touched.
  static func createUnfinished(for target: String) throws(StoreError) -> String {
    let unfinished = target + unfinishedSuffix
    do throws(StoreError) { try FileTree.createDirectory(unfinished) } catch .system(_, _, EEXIST) {
      throw .unfinished(unfinished)
    }
    return unfinished
  }

  /// Whether the target would be in the directory, whatever links lead there.
  private static func isInside(_ directory: String, _ target: String) -> Bool {
    guard let directory = FileTree.resolved(directory), let parent = FileTree.resolved(FileTree.parent(of: target))
    else { return false }
    return "\(parent)/".hasPrefix(directory + "/")
  }

  private static func copy(_ environment: Environment, to path: String) throws(StoreError) {
    try StoreError.database { () throws(LMDBError) in try environment.copyCompacting(toDirectory: path) }
  }

  private static func copy(
    _ journal: JournalDirectory, through end: JournalHead, to path: String, _ goOn: () throws(StoreError) -> Void
  ) throws(StoreError) {
    let first = try journal.segmentNumbers().lowerBound
    let start =
      first == 1 ? .origin(of: journal.shape.storeID) : try journal.head(beforeBlockAt: .start(ofSegment: first))
    guard let start else { throw .noSuchSequence(1) }
    var reader = JournalReader(journal, after: start, lastSequence: end.sequence)
    var copy = JournalCopy(into: JournalDirectory(path: path, shape: journal.shape), after: start)
    while case .block = try reader.next() {
      try goOn()
      try copy.copyBlock(of: reader)
    }
    guard reader.head == end else {
      throw .rotten(journal.place(reader.head.end), problem: "the journal ends before event \(end.sequence)")
    }
    _ = try copy.finish()
  }

  /// Copies the files beside the store's own, such as a keyring.
  static func copyOtherFiles(from path: String, to target: String) throws(StoreError) {
    let own: Set = ["format", "lock", "address", manifestName]
    for name in try FileTree.names(in: path) where !own.contains(name) && FileTree.isRegularFile("\(path)/\(name)") {
      try FileTree.copy("\(path)/\(name)", to: "\(target)/\(name)")
    }
  }

  /// What a backup says of itself, a word and a value to a line.
  struct Manifest: Sendable, Equatable {
    let storeID: String
    let headSequence: UInt64
    let chainHead: String
    let headTimeMilliseconds: UInt64

    private static let firstWord = "pinvault-backup "

    init(storeID: StoreID, head: JournalHead) {
      self.storeID = storeID.description
      headSequence = head.sequence
      chainHead = head.chain.description
      headTimeMilliseconds = head.timeMilliseconds
    }

    var text: String {
      """
      \(Self.firstWord)\(DataDirectory.format)
      store \(storeID)
      sequence \(headSequence)
      chain \(chainHead)
      time \(headTimeMilliseconds)

      """
    }

    init(ofBackupAt path: String) throws(StoreError) {
      let file = "\(path)/\(manifestName)"
      guard FileTree.exists(file) else { throw .notABackup(path) }
      let text = String(decoding: try FileTree.contents(of: file, limit: 4096), as: UTF8.self)
      let lines = text.split(separator: "\n")
      var values: [Substring: String] = [:]
      for line in lines.dropFirst() {
        let words = line.split(separator: " ")
        if words.count == 2 { values[words[0]] = String(words[1]) }
      }
      guard let first = lines.first, first.hasPrefix(Self.firstWord),
        let found = UInt32(first.dropFirst(Self.firstWord.count))
      else { throw .notABackup(path) }
      guard found == DataDirectory.format else {
        throw .otherFormat(path: path, name: "backup format", found: found, expected: DataDirectory.format)
      }
      guard
        let storeID = values["store"], let chain = values["chain"],
        let sequence = values["sequence"].flatMap(UInt64.init),
        let time = values["time"].flatMap(UInt64.init)
      else { throw .notABackup(path) }
      self.storeID = storeID
      headSequence = sequence
      chainHead = chain
      headTimeMilliseconds = time
    }
  }
}

extension Store where Machine: ~Copyable {
  /// Makes a backup of the live store in a new directory, and returns the last event in it. Blocks the calling thread;
  /// the store serves meanwhile.
  ///
  /// There is one at a time; a second is refused. It reads the state and the payload for as long as copying them takes, during which their files do not reuse pages.
  package func backup(to target: String) throws(StoreError) -> JournalHead {
    guard backupTurn.take() else { throw .alreadyRunning("a backup") }
    defer { backupTurn.give() }
    let source = Backup.Source(
      directory: directory, journal: journal, database: database, payload: payload, head: { self.head },
      goOn: { () throws(StoreError) in try self.confirmMaintenance() })
    return try Backup.make(of: source, at: target)
  }

  /// Makes a backup of a directory that nobody serves; changes nothing in it.
  package static func backup(
    at directory: String, to target: String, settings: StoreSettings = StoreSettings()
  ) throws(StoreError) -> JournalHead {
    let lock = try DataDirectory.enter(directory)
    defer { _ = lock }
    let journal = try JournalDirectory(opening: "\(directory)/journal")
    try DataDirectory.createMissingState(in: directory)
    try DataDirectory.confirmPayload(of: directory)
    let database = try StateDatabase(
      at: "\(directory)/state", tables: Machine.tables, mapByteCount: settings.stateMapByteCount,
      readers: settings.maximumReaders)
    let payload = try Payload(
      at: "\(directory)/payload", of: journal.shape.storeID, tables: Machine.payloadTables,
      mapByteCount: settings.payloadMapByteCount,
      readers: settings.maximumReaders)
    let source = Backup.Source(
      directory: directory, journal: journal, database: database, payload: payload,
      head: { () throws(StoreError) in
        try JournalRecovery(directory: journal).findEnd(after: try database.lastCheckpoint()).head
      })
    return try Backup.make(of: source, at: target)
  }
}
