import Glibc
import LMDB
import Testing

@testable import PinStore

/// What the store does when the disk does not do as it is told.
@Suite(.timeLimit(.minutes(30))) struct FailureTests {
  /// Law 2: a sync that failed is never retried, and nothing of its batch is acknowledged.
  @Test func aFailedSyncStopsTheStoreAndAcknowledgesNothing() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let rig = try StoreRig.created()
    let tally = try rig.open(settings)
    try tally.add("a")
    let head = tally.store.head
    let checkpoints = tally.store.counters.checkpoints
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1, id: 1), .look(name: "a", id: 2)]))
    disk.awaitSync()
    #expect(tally.store.submit([.add(name: "a", amount: 1, id: 3)]))
    disk.state.withLock { $0.failsSync = true }
    let syncs = disk.state.withLock { $0.syncs }
    disk.open()
    let outcomes = tally.context.outcomes(count: 4).dropFirst()
    #expect(Array(outcomes) == [.turnedAway(.outcomeUnknown), .turnedAway(.outcomeUnknown), .turnedAway(.stopped)])
    tally.store.stop()
    #expect(disk.state.withLock { $0.syncs } == syncs + 1)
    #expect(tally.context.state.withLock { $0.published["a"] } == 1)
    #expect(tally.store.head == head)
    #expect(tally.store.counters.checkpoints == checkpoints)
    guard case .system("sync", _, 5)? = tally.store.failure else {
      Issue.record("the failure is \(String(describing: tally.store.failure))")
      return
    }
    #expect(!tally.store.submit([.look(name: "a")]))
    #expect(throws: tally.store.failure!) { _ = try tally.store.checkpoint() }
  }

  /// Asked for together with the batch whose sync fails: the writer has taken it, and it is no longer waiting.
  @Test func whoWaitsForACheckpointIsToldOfTheFailure() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    disk.state.withLock { $0.failsSync = true }
    let tickets = [CheckpointTicket(), CheckpointTicket()]
    let told = Monitor<[StoreError]>([])
    for ticket in tickets {
      _ = try SystemThread {
        do throws(StoreError) { _ = try ticket.wait() } catch {
          told.withLock { $0.append(error) }
          told.wake()
        }
      }
    }
    tally.store.link.waiting.withLock {
      $0.requests.append(.add(name: "a", amount: 1))
      $0.checkpoints += tickets
    }
    tally.store.link.waiting.wake()
    let errors = told.wait(atMost: 10_000_000_000) { $0.count == 2 ? $0 : nil }
    let failure = try #require(tally.store.failure)
    #expect(errors == [failure, failure])
  }

  @Test func aFailedWriteStopsTheStoreAndWhatIsTornIsForgotten() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let rig = try StoreRig.created()
    let tally = try rig.open(settings)
    try tally.add("a")
    disk.state.withLock { $0.tornAfter = 40 }
    #expect(try tally.add("a") == .turnedAway(.outcomeUnknown))
    tally.close()
    let again = try rig.open()
    #expect(try again.look("a") == 1)
    #expect(try again.add("a") == .value(2, sequence: 3))
  }

  @Test func aFullMapRefusesTheBatchAndLosesNothing() throws {
    var settings = StoreRig.settings
    settings.stateMapByteCount = 2 << 20
    let rig = try StoreRig.created(settings)
    let tally = try rig.open(settings)
    for _ in 0..<20 { try tally.add("a") }
    #expect(
      tally.store.submit([
        .add(name: "a", amount: 1, id: 1), .fill(byteCount: 8 << 20, id: 2), .look(name: "a", id: 3),
      ]))
    // One batch: all that was performed with the failing request is refused with it.
    #expect(tally.context.outcome(of: 1) == .turnedAway(.storageFull))
    #expect(tally.context.outcome(of: 2) == .turnedAway(.storageFull))
    #expect(tally.context.outcome(of: 3) == .value(20, sequence: 21))
    #expect(tally.store.counters.abandonedBatches == 1)
    #expect(tally.store.head.sequence == 21)
    // For a moment changes are refused and looking works.
    #expect(try tally.add("a") == .refused)
    #expect(try tally.look("a") == 20)
    tally.close()
    let again = try rig.open(settings)
    #expect(try again.add("a") == .value(21, sequence: 22))
  }

  @Test func changesAreRefusedWithoutRoomAndLookingWorks() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    settings.diskHeadroomByteCount = 1 << 20
    disk.state.withLock { $0.freeBytes = 1 << 20 - 1 }
    let rig = try StoreRig.created()
    let tally = try rig.open(settings)
    #expect(try tally.add("a") == .refused)
    #expect(try tally.look("genesis") == 1)
    #expect(tally.store.counters.isShutForRoom)
    disk.state.withLock { $0.freeBytes = 1 << 20 }
    #expect(try tally.add("a") == .value(1, sequence: 2))
    #expect(!tally.store.counters.isShutForRoom)
  }

  @Test func changesAreRefusedWithoutHeadroomInTheMap() throws {
    var settings = StoreRig.settings
    settings.stateHeadroomByteCount = settings.stateMapByteCount
    let tally = try StoreRig.created().open(settings)
    #expect(try tally.add("a") == .refused)
    #expect(try tally.look("genesis") == 1)
  }

  /// The disk takes its time with a segment: those who look do not wait for it.
  @Test func lookingGoesOnWhileASegmentIsBeingMade() throws {
    struct Slices: Sendable {
      var count = 0
      var isHeld = true
    }
    let slices = Monitor(Slices())
    var settings = StoreRig.settings
    settings.segmentPatienceMilliseconds = 10
    // The fourth segment, which is the third to be made beside the store, and one slice.
    settings.systemCalls.syncSlice = { descriptor in
      let number = slices.withLock {
        $0.count += 1
        return $0.count
      }
      _ = slices.wait { number < 3 || !$0.isHeld ? true : nil }
      return fdatasync(descriptor)
    }
    let tally = try StoreRig.created().open(settings)
    defer {
      slices.withLock { $0.isHeld = false }
      slices.wake()
    }
    let name = String(repeating: "x", count: 200)
    var added: UInt64 = 0
    while case .value = try tally.add(name) { added += 1 }
    #expect(tally.store.head.end.segment == 3)
    #expect(try tally.add(name) == .refused)
    #expect(try tally.look(name) == added)
    #expect(tally.store.counters.isShutForRoom)
    slices.withLock { $0.isHeld = false }
    slices.wake()
    while try tally.add(name) == .refused {}
    #expect(try tally.look(name) == added + 1)
  }

  @Test func aStoreJustMadeTakesChangesAtOnce() throws {
    var settings = StoreRig.settings
    settings.segmentPatienceMilliseconds = 0
    let tally = try StoreRig.created().open(settings)
    #expect(try tally.add("a") == .value(1, sequence: 2))
  }

  /// A segment that cannot be made ahead of need refuses changes before the journal runs out of room, not after.
  @Test func changesAreRefusedWithoutASpareSegment() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    let obstacle = "\(rig.directory)/journal/\(JournalFormat.fileName(ofSegment: 4))"
    try FileTree.createDirectory(obstacle)
    let name = String(repeating: "x", count: 200)
    var added: UInt64 = 0
    while try tally.add(name) != .refused { added += 1 }
    #expect(tally.store.head.end.segment == 3)
    #expect(tally.store.counters.isShutForRoom)
    #expect(try tally.look(name) == added)
    try FileTree.remove(obstacle)
    while try tally.add(name) == .refused {}
    #expect(try tally.look(name) == added + 1)
  }
}
