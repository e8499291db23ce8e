import Synchronization

/// Where in the journal a sequence is found: sparse, in memory, and built only as far as it is asked.
///
/// It trusts what block headers say; whoever reads from where it points checks the blocks themselves.
final class JournalIndex: Sendable {
  /// What is known of one segment.
  private struct Segment: Sendable {
    /// The first block of the segment, and then one about every `spacing` bytes.
    var entries: [Entry] = []
    /// Where walking stopped: the end of the last block walked over.
    var walkedTo = JournalFormat.pageByteCount
  }

  struct Entry: Sendable {
    let sequence: UInt64
    let position: JournalPosition
  }

  private static let spacing = 64 << 10
  /// How many segments are kept in mind: at 64 MiB each and 128, some megabytes.
  private let segmentLimit: Int

  private let directory: JournalDirectory
  private let segments = Mutex<[UInt64: Segment]>([:])

  init(_ directory: JournalDirectory, segmentLimit: Int = 128) {
    self.directory = directory
    self.segmentLimit = segmentLimit
  }

  /// The last known block at or before the one in which `sequence` is; `head` is synced and not before it.
  func entry(before sequence: UInt64, upTo head: JournalHead) throws(StoreError) -> Entry? {
    func isBefore(_ entry: Entry) -> Bool { entry.sequence <= sequence }
    let first = try directory.segmentNumbers().lowerBound
    // The last segment whose first block is before; most often the current one.
    var low = first
    var high = head.end.segment
    while low < high {
      let middle = low + (high - low + 1) / 2
      if let entry = try firstEntry(ofSegment: middle, upTo: head), isBefore(entry) {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return try walk(segment: low, upTo: head).entries.last(where: isBefore)
  }

  private func firstEntry(ofSegment number: UInt64, upTo head: JournalHead) throws(StoreError) -> Entry? {
    if let known = segments.withLock({ $0[number]?.entries.first }) { return known }
    let position = JournalPosition.start(ofSegment: number)
    guard number < head.end.segment || position.offset < head.end.offset else { return nil }
    return try directory.header(ofBlockAt: position).map {
      Entry(sequence: $0.firstSequence, position: position)
    }
  }

  /// Walks over the headers of a segment from where the last walk stopped, and returns what is known of it then: others
  /// may push it out of mind at once.
  private func walk(segment number: UInt64, upTo head: JournalHead) throws(StoreError) -> Segment {
    var known = segments.withLock { $0[number] ?? Segment() }
    let start = known.walkedTo
    let end = number == head.end.segment ? head.end.offset : directory.shape.segmentByteCount
    guard start < end else { return known }
    let file = try directory.open(segment: number)
    let memory = ReadBuffer(byteCount: 256 << 10)
    var buffered = 0..<0
    while known.walkedTo + BlockHeader.leastBlockByteCount <= end {
      let offset = known.walkedTo
      if offset + BlockHeader.byteCount > buffered.upperBound {
        let count = try file.read(into: memory.prefix(min(memory.byteCount, end - offset)), at: offset)
        buffered = offset..<offset + count
      }
      let place = offset - buffered.lowerBound
      guard
        offset + BlockHeader.byteCount <= buffered.upperBound,
        let block = try? BlockHeader(memory.span(place..<place + BlockHeader.byteCount)),
        block.byteCount >= BlockHeader.leastBlockByteCount
      else { break }
      let isDue = known.entries.last.map { offset - $0.position.offset >= Self.spacing } ?? true
      if isDue {
        known.entries.append(
          Entry(
            sequence: block.firstSequence, position: JournalPosition(segment: number, offset: offset)))
      }
      known.walkedTo = offset + block.byteCount
    }
    // Two may walk at once; the one who came further is kept.
    segments.withLock { segments in
      if segments.count >= segmentLimit, let any = segments.keys.first(where: { $0 != number }) {
        segments[any] = nil
      }
      if (segments[number]?.walkedTo ?? 0) < known.walkedTo { segments[number] = known }
    }
    return known
  }
}
