import Glibc
import PinSealing

/// The directory that a store lives in: what is in it, which format it has, and who may enter.
enum DataDirectory {
  /// Another one for each change of what is on disk, in the state or in the payload, of backups too: a program must not take
  /// one for the other.
  static let format: UInt32 = 3
  static let formatText = "\(formatWord)\(format)\n"
  private static let formatWord = "pinvault-data "

  /// Takes the directory's lock, if it is a data directory of this format and not a backup.
  static func enter(_ path: String) throws(StoreError) -> DirectoryLock {
    try confirmFormat(of: path)
    return try DirectoryLock(path)
  }

  /// Throws unless the directory says that it has this program's format.
  static func confirmFormat(of path: String) throws(StoreError) {
    let bytes: [UInt8]
    do throws(StoreError) { bytes = try FileTree.contents(of: "\(path)/format", limit: 256) } catch {
      // What may not be read, or not be reached, is not known to be none.
      guard case .system(_, _, let code) = error, [ENOENT, ENOTDIR].contains(code) else { throw error }
      throw FileTree.exists("\(path)/\(Backup.manifestName)") ? .isBackup(path) : .notADataDirectory(path)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text != formatText else { return }
    guard text.hasPrefix(formatWord), text.hasSuffix("\n"),
      let found = UInt32(text.dropFirst(formatWord.count).dropLast()), found > 0
    else { throw .notADataDirectory(path) }
    throw .otherFormat(path: path, name: "data format", found: found, expected: Self.format)
  }

  static let parts = ["journal", "state", "payload"]

  /// Makes the subdirectories of a new store.
  static func createParts(in path: String) throws(StoreError) {
    for part in parts { try FileTree.createDirectory("\(path)/\(part)") }
  }

  /// Makes the state's directory anew if it is gone: the start then makes the state from the journal.
  static func createMissingState(in path: String) throws(StoreError) {
    let state = "\(path)/state"
    guard !FileTree.exists(state) else { return }
    try FileTree.createDirectory(state)
    try FileTree.syncDirectory(path)
  }

  /// Refuses a directory whose payload is gone: an empty one in its place would be a store that has lost its cards.
  static func confirmPayload(of path: String) throws(StoreError) {
    let file = "\(path)/payload/data.mdb"
    guard FileTree.isRegularFile(file), try !FileTree.contents(of: file, limit: 1).isEmpty else {
      throw .payloadMissing(
        "\(file) is gone, and the cards with it: restore a backup, giving this journal (--journal) and its last "
          + "event (--head)")
    }
  }

  /// Writes the format file, which is what makes a directory a data directory: the last step of making one.
  static func finish(_ path: String) throws(StoreError) {
    try FileTree.syncDirectory(path)
    try FileTree.create("\(path)/format", Array(formatText.utf8))
    try FileTree.syncDirectory(path)
  }
}

extension Store where Machine: ~Copyable {
  /// Makes a data directory with a journal whose first events `genesis` writes: at least one.
  ///
  /// The directory may exist, with other files in it, but not be or have been a data directory. Nothing is applied here:
  /// the store replays the events when it is opened.
  package static func create(
    at directory: String, storeID: StoreID, settings: StoreSettings = StoreSettings(),
    clock: any StoreClock = SystemClock(), genesis: (inout Block) -> Void
  ) throws(StoreError) {
    if !FileTree.exists(directory) { try FileTree.createDirectory(directory) }
    for name in ["format", Backup.manifestName] + DataDirectory.parts {
      if FileTree.exists("\(directory)/\(name)") { throw .alreadyThere("\(directory)/\(name)") }
    }
    let shape = JournalShape(
      storeID: storeID, segmentByteCount: settings.segmentByteCount,
      largestBlockByteCount: settings.largestBlockByteCount)
    do throws(StoreError) {
      try DataDirectory.createParts(in: directory)
      let journal = JournalDirectory(path: "\(directory)/journal", shape: shape)
      try SegmentPreparer.prepare(1, in: journal)
      try journal.append(after: .origin(of: storeID), timeMilliseconds: clock.nowMilliseconds(), settings, genesis)
      // From now on a data directory without a payload has lost it. Without a state it is made from the journal.
      try Payload.create(
        at: "\(directory)/payload", of: storeID, mapByteCount: settings.payloadMapByteCount)
      // LMDB syncs its file, but not its name.
      try FileTree.syncDirectory("\(directory)/payload")
      try DataDirectory.finish(directory)
      try FileTree.syncDirectory(FileTree.parent(of: directory))
    } catch {
      for part in DataDirectory.parts { try? FileTree.remove("\(directory)/\(part)") }
      throw error
    }
  }
}

extension JournalDirectory {
  /// Appends one block to a journal that nobody serves, and syncs it.
  @discardableResult
  func append(
    after head: JournalHead, timeMilliseconds: UInt64, _ settings: StoreSettings, _ write: (inout Block) -> Void
  ) throws(StoreError) -> JournalHead {
    var block = Block(nextSequence: head.sequence + 1, largestByteCount: shape.largestBlockByteCount)
    block.begin(nextSequence: head.sequence + 1, timeMilliseconds: max(timeMilliseconds, head.timeMilliseconds))
    write(&block)
    precondition(block.eventCount > 0, "a block has at least one event")
    let next = head.end.segment + 1
    if !FileTree.exists(file(ofSegment: next)), head.end.offset + block.byteCount > shape.segmentByteCount {
      try SegmentPreparer.prepare(next, in: self)
    }
    let preparer = SegmentPreparer(self, ready: try segmentNumbers().upperBound, current: head.end.segment)
    var appender = try JournalAppender.open(self, head: head, preparer: preparer, calls: settings.systemCalls)
    _ = try appender.append(&block)
    return appender.head
  }
}
