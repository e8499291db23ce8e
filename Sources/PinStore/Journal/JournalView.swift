import Glibc
import PinSealing

/// A journal as of a fixed head, read from its files: beside the process that writes it, after it, or in a backup.
///
/// It takes no lock, asks nobody, writes and syncs nothing, so it neither slows the writer nor keeps anybody out. Blocks are
/// only ever added, and at most one is unsynced: a block that another follows is durable. The last one is taken when it
/// has been there for `settledMilliseconds`, since its writer syncs it at once (law 2).
package struct JournalView: Sendable {
  let journal: JournalDirectory
  private let index: JournalIndex
  /// The last event that is read, and the chain's head there.
  package let head: JournalHead

  /// Looks at the journal of a data directory or of a backup, up to the last event there is now.
  ///
  /// `pause` waits so many microseconds for a writer that may be at its last block.
  package init(
    of directory: String, pausing pause: (UInt32) -> Void = { usleep($0) }
  ) throws(StoreError) {
    if !FileTree.exists("\(directory)/\(Backup.manifestName)") { try DataDirectory.confirmFormat(of: directory) }
    let journal = try JournalDirectory(opening: "\(directory)/journal")
    self.init(journal, JournalIndex(journal), try Self.findSettledHead(of: journal, pausing: pause))
  }

  init(_ journal: JournalDirectory, _ index: JournalIndex, _ head: JournalHead) {
    self.journal = journal
    self.index = index
    self.head = head
  }

  /// Under which id the journal was founded.
  package var storeID: StoreID { journal.shape.storeID }

  /// The first event that there is: 1 unless old segments were archived. The head's, if there is none.
  package var firstSequence: UInt64 {
    get throws(StoreError) {
      let start = JournalPosition.start(ofSegment: try journal.segmentNumbers().lowerBound)
      return try journal.header(ofBlockAt: start)?.firstSequence ?? head.sequence
    }
  }

  /// The segment that the head's block is in.
  package var lastSegment: UInt64 { head.end.segment }

  /// What the first block of a segment says of the journal before it; nil if there is none up to the head.
  package func start(ofSegment number: UInt64) throws(StoreError) -> SegmentStart? {
    guard number <= lastSegment, let block = try journal.header(ofBlockAt: .start(ofSegment: number)) else {
      return nil
    }
    return SegmentStart(
      sequence: block.firstSequence &- 1, chain: block.previous, timeMilliseconds: block.timeMilliseconds)
  }

  /// A scan of the events from `sequence` to the head; `sequence` may be at most the one after the head.
  package func scan(from sequence: UInt64 = 1) throws(StoreError) -> JournalScan {
    JournalScan(JournalReader(journal, after: try before(sequence), lastSequence: head.sequence), from: sequence)
  }

  /// The same with blocks read and checked ahead: for long ways.
  package func readAhead(from sequence: UInt64 = 1) throws(StoreError) -> JournalReadAhead {
    try readAhead(
      from: sequence, pieceByteCount: JournalCutter.usualByteCount, threadCount: JournalSupply.usualThreadCount)
  }

  func readAhead(
    from sequence: UInt64 = 1, pieceByteCount: Int, threadCount: Int
  ) throws(StoreError) -> JournalReadAhead {
    try JournalReadAhead(
      journal, after: try before(sequence), from: sequence, through: head.sequence, pieceByteCount: pieceByteCount,
      threadCount: threadCount)
  }

  /// The head before a block that is at or before the one which holds an event.
  private func before(_ sequence: UInt64) throws(StoreError) -> JournalHead {
    if sequence == head.sequence + 1 { return head }
    guard
      sequence > 0, sequence <= head.sequence, let entry = try index.entry(before: sequence, upTo: head),
      let before = try journal.head(beforeBlockAt: entry.position)
    else { throw .noSuchSequence(sequence) }
    return before
  }

  /// Runs `body` with one event and its time.
  package func withEvent<Result>(
    _ sequence: UInt64, _ body: (_ event: RawSpan, _ timeMilliseconds: UInt64) throws -> Result
  ) throws -> Result {
    var scan = try scan(from: sequence)
    var result: Result?
    do {
      try scan.forEach({ event, _, time in
        result = try body(event, time)
        return false
      })
    } catch ScanError<any Error>.store(let error) {
      throw error
    } catch ScanError<any Error>.body(let error) {
      throw error
    }
    guard let result else { throw StoreError.noSuchSequence(sequence) }
    return result
  }
}

