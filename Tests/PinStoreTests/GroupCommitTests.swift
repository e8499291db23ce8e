import Testing

@testable import PinStore

/// Law 2: nothing is acknowledged before the event that decided it is on disk; and what that costs.
@Suite(.timeLimit(.minutes(30))) struct GroupCommitTests {
  @Test func aLoneRequestCostsOneSyncAndNoCommit() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    let before = tally.store.counters
    let syncsBefore = disk.state.withLock { $0.syncs }
    for _ in 0..<10 { try tally.add("a") }
    let after = tally.store.counters
    #expect(disk.state.withLock { $0.syncs } - syncsBefore == 10)
    #expect(after.syncs - before.syncs == 10)
    #expect(after.checkpoints == before.checkpoints)
    #expect(after.events - before.events == 10)
  }

  @Test func requestsSubmittedAtOnceShareOneSync() throws {
    let tally = try StoreRig.created().open()
    let before = tally.store.counters.syncs
    #expect(tally.store.submit((0..<100).map { .add(name: "n\($0)", amount: 1, id: $0) }))
    let outcomes = tally.context.outcomes(count: 100)
    #expect(tally.store.counters.syncs - before == 1)
    // The first event of the store is genesis.
    #expect(outcomes == (0..<100).map { .value(1, sequence: UInt64($0) + 2) })
  }

  @Test func whatWaitsWhileOneSyncRunsSharesTheNext() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1, id: 1)]))
    disk.awaitSync()
    let before = tally.store.counters.syncs
    for id in 2...64 { #expect(tally.store.submit([.add(name: "a", amount: 1, id: id)])) }
    disk.open()
    _ = tally.context.outcomes(count: 64)
    #expect(tally.store.counters.syncs - before == 2)
  }

  @Test func noAnswerComesBeforeTheSyncAndNothingIsPublished() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created().open(settings)
    let head = tally.store.head
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1, id: 1), .look(name: "a", id: 2)]))
    disk.awaitSync()
    #expect(tally.context.state.withLock { $0.answers.isEmpty && $0.published.isEmpty })
    #expect(tally.store.head == head)
    disk.open()
    #expect(tally.context.outcomes(count: 2) == [.value(1, sequence: 2), .value(1, sequence: 2)])
    #expect(tally.store.head.sequence == 2)
  }

  @Test func looksCostNoSync() throws {
    let tally = try StoreRig.created().open()
    let before = tally.store.counters
    #expect(try tally.look("genesis") == 1)
    #expect(tally.store.counters.syncs == before.syncs)
    // A sweep may have been a batch meanwhile.
    #expect(tally.store.counters.requests == before.requests + 1)
  }

  @Test func aBatchLargerThanABlockBecomesSeveral() throws {
    var settings = StoreRig.settings
    settings.requestsPerBatch = 10
    let tally = try StoreRig.created(settings).open(settings)
    let before = tally.store.counters.syncs
    #expect(tally.store.submit((0..<35).map { .add(name: "a", amount: 1, id: $0) }))
    let outcomes = tally.context.outcomes(count: 35)
    #expect(outcomes == (1...35).map { .value($0, sequence: $0 + 1) })
    #expect(tally.store.counters.syncs - before == 4)
  }

  @Test func aFullQueueTakesNothing() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.queueLimit = 8
    settings.systemCalls = disk.calls
    let tally = try StoreRig.created(settings).open(settings)
    disk.close()
    defer { disk.open() }
    #expect(tally.store.submit([.add(name: "a", amount: 1)]))
    disk.awaitSync()
    #expect(tally.store.submit((0..<8).map { .add(name: "a", amount: 1, id: $0) }))
    #expect(!tally.store.submit([.add(name: "a", amount: 1)]))
    #expect(tally.store.counters.turnedAway == 1)
    #expect(tally.store.counters.queueDepth == 8)
    disk.open()
    #expect(tally.context.outcomes(count: 9).last == .value(9, sequence: 10))
  }

  @Test func aShortWriteIsContinued() throws {
    let disk = FaultyDisk()
    var settings = StoreRig.settings
    settings.systemCalls = disk.calls
    let rig = try StoreRig.created()
    let tally = try rig.open(settings)
    disk.state.withLock { $0.shortWrites = true }
    try tally.add("a", 5)
    tally.close()
    #expect(try rig.open().look("a") == 5)
  }

  @Test func whatTimeMakesDueIsDoneBeforeTheBatch() throws {
    let tally = try StoreRig.created().open()
    tally.context.state.withLock { $0.expiring = 3 }
    #expect(try tally.look("swept") == 3)
    #expect(tally.store.head.sequence == 4)
  }

  @Test func stoppingAnswersWhatWaitsAndTakesNoMore() throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    #expect(tally.store.submit((0..<50).map { .add(name: "a", amount: 1, id: $0) }))
    tally.store.stop()
    #expect(tally.context.outcomes(count: 50).last == .value(50, sequence: 51))
    #expect(!tally.store.submit([.look(name: "a")]))
    #expect(tally.store.isStopped && tally.store.failure == nil)
    tally.close()
    let again = try rig.open()
    #expect(try again.look("a") == 50)
    #expect(again.store.counters.checkpoints == 0)
  }

  @Test func everyOneOfManyAskersIsAnsweredInOrder() throws {
    let tally = try StoreRig.created().open()
    let store = tally.store
    let threads = try (0..<8).map { thread in
      try SystemThread {
        for index in 0..<500 {
          while !store.submit([.add(name: "t\(thread)", amount: 1, id: thread * 1000 + index)]) {}
        }
      }
    }
    for thread in threads { thread.join() }
    _ = tally.context.outcomes(count: 4000)
    let answers = tally.context.state.withLock { $0.answers }
    for thread in 0..<8 {
      let mine = answers.filter { $0.id / 1000 == thread }
      #expect(mine.map(\.id) == (0..<500).map { thread * 1000 + $0 })
      for (index, answer) in mine.enumerated() {
        guard case .value(UInt64(index + 1), _) = answer.outcome else {
          Issue.record("answer \(index) of \(thread) is \(answer.outcome)")
          return
        }
      }
    }
    #expect(tally.store.head.sequence == 4001)
    #expect(tally.store.counters.syncs < 4000)
  }
}
