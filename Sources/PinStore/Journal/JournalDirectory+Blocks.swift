extension JournalDirectory {
  /// Whether the journal has exactly the block that a head names.
  func holds(_ head: JournalHead) throws(StoreError) -> Bool {
    guard let last = head.lastBlock, let before = try self.head(beforeBlockAt: last) else { return false }
    var reader = JournalReader(self, after: before)
    return try reader.next() == .block && reader.head == head
  }

  /// The head before the block at a position, as that block tells it; nil when there can be no block.
  func head(beforeBlockAt position: JournalPosition) throws(StoreError) -> JournalHead? {
    try header(ofBlockAt: position).map { JournalHead(before: $0, at: position) }
  }

  /// What the bytes at a position say as a block's header, unchecked; nil when there can be no block.
  func header(ofBlockAt position: JournalPosition) throws(StoreError) -> BlockHeader? {
    let room = JournalFormat.pageByteCount...shape.segmentByteCount - BlockHeader.leastBlockByteCount
    guard try segmentNumbers().contains(position.segment), room.contains(position.offset) else { return nil }
    let buffer = ReadBuffer(byteCount: BlockHeader.byteCount)
    let file = try open(segment: position.segment)
    guard
      try file.read(into: buffer.bytes, at: position.offset) == buffer.byteCount,
      let block = try? BlockHeader(buffer.span(0..<buffer.byteCount)), block.byteCount > 0
    else { return nil }
    return block
  }
}
