import PinSealing
import Testing

@testable import PinStore

/// What is read and checked ahead is what is read block by block: the same events, and the same word about damage.
@Suite(.timeLimit(.minutes(30))) struct JournalReadAheadTests {
  /// A journal of 2400 events in blocks of up to 8 KiB, over several segments, and nobody who writes it.
  private func withJournal(_ body: (JournalView) throws -> Void) throws {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    var next = 2
    while next <= 2400 {
      let size = min(1 + next % 7 * 13, 2401 - next)
      rig.clock.set(rig.clock.nowMilliseconds() + 10)
      let asked = tally.context.state.withLock { $0.answers.count }
      let name = String(repeating: "n", count: 60 + next % 60)
      #expect(tally.store.submit((next..<next + size).map { .add(name: name, amount: UInt64($0), id: $0) }))
      _ = tally.context.outcomes(count: asked + size)
      next += size
    }
    let view = tally.store.view
    tally.close()
    #expect(view.lastSegment > 2)
    // What is known of where events are is from before any damage.
    _ = try view.scan()
    try body(view)
    withExtendedLifetime(rig) {}
  }

  private struct Event: Equatable {
    var sequence: UInt64
    var timeMilliseconds: UInt64
    var bytes: [UInt8]
    var chainBefore: Digest256
  }

  private func scanned(_ view: JournalView, from sequence: UInt64 = 1) -> ([Event], StoreError?) {
    var events: [Event] = []
    do {
      var scan = try view.scan(from: sequence)
      // One at a time, so that the chain is the event's.
      var isMore = true
      while isMore {
        isMore = false
        try scan.forEach({ event, sequence, time in
          events.append(Event(sequence: sequence, timeMilliseconds: time, bytes: [UInt8](event), chainBefore: .zero))
          isMore = true
          return false
        })
        if isMore { events[events.count - 1].chainBefore = scan.chainBefore }
      }
    } catch ScanError<Never>.store(let error) {
      return (events, error)
    } catch {
      return (events, error as? StoreError)
    }
    return (events, nil)
  }

  private func readAhead(
    _ view: JournalView, from sequence: UInt64 = 1, pieceByteCount: Int, threadCount: Int = 2
  ) -> ([Event], StoreError?) {
    var events: [Event] = []
    do throws(StoreError) {
      var ahead = try view.readAhead(from: sequence, pieceByteCount: pieceByteCount, threadCount: threadCount)
      while try ahead.next() {
        events.append(
          Event(
            sequence: ahead.sequence, timeMilliseconds: ahead.timeMilliseconds, bytes: [UInt8](ahead.event),
            chainBefore: ahead.chainBefore))
      }
    } catch {
      return (events, error)
    }
    return (events, nil)
  }

  @Test(arguments: [1 << 10, 12 << 10, 512 << 10])
  func theEventsAreThoseOfAScan(pieceByteCount: Int) throws {
    try withJournal { view in
      for sequence in [1, 2, 700, 2399, 2400, 2401] as [UInt64] {
        let (events, error) = readAhead(view, from: sequence, pieceByteCount: pieceByteCount)
        #expect(error == nil && events.count == 2401 - Int(sequence) && events.first?.sequence ?? sequence == sequence)
        #expect(events == scanned(view, from: sequence).0)
        for count in [1, 3] {
          #expect(readAhead(view, from: sequence, pieceByteCount: pieceByteCount, threadCount: count).0 == events)
        }
      }
    }
  }

  @Test func theSegmentIsThatOfTheEvent() throws {
    try withJournal { view in
      var first: [UInt64: UInt64] = [:]
      var ahead = try view.readAhead(pieceByteCount: 12 << 10, threadCount: 1)
      while try ahead.next() { first[ahead.segment] = first[ahead.segment] ?? ahead.sequence }
      #expect(first.count == Int(view.lastSegment))
      for (segment, sequence) in first { #expect(try view.start(ofSegment: segment)?.sequence == sequence - 1) }
    }
  }

  @Test func whoeverStopsEarlyWaitsForNobody() throws {
    try withJournal { view in
      for count in 0..<40 {
        var ahead = try view.readAhead(pieceByteCount: 1 << 10, threadCount: 1 + count % 3)
        for _ in 0..<count * 7 { #expect(try ahead.next()) }
      }
    }
  }

  /// Where each block is, and how long.
  private func blocks(of view: JournalView) throws -> [(position: JournalPosition, byteCount: Int)] {
    let directory = view.journal
    var reader = JournalReader(directory, after: .origin(of: directory.shape.storeID), lastSequence: view.head.sequence)
    var blocks: [(JournalPosition, Int)] = []
    while try reader.next() == .block { blocks.append((try #require(reader.head.lastBlock), reader.header.byteCount)) }
    return blocks
  }

  /// Changes some bytes of a segment, compares what both ways of reading make of it, and puts the bytes back.
  private func expectSameWord(
    _ view: JournalView, at position: JournalPosition, count: Int, _ what: String,
    changing change: (inout [UInt8]) -> Void
  ) throws {
    let file = try File.open(view.journal.file(ofSegment: position.segment), .write)
    let memory = ReadBuffer(byteCount: count)
    #expect(try file.read(into: memory.bytes, at: position.offset) == count)
    let old = [UInt8](memory.bytes)
    var new = old
    change(&new)
    #expect(new != old)
    try file.write(new.span.bytes, at: position.offset)
    let (events, error) = scanned(view)
    #expect(error != nil, "\(what) is damage")
    for size in [1 << 10, 12 << 10, 512 << 10] {
      let read = readAhead(view, pieceByteCount: size)
      #expect(read.0 == events, "the events before it: \(what), pieces of \(size)")
      #expect(read.1 == error, "the word about it: \(what), pieces of \(size)")
    }
    try file.write(old.span.bytes, at: position.offset)
  }

  @Test(arguments: [0, 3, 4, 7, 15, 16, 23, 24, 32, 64, 70, -1])
  func aFlippedBitIsFoundInEveryPlaceOfABlock(offset: Int) throws {
    try withJournal { view in
      for (index, (position, byteCount)) in try blocks(of: view).enumerated() where index % 9 == offset & 7 {
        try expectSameWord(view, at: position, count: byteCount, "byte \(offset) of \(position)") {
          $0[offset < 0 ? byteCount + offset : offset] ^= 1
        }
      }
    }
  }

  /// A block that is right by itself and does not belong where it is.
  @Test(arguments: [8, 16, 32]) func aBlockThatDoesNotFollowIsFound(offset: Int) throws {
    try withJournal { view in
      for (index, (position, byteCount)) in try blocks(of: view).enumerated() where index % 3 == 1 {
        try expectSameWord(view, at: position, count: byteCount, "field \(offset) of \(position)") { block in
          // Of the sequence and the time the highest byte stays, so that time goes back and not far ahead.
          block[offset + 4] = offset == 16 ? 0 : block[offset + 4] ^ 1
          if offset == 16 { for index in 16..<24 { block[index] = 0 } }
          for index in 24..<32 { block[index] = 0 }
          block.replaceSubrange(24..<32, with: SHA256Hasher.sha256(of: block.span.bytes).bytes.prefix(8))
        }
      }
    }
  }

  @Test func whatIsNotABlockIsFound() throws {
    try withJournal { view in
      for segment in 1..<view.lastSegment {
        let blocks = try blocks(of: view).filter { $0.position.segment == segment }
        let end = try #require(blocks.last.map { $0.position.offset + $0.byteCount })
        let last = view.journal.shape.segmentByteCount - 1
        for offset in [end + 80, last] where end < offset {
          let position = JournalPosition(segment: segment, offset: offset)
          try expectSameWord(view, at: position, count: 1, "what follows the last block of \(segment)") { $0[0] = 9 }
        }
        let header = JournalPosition(segment: segment, offset: 0)
        try expectSameWord(view, at: header, count: 1, "the header of \(segment)") { $0[0] ^= 1 }
      }
    }
  }
}
