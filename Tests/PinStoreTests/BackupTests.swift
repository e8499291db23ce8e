import Glibc
import LMDB
import PinBytes
import Testing

@testable import PinStore

/// Backups, and what is restored from them.
@Suite(.timeLimit(.minutes(30))) struct BackupTests {
  private struct Setting {
    let rig: StoreRig
    let tally: TallyStore
    var backup: String { "\(rig.root)/saved" }
    var restored: String { "\(rig.root)/restored" }

    /// A store with 100 events of one name, 20 to a block from the second on, and a file beside it.
    init() throws {
      rig = try StoreRig.created()
      try FileTree.create("\(rig.directory)/keyring", Array("wrapped".utf8))
      tally = try rig.open()
      try tally.store.payload.withWrite { [payload = tally.store.payload] transaction in
        try transaction.put(Array("note".utf8).span.bytes, for: Array("key".utf8).span.bytes, in: payload.tables[0])
      }
      try add(99)
    }

    func add(_ count: Int) throws {
      var left = count
      while left > 0 {
        let size = min(20, left)
        let asked = tally.context.state.withLock { $0.answers.count }
        #expect(tally.store.submit((0..<size).map { .add(name: "a", amount: 1, id: $0) }))
        _ = tally.context.outcomes(count: asked + size)
        left -= size
      }
    }

    var restore: Restore { Restore(backup: backup, target: restored, settings: StoreRig.settings) }

    func run(_ restore: Restore, beyond: Restore.EventCheck = { _, _ in }) throws -> JournalHead {
      try restore.run(for: Tally.self, clock: rig.clock, beyond: beyond) { _ in
        { block in
          block.beginEvent()
          block.writer.write(shortString: "restored")
          block.writer.write(UInt64(1))
          _ = block.endEvent()
        }
      }
    }
  }

  @Test func aLiveBackupRestoresToTheSameState() throws {
    let setting = try Setting()
    _ = try setting.tally.store.checkpoint()
    try setting.add(30)
    let head = try setting.tally.store.backup(to: setting.backup)
    #expect(head == setting.tally.store.head && head.sequence == 130)
    try setting.add(10)
    #expect(try setting.run(setting.restore).sequence == 131)
    let again = try setting.rig.open(at: setting.restored)
    #expect(try again.look("a") == 129)
    #expect(try again.look("restored") == 1)
    #expect(try again.store.verify().problems == [])
    #expect(try String(decoding: FileTree.contents(of: "\(setting.restored)/keyring"), as: UTF8.self) == "wrapped")
    let read = try again.store.payload.beginRead()
    #expect(try read.count(of: again.store.payload.tables[0]) == 1)
  }

  @Test func aBackupMadeUnderLoadIsWhole() throws {
    let setting = try Setting()
    let store = setting.tally.store
    let isDone = Monitor(false)
    let load = try SystemThread {
      while !isDone.withLock({ $0 }) { _ = store.submit([.add(name: "a", amount: 1), .add(name: "b", amount: 1)]) }
    }
    var heads: [JournalHead] = []
    for number in 0..<3 {
      heads.append(try store.backup(to: setting.backup + String(number)))
      _ = try store.checkpoint()
    }
    #expect(try store.verify().problems == [])
    isDone.withLock { $0 = true }
    load.join()
    for (number, head) in heads.enumerated() {
      var restore = setting.restore
      restore.backup += String(number)
      restore.target += String(number)
      #expect(try setting.run(restore).sequence == head.sequence + 1)
      let again = try setting.rig.open(at: restore.target)
      #expect(try again.look("a") - again.look("b") == 99 || again.look("a") - again.look("b") == 100)
      #expect(try again.store.verify().problems == [])
    }
  }

  @Test func aBackupOfADirectoryAtRestRestoresToo() throws {
    let setting = try Setting()
    let live = setting.tally.store.head
    setting.tally.close()
    let head = try Store<Tally>.backup(at: setting.rig.directory, to: setting.backup, settings: StoreRig.settings)
    #expect(head == live)
    _ = try setting.run(setting.restore)
    #expect(try setting.rig.open(at: setting.restored).look("a") == 99)
  }

  @Test func aBackupIsNeverServedNorOverwritten() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    #expect(throws: StoreError.isBackup(setting.backup)) { try setting.rig.open(at: setting.backup) }
    #expect(throws: StoreError.alreadyThere(setting.backup)) { try setting.tally.store.backup(to: setting.backup) }
    _ = try setting.run(setting.restore)
    #expect(throws: StoreError.alreadyThere(setting.restored)) { _ = try setting.run(setting.restore) }
    #expect(throws: StoreError.notABackup(setting.restored)) {
      _ = try setting.run(Restore(backup: setting.restored, target: "\(setting.rig.root)/other"))
    }
  }

  /// A client that lost its connection asks again while the first backup is being made.
  @Test func ofTwoBackupsAtOnceOneIsMadeAndTheOtherRefused() throws {
    let setting = try Setting()
    let store = setting.tally.store
    for round in 0..<10 {
      let path = setting.backup + String(round)
      let results = Monitor<[Result<JournalHead, StoreError>]>([])
      let threads = try (0..<3).map { _ in
        try SystemThread {
          let result = Result { () throws(StoreError) in try store.backup(to: path) }
          results.withLock { $0.append(result) }
        }
      }
      for thread in threads { thread.join() }
      let heads = results.withLock { $0 }.compactMap { try? $0.get() }
      #expect(heads == [store.head])
      for case .failure(let error) in results.withLock({ $0 }) {
        #expect([StoreError.alreadyRunning("a backup"), .alreadyThere(path)].contains(error))
      }
      #expect(try FileTree.names(in: path) == ["backup", "journal", "keyring", "payload", "state"])
      var restore = setting.restore
      restore.backup = path
      restore.target += String(round)
      #expect(try setting.run(restore).sequence == 101)
    }
  }

  @Test func whatIsThereIsNeverRemovedToMakeABackupOrARestore() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    for path in [setting.backup + "2", setting.restored] {
      try FileTree.createDirectory("\(path).unfinished")
      try FileTree.create("\(path).unfinished/precious", [1])
    }
    #expect(throws: StoreError.unfinished(setting.backup + "2.unfinished")) {
      try setting.tally.store.backup(to: setting.backup + "2")
    }
    #expect(throws: StoreError.unfinished(setting.restored + ".unfinished")) { try setting.run(setting.restore) }
    for path in [setting.backup + "2", setting.restored] {
      #expect(try FileTree.names(in: "\(path).unfinished") == ["precious"])
    }
  }

  @Test(arguments: ["data/saved", "data/journal/saved", "link/saved", "data/../data/saved"])
  func noBackupIsMadeInsideTheDataDirectory(path: String) throws {
    let setting = try Setting()
    symlink(setting.rig.directory, "\(setting.rig.root)/link")
    let target = "\(setting.rig.root)/\(path)"
    #expect(throws: StoreError.insideDataDirectory(target)) { try setting.tally.store.backup(to: target) }
    #expect(!FileTree.exists(target) && !FileTree.exists(target + ".unfinished"))
  }

  /// Blocks of the setting: event 1, then 20 to a block; the state's checkpoint is at 1 or at 100.
  @Test(arguments: [1, 2, 20, 21, 22, 41, 99, 100] as [UInt64], [false, true])
  func aChosenSequenceIsRestoredExactly(sequence: UInt64, isStateNewer: Bool) throws {
    let setting = try Setting()
    if isStateNewer { _ = try setting.tally.store.checkpoint() }
    _ = try setting.tally.store.backup(to: setting.backup)
    var restore = setting.restore
    restore.lastSequence = sequence
    #expect(try setting.run(restore).sequence == sequence + 1)
    let again = try setting.rig.open(at: setting.restored)
    #expect(try again.look("a") == sequence - 1)
    #expect(try again.look("restored") == 1)
    #expect(try again.add("a") == .value(sequence, sequence: sequence + 2))
    #expect(try again.store.verify().problems == [])
  }

  @Test(arguments: [0, 101, 1000] as [UInt64])
  func aSequenceThatIsNotThereIsRefused(sequence: UInt64) throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    var restore = setting.restore
    restore.lastSequence = sequence
    #expect(throws: StoreError.noSuchSequence(sequence)) { _ = try setting.run(restore) }
    #expect(try FileTree.names(in: setting.rig.root) == ["data", "saved"])
  }

  @Test func aSurvivingJournalLosesNothing() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    try setting.add(4000)
    let head = setting.tally.store.head
    #expect(head.end.segment > 1)
    let crashed = try setting.rig.copy(to: "crashed")
    var restore = setting.restore
    restore.survivingJournal = "\(crashed)/journal"
    #expect(try restore.run(for: Tally.self, clock: setting.rig.clock, admission: { _ in nil }) == head)
    let again = try setting.rig.open(at: setting.restored)
    #expect(again.store.head == head)
    #expect(try again.look("a") == 4099)
    #expect(try again.store.verify().problems == [])
  }

  @Test func aSurvivingJournalIsRestoredUpToAChosenSequence() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    try setting.add(200)
    let crashed = try setting.rig.copy(to: "crashed")
    var restore = setting.restore
    restore.survivingJournal = "\(crashed)/journal"
    restore.lastSequence = 150
    var seen: [UInt64] = []
    var other = restore
    other.target += "-seen"
    _ = try setting.run(other) { seen.append($1) }
    #expect(seen == Array(101...150))
    #expect(try setting.run(restore).sequence == 151)
    #expect(try setting.rig.open(at: setting.restored).look("a") == 149)
  }

  @Test func aJournalThatDoesNotContinueTheBackupIsRefused() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    // The same founding id and the same first events, but then another course.
    var other = setting.restore
    other.target = "\(setting.rig.root)/other"
    other.lastSequence = 50
    _ = try setting.run(other)
    var restore = setting.restore
    restore.survivingJournal = "\(other.target)/journal"
    let expected = StoreError.foreignJournal("\(other.target)/journal does not continue the backup at event 100")
    #expect(throws: expected) { _ = try setting.run(restore) }
  }

  @Test func aDamagedBackupIsNotRestored() throws {
    let setting = try Setting()
    _ = try setting.tally.store.backup(to: setting.backup)
    let journal = try JournalDirectory(opening: "\(setting.backup)/journal")
    let file = try File.open(journal.file(ofSegment: 1), .write)
    try file.write([255, 255].span.bytes, at: 4096 + 200)
    #expect(throws: StoreError.self) { _ = try setting.run(setting.restore) }
    #expect(!FileTree.exists(setting.restored))
  }
}

