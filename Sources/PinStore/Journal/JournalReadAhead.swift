import PinSealing

/// A walk over the journal's events in which blocks are read and checked ahead, on threads of their own.
///
/// Checking blocks takes about as long as a fold over them; this way two processors have something to do. It holds a few pieces
/// of the journal in memory, however long that is, and belongs to one thread at a time.
package struct JournalReadAhead: ~Copyable {
  private let directory: JournalDirectory
  private let supply: JournalSupply
  private let threads: [SystemThread]
  private let firstSequence: UInt64
  private let lastSequence: UInt64
  /// The journal as of the end of the piece at hand.
  private var head: JournalHead
  private var piece: JournalPiece
  private var pieceCount = 0
  /// The piece's blocks.
  private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where the block of the event handed out last begins in them.
  private var blockStart = 0
  /// Where the event handed out last begins and ends in them.
  private var start = 0
  private var end = 0
  /// How many events of its block come after it; after the last comes the end mark.
  private var eventsLeft = 0
  /// That of the event handed out last; 0 before the first.
  package private(set) var sequence: UInt64 = 0
  /// That of the event handed out last.
  package private(set) var timeMilliseconds: UInt64 = 0
  /// The segment that the event handed out last is in.
  package var segment: UInt64 { head.end.segment }

  init(
    _ directory: JournalDirectory, after head: JournalHead, from sequence: UInt64, through last: UInt64,
    pieceByteCount: Int, threadCount: Int
  ) throws(StoreError) {
    self.directory = directory
    self.head = head
    (firstSequence, lastSequence) = (sequence, last)
    supply = JournalSupply(
      directory, JournalCutter(directory, after: head, through: last, pieceByteCount: pieceByteCount),
      threadCount: threadCount)
    piece = JournalPiece(directory)
    threads = try supply.start()
  }

  deinit {
    supply.stop()
    for thread in threads { thread.join() }
  }

  /// Goes on to the next event; false when there is none. Throws at the first block that is not right, after all events
  /// before it.
  package mutating func next() throws(StoreError) -> Bool {
    repeat {
      if eventsLeft == 0 {
        guard try nextBlock() else { return false }
      }
      start = end + 4
      end = start + Int(UInt32(bigEndian: load(at: end)))
      eventsLeft -= 1
      sequence += 1
    } while sequence < firstSequence
    return true
  }

  /// The event handed out last.
  package var event: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// The hash of the block before the one whose event was handed out last.
  package var chainBefore: Digest256 {
    let header = UnsafeRawBufferPointer(rebasing: bytes[blockStart..<blockStart + BlockHeader.byteCount])
    return Digest256(bytes: RawSpan(_unsafeBytes: header).extracting(BlockHeader.chainOffset...))
  }

  /// Goes to the next block, whose first event begins at `end` then.
  private mutating func nextBlock() throws(StoreError) -> Bool {
    if !bytes.isEmpty { end += 1 }
    if end == bytes.count {
      guard try nextPiece() else { return false }
      end = 0
    }
    blockStart = end
    eventsLeft = Int(UInt32(bigEndian: load(at: end + 4)))
    sequence = UInt64(bigEndian: load(at: end + 8)) - 1
    timeMilliseconds = UInt64(bigEndian: load(at: end + 16))
    end += BlockHeader.byteCount
    return true
  }

  private mutating func nextPiece() throws(StoreError) -> Bool {
    guard head.sequence < lastSequence else { return false }
    guard let next = supply.exchange(piece, for: pieceCount), next.byteCount > 0, try follows(next) else {
      throw fault
    }
    piece = next
    pieceCount += 1
    (head, bytes) = (next.after, next.bytes)
    return true
  }

  /// Whether a piece is what comes after the head: in the next segment, if the rest of this one is zeros.
  private func follows(_ piece: JournalPiece) throws(StoreError) -> Bool {
    let before = piece.before
    guard before.chain == head.chain, before.sequence == head.sequence,
      before.timeMilliseconds >= head.timeMilliseconds
    else { return false }
    if before.end == head.end { return true }
    guard before.end == .start(ofSegment: head.end.segment + 1) else { return false }
    let rest = try directory.open(segment: head.end.segment)
    return try rest.firstNonZero(in: head.end.offset..<directory.shape.segmentByteCount) == nil
  }

  /// What is wrong after the head, by reading it once more.
  private var fault: StoreError {
    do throws(StoreError) {
      var reader = JournalReader(directory, after: head, lastSequence: lastSequence)
      guard case .end(let position, let fault) = try reader.next() else {
        return .rotten(directory.place(head.end), problem: "what was read is not what is there now")
      }
      return .rotten(directory.place(position), problem: fault.problem)
    } catch {
      return error
    }
  }

  private func load<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value {
    bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }
}
