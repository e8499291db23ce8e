import PinBytes

/// Writes blocks read from one journal into another of the same shape, each at the very place it had: the exact bytes,
/// and zeros beyond.
///
/// Nothing is durable before `finish`.
struct JournalCopy: ~Copyable {
  let target: JournalDirectory
  /// The head of what has been copied.
  private(set) var head: JournalHead
  private var file: File?
  private var segment: UInt64 = 0
  /// Blocks gathered, not yet written, and where they go.
  private var gathered = ByteWriter(capacity: 2 << 20)
  private var gatheredAt = 0

  private static let gatherByteCount = 1 << 20

  /// - Parameter head: what the first block follows.
  init(into target: JournalDirectory, after head: JournalHead) {
    self.target = target
    self.head = head
  }

  /// Copies the block that `reader` has just read.
  mutating func copyBlock(of reader: borrowing JournalReader) throws(StoreError) {
    guard let position = reader.head.lastBlock else { return }
    try place(reader.blockBytes, at: position)
    head = reader.head
  }

  /// Writes a block of its own in place of the one read, such as one cut short.
  mutating func write(_ block: borrowing Block, head: JournalHead) throws(StoreError) {
    guard let position = head.lastBlock else { return }
    try place(block.writer.bytes, at: position)
    self.head = head
  }

  /// Makes everything copied durable.
  consuming func finish() throws(StoreError) -> JournalHead {
    try finishSegment()
    try FileTree.syncDirectory(target.path)
    return head
  }

  private mutating func place(_ bytes: RawSpan, at position: JournalPosition) throws(StoreError) {
    if position.segment != segment { try begin(segment: position.segment) }
    // Blocks lie end to end within a segment.
    precondition(position.offset == gatheredAt + gathered.count, "a block was skipped")
    gathered.write(bytes)
    if gathered.count >= Self.gatherByteCount { try writeGathered() }
  }

  private mutating func begin(segment number: UInt64) throws(StoreError) {
    try finishSegment()
    let created = try File.open(target.file(ofSegment: number), .create)
    var page = ByteWriter(capacity: JournalFormat.pageByteCount)
    SegmentHeader(shape: target.shape, number: number).write(to: &page)
    try created.write(page.bytes, at: 0)
    file = consume created
    segment = number
    gatheredAt = JournalFormat.pageByteCount
  }

  private mutating func writeGathered() throws(StoreError) {
    try file?.write(gathered.bytes, at: gatheredAt)
    gatheredAt += gathered.count
    gathered.removeAll()
  }

  private mutating func finishSegment() throws(StoreError) {
    try writeGathered()
    guard let finished = file.take() else { return }
    let zeros = [UInt8](repeating: 0, count: min(1 << 20, target.shape.segmentByteCount))
    while gatheredAt < target.shape.segmentByteCount {
      let count = min(zeros.count, target.shape.segmentByteCount - gatheredAt)
      try finished.write(zeros.span.bytes.extracting(0..<count), at: gatheredAt)
      gatheredAt += count
    }
    try finished.sync()
  }
}
