import PinBytes
import PinSealing

/// Walks the journal block by block, checking everything a block says, in bounded memory.
///
/// It stops at the first block that is not right and says where and why; what that means is the caller's to judge: the
/// end of the journal, or damage. It may run beside the writer as long as `lastSequence` keeps it to what is synced.
package struct JournalReader: ~Copyable {
  let directory: JournalDirectory
  /// The head as of the block read last.
  package private(set) var head: JournalHead
  /// Reads no block beyond the one with this sequence.
  package private(set) var lastSequence: UInt64
  /// The header of the block read last.
  private(set) var header: BlockHeader

  private var segment: UInt64 = 0
  private var file: File?
  private var memory: ReadBuffer
  private var buffered: Range<Int> = 0..<0
  /// How much is read at once: little for one event, much for a walk.
  private var readAhead = 32 << 10
  /// Whether what was read ahead may have been written since.
  private var isBufferStale = false
  private var checker = BlockChecker()

  /// Starts after `head`, which must be of this journal.
  init(_ directory: JournalDirectory, after head: JournalHead, lastSequence: UInt64 = .max) {
    self.directory = directory
    self.head = head
    self.lastSequence = lastSequence
    header = BlockHeader(
      byteCount: 0, eventCount: 0, firstSequence: 0, timeMilliseconds: 0, check: 0, previous: head.chain)
    memory = Self.buffer(for: directory)
  }

  /// What any block fits into.
  static func buffer(for directory: JournalDirectory) -> ReadBuffer {
    ReadBuffer(byteCount: directory.shape.largestBlockByteCount + (256 << 10))
  }

  private var buffer: UnsafeMutableRawBufferPointer { memory.bytes }

  enum Step: Equatable {
    case block
    /// There is no right block at `position`.
    case end(JournalPosition, BlockFault)
  }

  /// Reads the next block.
  mutating func next() throws(StoreError) -> Step {
    guard head.sequence < lastSequence else { return .end(head.end, .absent) }
    if isBufferStale { buffered = 0..<0 }
    isBufferStale = false
    switch try readBlock(at: head.end) {
    case nil: return .block
    case .absent: return try nextSegment()
    case let fault?: return .end(head.end, fault)
    }
  }

  /// Lets the reader go on to a later sequence. The block read last stays as it is until the next one is read.
  package mutating func extend(to sequence: UInt64) {
    lastSequence = sequence
    isBufferStale = true
  }

  /// All bytes of the block read last.
  var blockBytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let start = head.end.offset - header.byteCount - buffered.lowerBound
      let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[start..<start + header.byteCount]))
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Runs `body` with each event of the block read last, and its sequence.
  func forEachEvent<Failure: Error>(_ body: (RawSpan, UInt64) throws(Failure) -> Void) throws(Failure) {
    let bytes = blockBytes
    var offset = BlockHeader.byteCount
    for index in 0..<header.eventCount {
      let length = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      try body(bytes.extracting(offset + 4..<offset + 4 + length), header.firstSequence + UInt64(index))
      offset += 4 + length
    }
  }

  // MARK: One block

  /// Goes on in the next segment, if that begins with the next block and the rest of this one is zeros.
  private mutating func nextSegment() throws(StoreError) -> Step {
    let end = head.end
    let next = JournalPosition.start(ofSegment: end.segment + 1)
    guard FileTree.exists(directory.file(ofSegment: next.segment)) else { return .end(end, .absent) }
    switch try readBlock(at: next) {
    case nil: break
    case .absent: return .end(end, .absent)
    case let fault?: return .end(next, fault)
    }
    let rest = try directory.open(segment: end.segment)
    guard let offset = try rest.firstNonZero(in: end.offset..<directory.shape.segmentByteCount) else { return .block }
    return .end(JournalPosition(segment: end.segment, offset: offset), .notZero)
  }

  /// Reads and checks the block at `position`; when it is right it becomes the head.
  private mutating func readBlock(at position: JournalPosition) throws(StoreError) -> BlockFault? {
    let room = directory.shape.segmentByteCount - position.offset
    guard room >= BlockHeader.leastBlockByteCount else { return .absent }
    try load(position, count: BlockHeader.byteCount)
    let start = position.offset - buffered.lowerBound
    guard let block = try? BlockHeader(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[start...]))) else {
      return .length
    }
    guard block.byteCount > 0 else { return .absent }
    let largest = min(directory.shape.largestBlockByteCount, room)
    guard (BlockHeader.leastBlockByteCount...largest).contains(block.byteCount) else { return .length }

    try load(position, count: block.byteCount)
    let offset = position.offset - buffered.lowerBound
    let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + block.byteCount])
    if let fault = checker.check(bytes, block, after: &head, at: position) { return fault }
    header = block
    return nil
  }

  /// Makes `count` bytes at `position` present in the buffer.
  private mutating func load(_ position: JournalPosition, count: Int) throws(StoreError) {
    if segment != position.segment {
      file = try directory.open(segment: position.segment)
      segment = position.segment
      buffered = 0..<0
    }
    guard position.offset < buffered.lowerBound || position.offset + count > buffered.upperBound else { return }
    let wanted = min(max(readAhead, count), directory.shape.segmentByteCount - position.offset)
    readAhead = min(readAhead * 2, buffer.count)
    buffered = 0..<0
    let read = try file!.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: position.offset)
    guard read >= count else {
      throw .rotten(directory.place(position), problem: "the segment was cut short")
    }
    buffered = position.offset..<position.offset + read
  }
}
