import PinBytes
import PinSealing

/// The block being gathered: the events of one batch, as the journal will hold them.
///
/// One buffer serves every batch. An event is begun, written through `writer`, and ended.
package struct Block: ~Copyable {
  /// The stamp of every event in the block; never before that of an earlier block.
  package private(set) var timeMilliseconds: UInt64 = 0
  /// The sequence that the next ended event gets.
  package private(set) var nextSequence: UInt64
  /// How many events have been ended.
  package private(set) var eventCount = 0
  /// Where the bytes of the event begun last go; to be used between `beginEvent` and its end only.
  package var writer: ByteWriter
  /// Where the length fields of the event begun last and of the one ended last are.
  private var eventStart = 0
  private var lastEventStart = 0
  private var isInsideEvent = false
  /// What `seal` wrote.
  private(set) var header: BlockHeader
  private let largestByteCount: Int
  /// The size at which the batch ends.
  private let fullByteCount: Int

  init(nextSequence: UInt64, largestByteCount: Int, fullByteCount: Int = .max) {
    self.nextSequence = nextSequence
    self.largestByteCount = largestByteCount
    self.fullByteCount = fullByteCount
    header = BlockHeader(
      byteCount: 0, eventCount: 0, firstSequence: 0, timeMilliseconds: 0, check: 0, previous: .zero)
    writer = ByteWriter(capacity: 64 << 10)
    writer.writeZeros(BlockHeader.byteCount)
  }

  /// The size of the whole block so far, header included; one more when it is sealed.
  package var byteCount: Int { writer.count }

  /// Whether the batch ends here: a sweep stops before its next event, and no further request is performed.
  package var isFull: Bool { writer.count >= fullByteCount }

  /// Opens an event; whatever `writer` gets until `endEvent` is its bytes.
  package mutating func beginEvent() {
    precondition(!isInsideEvent, "an event was begun inside another")
    isInsideEvent = true
    eventStart = writer.count
    writer.write(UInt32(0))
  }

  /// Completes the event and says the sequence it got.
  package mutating func endEvent() -> UInt64 {
    precondition(isInsideEvent, "no event was begun")
    precondition(writer.count < largestByteCount, "a block grew past the largest that the journal's format allows")
    isInsideEvent = false
    lastEventStart = eventStart
    writer.overwrite(UInt32(writer.count - eventStart - MemoryLayout<UInt32>.size), at: eventStart)
    eventCount += 1
    defer { nextSequence += 1 }
    return nextSequence
  }

  /// The bytes of the event ended last.
  package var lastEvent: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      precondition(eventCount > 0, "no event was ended")
      return writer.bytes.extracting(
        (lastEventStart + MemoryLayout<UInt32>.size)..<(isInsideEvent ? eventStart : writer.count))
    }
  }

  // MARK: The store's side

  /// Empties the block for the next batch.
  mutating func begin(nextSequence: UInt64, timeMilliseconds: UInt64) {
    self.nextSequence = nextSequence
    self.timeMilliseconds = timeMilliseconds
    eventCount = 0
    isInsideEvent = false
    writer.truncate(to: BlockHeader.byteCount)
  }

  /// Writes the end mark and the header, which completes the block, and hands back the block's hash: the link to the next.
  mutating func seal(previous: Digest256, hasher: inout SHA256Hasher) -> Digest256 {
    precondition(eventCount > 0 && !isInsideEvent, "only a block with whole events can be sealed")
    writer.write(BlockHeader.endMark)
    var header = BlockHeader(
      byteCount: writer.count, eventCount: eventCount, firstSequence: nextSequence - UInt64(eventCount),
      timeMilliseconds: timeMilliseconds, check: 0, previous: previous)
    header.write(over: &writer)
    let hash = hasher.hash(writer.bytes)
    header.check = hash.check
    writer.overwrite(header.check, at: BlockHeader.checkOffset)
    self.header = header
    return hash
  }
}
