import Glibc
import LMDB
import Testing

@testable import PinStore

/// When the state is committed, and what a commit may reflect.
@Suite(.timeLimit(.minutes(30))) struct CheckpointTests {
  @Test(arguments: [
    ("changes", \StoreSettings.checkpointChangeCount, 40), ("journal", \.checkpointJournalByteCount, 1000),
  ])
  func oneIsTakenAfterSoMuch(what: String, limit: WritableKeyPath<StoreSettings, Int> & Sendable, value: Int) throws {
    var settings = StoreRig.settings
    settings[keyPath: limit] = value
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    for _ in 0..<100 { try tally.add("a") }
    // Each add is one block of about 80 bytes and three changes.
    #expect((5...10).contains(tally.store.counters.checkpoints - before))
  }

  @Test func oneIsTakenWhenTheFirstChangeIsOldEnough() throws {
    var settings = StoreRig.settings
    settings.checkpointMilliseconds = 0
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    for _ in 0..<5 { try tally.add("a") }
    tally.store.stop()
    #expect(tally.store.counters.checkpoints - before == 5)
  }

  @Test func oneIsTakenWhenThereIsNothingToDoAndThenNoMore() throws {
    var settings = StoreRig.settings
    settings.checkpointIdleMilliseconds = 1
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    try tally.add("a")
    while tally.store.counters.checkpoints == before { sched_yield() }
    for _ in 0..<20 { _ = try tally.look("a") }
    tally.store.stop()
    #expect(tally.store.counters.checkpoints == before + 1)
    #expect(try tally.store.database.lastCheckpoint() == tally.store.head)
  }

  @Test func oneIsTakenOfWhatASweepChangedWithoutAnEvent() throws {
    var settings = StoreRig.settings
    settings.checkpointMilliseconds = 0
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    let head = tally.store.head
    tally.context.state.withLock { $0.trimming = 3 }
    for _ in 0..<5 { _ = try tally.look("a") }
    tally.store.stop()
    #expect(tally.store.counters.checkpoints - before == 3)
    #expect(tally.store.head == head)
    #expect(try tally.store.database.lastCheckpoint() == head)
  }

  @Test func anIdleWriterKeepsWhatASweepChangedWithoutAnEvent() throws {
    var settings = StoreRig.settings
    settings.checkpointIdleMilliseconds = 1
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    tally.context.state.withLock { $0.trimming = 1 }
    _ = try tally.look("a")
    let end = MonotonicTime.nowNanoseconds() + 10_000_000_000
    while tally.store.counters.checkpoints == before, MonotonicTime.nowNanoseconds() < end { sched_yield() }
    #expect(tally.store.counters.checkpoints == before + 1)
  }

  /// A state ahead of the journal would be a state whose events may be lost.
  @Test func noneReflectsWhatIsNotSynced() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.checkpointMilliseconds = 0
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    try tally.add("a")
    let head = tally.store.head
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1)]))
    disk.awaitSync()
    #expect(try tally.store.database.lastCheckpoint()?.sequence ?? 0 <= head.sequence)
    disk.open()
    _ = tally.context.outcomes(count: 2)
    tally.store.stop()
    #expect(try tally.store.database.lastCheckpoint()?.sequence == head.sequence + 1)
  }

  @Test func aSnapshotIsExactlyTheStateOfItsHead() throws {
    let tally = try StoreRig.created().open()
    try tally.add("a", 5)
    let snapshot = try tally.store.checkpoint()
    try tally.add("a", 2)
    let later = try tally.store.checkpoint()
    #expect(snapshot.head.sequence == 2 && later.head.sequence == 3)
    #expect(try value(of: "a", in: snapshot) == 5)
    #expect(try value(of: "a", in: later) == 7)
  }

  private func value(of name: String, in snapshot: borrowing StateSnapshot) throws -> UInt64? {
    let found = try snapshot.transaction.value(for: Array(name.utf8).span.bytes, in: snapshot.tables[0])
    guard let found else { return nil }
    return UInt64(bigEndian: found.unsafeLoadUnaligned(as: UInt64.self))
  }

  @Test func aLongReplayIsCommittedAlongTheWay() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for round in 0..<20 {
      #expect(tally.store.submit((0..<50).map { .add(name: "n\($0)", amount: 1, id: $0) }))
      _ = tally.context.outcomes(count: (round + 1) * 50)
    }
    let crashed = try rig.copy(to: "crashed")
    var settings = StoreRig.settings
    settings.checkpointChangeCount = 100
    let again = try rig.open(settings, at: crashed)
    #expect(try again.look("n49") == 20)
    #expect(try again.store.verify().problems == [])
  }
}
