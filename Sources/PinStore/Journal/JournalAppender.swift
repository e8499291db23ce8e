import Glibc
import PinSealing

/// The writing end of the journal: one block at a time, each durable before the next is begun.
///
/// For the writer thread alone. When anything here throws, how much of the block is on disk is unknown: the store stops.
struct JournalAppender: ~Copyable {
  let directory: JournalDirectory
  /// What the next block follows.
  private(set) var head: JournalHead
  private var file: File
  private let preparer: SegmentPreparer
  private let calls: SystemCalls
  private var hasher = SHA256Hasher()

  static func open(
    _ directory: JournalDirectory, head: JournalHead, preparer: SegmentPreparer, calls: SystemCalls
  ) throws(StoreError) -> JournalAppender {
    let file = try directory.open(segment: head.end.segment, .write)
    return JournalAppender(directory: directory, head: head, file: file, preparer: preparer, calls: calls)
  }

  private init(
    directory: JournalDirectory, head: JournalHead, file: consuming File, preparer: SegmentPreparer, calls: SystemCalls
  ) {
    self.directory = directory
    self.head = head
    self.file = file
    self.preparer = preparer
    self.calls = calls
  }

  /// Whether a whole segment beyond the current one is there to be written; waits for it while it is being made, at most
  /// so long.
  func hasSpareSegment(waitingAtMost nanoseconds: UInt64?) -> Bool {
    preparer.hasSpare(beyond: head.end.segment, waitingAtMost: nanoseconds)
  }

  /// Completes the block, writes it after the last one, and syncs it: one write, one sync.
  ///
  /// Returns how long the sync took, in nanoseconds.
  mutating func append(_ block: inout Block) throws(StoreError) -> UInt64 {
    precondition(block.nextSequence == head.sequence + UInt64(block.eventCount) + 1, "a block must follow the last one")
    let hash = block.seal(previous: head.chain, hasher: &hasher)
    let position = try place(for: block.byteCount)
    try file.write(block.writer.bytes, at: position.offset, by: calls)
    let start = MonotonicTime.nowNanoseconds()
    try file.syncData(by: calls)
    let took = MonotonicTime.nowNanoseconds() - start
    head = JournalHead(after: block.header, hash: hash, at: position)
    return took
  }

  /// Where a block of this size goes, after moving on to the next segment if it must.
  private mutating func place(for byteCount: Int) throws(StoreError) -> JournalPosition {
    if head.end.offset + byteCount <= directory.shape.segmentByteCount { return head.end }
    let next = head.end.segment + 1
    guard preparer.hasSpare(beyond: head.end.segment) else {
      throw .system(operation: "prepare", path: directory.file(ofSegment: next), code: ENOSPC)
    }
    file = try directory.open(segment: next, .write)
    preparer.advance(to: next)
    return .start(ofSegment: next)
  }
}
