import PinBytes
import Synchronization
import Testing

@testable import PinStore

/// Reading the journal beside the writer.
@Suite(.timeLimit(.minutes(30))) struct JournalReadingTests {
  /// A store with blocks of several events over several segments; event `s` is ("n", s).
  private func filled(_ count: Int) throws -> (StoreRig, TallyStore) {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    var next = 2
    while next <= count {
      let size = min(1 + next % 7 * 13, count - next + 1)
      rig.clock.set(rig.clock.nowMilliseconds() + 10)
      let asked = tally.context.state.withLock { $0.answers.count }
      #expect(
        tally.store.submit((next..<next + size).map { .add(name: "n", amount: UInt64($0), id: $0) }))
      _ = tally.context.outcomes(count: asked + size)
      next += size
    }
    return (rig, tally)
  }

  private func amount(_ event: RawSpan) -> UInt64 {
    var reader = ByteReader(event)
    guard (try? reader.readShortString()) != nil, let amount: UInt64 = try? reader.read() else { return .max }
    return amount
  }

  @Test func aScanHandsOutEveryEventOnce() throws {
    let (_, tally) = try filled(9000)
    #expect(tally.store.head.end.segment > 2)
    var scan = try tally.store.scan(from: 2)
    var expected: UInt64 = 2
    while scan.nextSequence <= scan.lastSequence {
      var left = 37
      try scan.forEach({ event, sequence, _ in
        #expect(sequence == expected && amount(event) == sequence)
        expected += 1
        left -= 1
        return left > 0
      })
    }
    #expect(expected == 9001)
  }

  @Test func aScanStartsAtAnySequence() throws {
    let (_, tally) = try filled(9000)
    for start in [1, 2, 3, 700, 2048, 8999, 9000] as [UInt64] {
      var first: UInt64?
      var scan = try tally.store.scan(from: start)
      try scan.forEach({ _, sequence, _ in
        first = sequence
        return false
      })
      #expect(first == start)
      if start > 1 { #expect(try tally.store.withEvent(start) { event, _ in amount(event) } == start) }
    }
    #expect(throws: StoreError.noSuchSequence(9002)) { _ = try tally.store.scan(from: 9002) }
    #expect(throws: StoreError.noSuchSequence(0)) { _ = try tally.store.scan(from: 0) }
    #expect(throws: StoreError.noSuchSequence(9001)) { try tally.store.withEvent(9001) { _, _ in } }
  }

  @Test func aScanGoesOnWhenTheHeadMoves() throws {
    let (_, tally) = try filled(300)
    var scan = try tally.store.scan(from: 301)
    var seen: [UInt64] = []
    for round in 0..<3 {
      try scan.forEach({ _, sequence, _ in
        seen.append(sequence)
        return true
      })
      #expect(seen == (0..<UInt64(round * 2)).map { 301 + $0 })
      try tally.add("n", 1)
      try tally.add("n", 1)
      scan.extend(to: tally.store.head)
    }
  }

  /// Whoever looks is not disturbed by others who look elsewhere and push what it has found out of mind.
  @Test func manyMayLookForEventsAtOnce() throws {
    let (_, tally) = try filled(9000)
    let head = tally.store.head
    #expect(head.end.segment > 2)
    let index = JournalIndex(tally.store.journal, segmentLimit: 1)
    let missed = Monitor<[UInt64]>([])
    let threads = try (0..<4 as Range<UInt64>).map { thread in
      try SystemThread {
        for round in 0..<500 as Range<UInt64> {
          let sequence = 1 + (thread * 2300 + round * 17) % 9000
          let entry = try? index.entry(before: sequence, upTo: head)
          if (entry ?? nil).map({ $0.sequence <= sequence }) != true { missed.withLock { $0.append(sequence) } }
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(missed.withLock { $0 } == [])
  }

  @Test func watchersAreToldOnceTheHeadHasBeenSynced() throws {
    let tally = try StoreRig.created().open()
    let told = Monitor<[Int]>([])
    tally.store.watchHead(reaching: 1) { told.withLock { $0.append(1) } }
    #expect(told.withLock { $0 } == [1])
    tally.store.watchHead(reaching: 3) { told.withLock { $0.append(3) } }
    let forgotten = tally.store.watchHead(reaching: 3) { told.withLock { $0.append(-1) } }
    #expect(tally.store.stopWatching(forgotten))
    try tally.add("a")
    #expect(told.withLock { $0 } == [1])
    try tally.add("a")
    #expect(told.withLock { $0 } == [1, 3])
    tally.store.watchHead(reaching: 9) { told.withLock { $0.append(9) } }
    tally.store.stop()
    #expect(told.withLock { $0 } == [1, 3, 9])
  }

  @Test func waitingForTheHeadEndsWithItOrWithTheTask() async throws {
    let tally = try StoreRig.created().open()
    let store = tally.store
    let waiting = Task { await store.head(reaching: 2).sequence }
    try tally.add("a")
    #expect(await waiting.value == 2)
    let cancelled = Task { await store.head(reaching: 3).sequence }
    cancelled.cancel()
    #expect(await cancelled.value == 2)
  }
}
