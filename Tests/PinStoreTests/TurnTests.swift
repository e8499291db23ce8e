import Testing

@testable import PinStore

/// Who runs the writer: a thread that finds it idle, or the writer's own; and what either leaves to the other.
@Suite(.timeLimit(.minutes(30))) struct TurnTests {
  @Test func whoFindsTheWriterIdleHasTheAnswersBeforeItReturns() throws {
    var settings = StoreRig.settings
    settings.idleSweepMilliseconds = 3_600_000
    let tally = try StoreRig.created().open(settings)
    for number in 1...100 {
      let sequence = UInt64(number) + 1
      // The first may come while the writer's own thread is still at its first turn.
      guard number > 1 else {
        try tally.add("a")
        continue
      }
      while tally.store.link.waiting.withLock({ $0.isTurnTaken }) {}
      #expect(tally.store.perform([.add(name: "a", amount: 1, id: number)]))
      let answers = tally.context.state.withLock { $0.answers }
      #expect(answers.count == number)
      #expect(answers.last?.outcome == .value(UInt64(number), sequence: sequence))
      #expect(tally.store.head.sequence == sequence)
    }
    #expect(tally.store.counters.syncs == 100)
  }

  @Test func whoFindsTheWriterAtWorkHandsOverAndDoesNotWait() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    let store = tally.store
    disk.close()
    defer { disk.open() }
    let performing = try SystemThread { #expect(store.perform([.add(name: "a", amount: 1, id: 1)])) }
    disk.awaitSync()
    #expect(store.perform([.add(name: "a", amount: 1, id: 2), .look(name: "a", id: 3)]))
    #expect(tally.context.state.withLock { $0.answers.isEmpty })
    disk.open()
    #expect(tally.context.outcome(of: 1) == .value(1, sequence: 2))
    #expect(tally.context.outcome(of: 2) == .value(2, sequence: 3))
    #expect(tally.context.outcome(of: 3) == .value(2, sequence: 3))
    performing.join()
  }

  /// Law 2, whichever thread performs it: neither an answer nor what it changed is to be seen while its block is synced.
  @Test(arguments: [true, false]) func nothingIsToldBeforeItsSync(isPerformedByAsker: Bool) throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    let store = tally.store
    try tally.add("a")
    while store.link.waiting.withLock({ $0.isTurnTaken }) {}
    let head = store.head
    disk.close()
    defer { disk.open() }
    let requests: [Tally.Request] = [.add(name: "a", amount: 1, id: 1), .look(name: "a", id: 2)]
    let asking = try SystemThread {
      #expect(isPerformedByAsker ? store.perform(requests) : store.submit(requests))
    }
    disk.awaitSync()
    tally.context.state.withLock {
      #expect($0.answers.count == 1)
      #expect($0.published["a"] == 1)
    }
    #expect(store.head == head)
    disk.open()
    #expect(tally.context.outcome(of: 2) == .value(2, sequence: 3))
    asking.join()
  }

  /// One block holds less than these; the next comes before the writer's own thread has woken up.
  @Test func whatOneBlockDoesNotHoldIsDoneBeforeAnythingElse() throws {
    let tally = try StoreRig.created().open()
    let (rounds, count) = (50, 400)
    for round in 0..<rounds {
      let first = round * (count + 1)
      #expect(tally.store.perform((0..<count).map { .add(name: "a", amount: 1, id: first + $0) }))
      #expect(tally.store.perform([.add(name: "a", amount: 1, id: first + count)]))
    }
    let outcomes = tally.context.outcomes(count: rounds * (count + 1))
    for (index, outcome) in outcomes.enumerated() {
      let number = UInt64(index)
      #expect(outcome == .value(number + 1, sequence: number + 2))
    }
  }

  @Test func aCheckpointThatIsDueIsTakenBetweenBatchesOfOthers() throws {
    var settings = StoreRig.settings
    settings.checkpointChangeCount = 20
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters.checkpoints
    for id in 1...400 {
      #expect(tally.store.perform([.add(name: "a", amount: 1, id: id)]))
      #expect(tally.context.outcome(of: id) == .value(UInt64(id), sequence: UInt64(id) + 1))
    }
    // The last is answered before the checkpoint that it makes due.
    #expect(tally.store.counters.checkpoints - before >= 19)
  }

  @Test func aBatchThatCannotBeAppliedIsUndoneByTheWritersOwnThread() throws {
    var settings = StoreRig.settings
    settings.stateMapByteCount = 2 << 20
    let rig = try StoreRig.created(settings)
    let tally = try rig.open(settings)
    for _ in 0..<20 { try tally.add("a") }
    while tally.store.link.waiting.withLock({ $0.isTurnTaken }) {}
    #expect(
      tally.store.perform([
        .add(name: "a", amount: 1, id: 1), .fill(byteCount: 8 << 20, id: 2), .look(name: "a", id: 3),
      ]))
    #expect(tally.context.outcome(of: 1) == .turnedAway(.storageFull))
    #expect(tally.context.outcome(of: 2) == .turnedAway(.storageFull))
    #expect(tally.context.outcome(of: 3) == .value(20, sequence: 21))
    #expect(tally.store.counters.abandonedBatches == 1)
    #expect(tally.store.failure == nil)
  }

  @Test func aSyncThatFailsUnderAnotherThreadStopsTheStore() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    try tally.add("a")
    while tally.store.link.waiting.withLock({ $0.isTurnTaken }) {}
    disk.state.withLock { $0.failsSync = true }
    #expect(tally.store.perform([.add(name: "a", amount: 1, id: 7)]))
    #expect(tally.context.outcome(of: 7) == .turnedAway(.outcomeUnknown))
    #expect(tally.store.failure != nil)
    #expect(!tally.store.perform([.look(name: "a", id: 8)]))
  }
}
