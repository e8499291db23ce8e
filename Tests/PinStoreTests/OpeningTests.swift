import Glibc
import LMDB
import PinSealing
import Testing

@testable import PinStore

/// Opening a directory: after a crash, in the wrong hands, at the wrong time.
@Suite(.timeLimit(.minutes(30))) struct OpeningTests {
  @Test func everyAnsweredEventSurvivesACrash() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for index in 0..<200 { try tally.add("n\(index % 7)", UInt64(index)) }
    let crashed = try rig.copy(to: "crashed")
    let again = try rig.open(at: crashed)
    #expect(again.store.head == tally.store.head)
    for name in 0..<7 { #expect(try again.look("n\(name)") == tally.look("n\(name)")) }
  }

  @Test func theJournalGoesOnOverSegmentsAndCheckpoints() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    let name = String(repeating: "x", count: 200)
    for round in 1...5 {
      #expect(tally.store.submit((0..<200).map { .add(name: name, amount: 1, id: $0) }))
      _ = tally.context.outcomes(count: round * 200)
      if round == 3 { _ = try tally.store.checkpoint() }
    }
    #expect(tally.store.head.end.segment > 3)
    let crashed = try rig.open(at: try rig.copy(to: "crashed"))
    #expect(try crashed.look(name) == 1000)
    #expect(crashed.store.head == tally.store.head)
  }

  @Test func whatWasNotSyncedIsGoneOrWhole() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let rig = try StoreRig.created()
    let tally = try rig.open(settings)
    try tally.add("a")
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1), .add(name: "b", amount: 1)]))
    disk.awaitSync()
    let crashed = try rig.open(at: try rig.copy(to: "crashed"))
    disk.open()
    // Written but not synced: after a mere kill the bytes are there, and the events happened, both of them.
    #expect(try crashed.look("a") == 2)
    #expect(try crashed.look("b") == 1)
  }

  /// Rewriting in place what was read: without it, a replayed event could still be lost to a power cut.
  @Test func everyBlockAfterTheCheckpointIsWrittenAndSyncedAgain() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for _ in 0..<5 { try tally.add("a") }
    let crashed = try rig.copy(to: "crashed")
    let disk = FaultyDisk()
    let writes = Monitor<[Int]>([])
    var settings = StoreRig.settings
    let calls = disk.calls
    settings.systemCalls = calls
    settings.systemCalls.write = { descriptor, bytes, offset in
      writes.withLock { $0.append(bytes.count) }
      return calls.write(descriptor, bytes, offset)
    }
    _ = try rig.open(settings, at: crashed)
    let blocks = writes.withLock { $0 }
    #expect(blocks.count == 5 && blocks.allSatisfy { $0 > BlockHeader.byteCount })
    #expect(disk.state.withLock { $0.syncs } == 1)
  }

  @Test func recoveryIsJournaledBeforeServing() throws {
    let rig = try StoreRig.created()
    let context = Tally.Context()
    context.state.withLock { $0.recoveryEvents = 3 }
    let tally = try rig.open(context: context)
    #expect(tally.store.head.sequence == 4)
    #expect(try tally.look("recovered") == 3)
    #expect(context.state.withLock { $0.recoveries } == 1)
  }

  @Test func aDirectoryIsOpenedOnce() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    #expect(throws: StoreError.directoryInUse(rig.directory)) { try rig.open() }
    #expect(try tally.look("genesis") == 1)
  }

  @Test(
    "A directory of an older or a newer format is refused, with both numbers and what to do",
    arguments: [(DataDirectory.format - 1, "older"), (DataDirectory.format + 1, "newer")])
  func anotherFormatNumberIsRefused(found: UInt32, word: String) throws {
    let rig = try StoreRig.created()
    try FileTree.remove("\(rig.directory)/format")
    try FileTree.create("\(rig.directory)/format", Array("pinvault-data \(found)\n".utf8))
    let error = StoreError.otherFormat(
      path: rig.directory, name: "data format", found: found, expected: DataDirectory.format)
    #expect(throws: error) { try rig.open() }
    for part in ["data format \(found)", "data format \(DataDirectory.format)", "use the \(word) version"] {
      #expect(error.description.contains(part))
    }
    #expect(error.description.contains("pinvault init") == (word == "older"))
  }

  @Test(arguments: ["", "pinvault-data\n", "pinvault-data 0\n", "pinvault-data x\n", "hello"])
  func anotherFormatIsRefused(text: String) throws {
    let rig = try StoreRig.created()
    try FileTree.remove("\(rig.directory)/format")
    try FileTree.create("\(rig.directory)/format", Array(text.utf8))
    #expect(throws: StoreError.notADataDirectory(rig.directory)) { try rig.open() }
  }

  @Test func aDirectoryThatCannotBeReadIsNotSaidToBeNone() throws {
    let rig = try StoreRig.created()
    let path = "\(rig.directory)/format"
    try FileTree.remove(path)
    try #require(symlink(path, path) == 0)
    #expect(throws: StoreError.system(operation: "open", path: path, code: ELOOP)) { try rig.open() }
  }

  @Test func aJournalOfANewerFormatIsRefused() throws {
    let rig = try StoreRig.created()
    let path = "\(rig.directory)/journal/\(JournalFormat.fileName(ofSegment: 1))"
    var header = Array(try FileTree.contents(of: path)[..<48])
    header[11] = 2
    try File.open(path, .write).write(
      (header + [UInt8](bigEndian: SHA256Hasher.sha256(of: header.span.bytes).check)).span.bytes, at: 0)
    #expect(throws: StoreError.otherFormat(path: path, name: "journal format", found: 2, expected: 1)) {
      try rig.open()
    }
  }

  @Test func aDirectoryIsCreatedOnce() throws {
    let rig = try StoreRig.created()
    #expect(throws: StoreError.alreadyThere("\(rig.directory)/format")) {
      try Store<Tally>.create(at: rig.directory, storeID: StoreRig.storeID) { _ in }
    }
  }

  // MARK: Law 7: time is decided once

  @Test func aClockFarAheadOrBehindIsRefusedUnlessAccepted() throws {
    let rig = try StoreRig.created()
    let stamp = rig.clock.nowMilliseconds()
    let day: UInt64 = 24 * 60 * 60 * 1000
    for (now, isRefused) in [
      (stamp, false), (stamp + day, false), (stamp + day + 1, true), (stamp - 5000, false), (stamp - 5001, true),
    ] {
      rig.clock.set(now)
      let expected: StoreError =
        now > stamp
        ? .clockAhead(lastMilliseconds: stamp, nowMilliseconds: now)
        : .clockBehind(lastMilliseconds: stamp, nowMilliseconds: now)
      if isRefused {
        #expect(throws: expected) { try rig.open() }
        var settings = StoreRig.settings
        settings.acceptsClock = true
        #expect(try rig.open(settings).look("genesis") == 1)
      } else {
        #expect(try rig.open().look("genesis") == 1)
      }
    }
  }

  @Test func stampsNeverGoBack() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    let start = rig.clock.nowMilliseconds()
    for (clock, stamp) in [(start + 10, start + 10), (start + 4, start + 10), (start + 11, start + 11)] {
      rig.clock.set(clock)
      try tally.add("a")
      #expect(tally.store.head.timeMilliseconds == stamp)
    }
  }
}