/// A stop does not wait for what may take long.
@Suite struct EndedMaintenanceTests {
  @Test func aVerificationAndABackupEndEarlyAndLeaveNothing() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for _ in 0..<10 { try tally.add("a") }
    tally.store.endMaintenance()
    #expect(throws: StoreError.stopped) { _ = try tally.store.verify() }
    #expect(throws: StoreError.stopped) { _ = try tally.store.backup(to: rig.root + "/backup") }
    #expect(try FileTree.names(in: rig.root) == ["data"])
    #expect(try !FileTree.names(in: rig.directory).contains { $0.hasPrefix("scratch") })
    #expect(try tally.look("a") == 10)
  }

  @Test(arguments: 1...12) func aBackupGivenUpAnywhereLeavesNothing(step: Int) throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for _ in 0..<10 { try tally.add("a") }
    let store = tally.store
    var steps = 0
    let source = Backup.Source(
      directory: rig.directory, journal: store.journal, database: store.database, payload: store.payload,
      head: { store.head },
      goOn: { () throws(StoreError) in
        steps += 1
        if steps == step { throw .stopped }
      })
    #expect(throws: StoreError.stopped) { _ = try Backup.make(of: source, at: rig.root + "/backup") }
    #expect(try FileTree.names(in: rig.root) == ["data"])
  }
}