/// The journal as it was where a segment begins; nothing of it is checked before the segment is read.
package struct SegmentStart: Sendable {
  /// That of the last event before.
  package var sequence: UInt64
  /// The hash of the block before.
  package var chain: Digest256
  /// When the segment's first event happened.
  package var timeMilliseconds: UInt64

  package init(sequence: UInt64, chain: Digest256, timeMilliseconds: UInt64) {
    self.sequence = sequence
    self.chain = chain
    self.timeMilliseconds = timeMilliseconds
  }
}

// MARK: The end of a journal that may be growing

extension JournalView {
  /// How long the last block has been there when its sync, which follows its writing at once, is over.
  private static let settledMilliseconds: UInt64 = 1000

  /// The last block that is durable: another follows it, or nothing was written since it was for long enough.
  private static func findSettledHead(
    of journal: JournalDirectory, pausing pause: (UInt32) -> Void
  ) throws(StoreError) -> JournalHead {
    let head = try findHead(of: journal, pausing: pause)
    guard head.sequence > 0 else { return head }
    let seen = MonotonicTime.nowNanoseconds()
    while MonotonicTime.nowNanoseconds() - seen < settledMilliseconds * 1_000_000 {
      let age = try journal.open(segment: head.end.segment).millisecondsSinceWrite()
      if age >= settledMilliseconds { break }
      // Whatever is being written behind it was begun after its sync.
      let found = try walk(journal, from: head)
      guard found.head == head, found.fault == nil else { break }
      pause(patience.pauseMicroseconds)
    }
    return head
  }

  /// How often a block that is not whole is read again, and how long apart: its writer may be at it.
  private static let patience = (attempts: 100, pauseMicroseconds: UInt32(10_000))

  /// The last right block of the journal; throws when what follows it is neither nothing nor a block being written.
  private static func findHead(
    of journal: JournalDirectory, pausing pause: (UInt32) -> Void
  ) throws(StoreError) -> JournalHead {
    var head = try lastSegmentStart(of: journal)
    for attempt in 0... {
      let found = try walk(journal, from: head)
      guard let fault = found.fault else { return found.head }
      // Whoever writes the block is done with it soon. What stays as it is was torn, or is damage.
      if attempt >= patience.attempts, found.head.end == head.end {
        _ = try JournalRecovery(directory: journal).tornBytes(
          after: found.head, stoppedAt: fault.position, by: fault.fault)
        return found.head
      }
      if found.head.end == head.end { pause(patience.pauseMicroseconds) }
      head = found.head
    }
    preconditionFailure("a loop without an end has ended")
  }

  /// The head before the first block of the last segment that has one.
  private static func lastSegmentStart(of journal: JournalDirectory) throws(StoreError) -> JournalHead {
    for number in try journal.segmentNumbers().reversed() {
      if let head = try journal.head(beforeBlockAt: .start(ofSegment: number)) { return head }
    }
    return .origin(of: journal.shape.storeID)
  }

  /// Reads on from a head; tells what stopped it unless that is that there is nothing more.
  private static func walk(
    _ journal: JournalDirectory, from head: JournalHead
  ) throws(StoreError) -> (head: JournalHead, fault: (position: JournalPosition, fault: BlockFault)?) {
    var reader = JournalReader(journal, after: head)
    while true {
      guard case .end(let position, let fault) = try reader.next() else { continue }
      return (reader.head, fault == .absent ? nil : (position, fault))
    }
  }
}
