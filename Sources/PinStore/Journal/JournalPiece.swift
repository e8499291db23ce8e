import PinSealing

/// Blocks that follow each other in one buffer.
///
/// `@unchecked Sendable`: it is one thread's at a time, and goes from one to the other under the lock of `JournalSupply`.
final class JournalPiece: @unchecked Sendable {
  fileprivate let memory: ReadBuffer
  /// How many pieces come before it.
  fileprivate(set) var number = 0
  /// How many of its bytes are blocks; once it is checked, right ones.
  private(set) var byteCount = 0
  /// The head before the first block as that block tells it, with its time, and the one after the last right block.
  private(set) var before: JournalHead
  private(set) var after: JournalHead

  init(_ directory: JournalDirectory) {
    memory = JournalReader.buffer(for: directory)
    before = .origin(of: directory.shape.storeID)
    after = before
  }

  /// Its blocks; they stay where they are as long as it is held and not filled again.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory.prefix(byteCount)) }

  /// Takes blocks that have been read to the beginning of its memory.
  fileprivate func hold(_ byteCount: Int, at position: JournalPosition) {
    self.byteCount = byteCount
    guard byteCount > 0, let first = header(at: 0) else { return }
    before = JournalHead(before: first, at: position)
    before.timeMilliseconds = first.timeMilliseconds
  }

  fileprivate func header(at offset: Int) -> BlockHeader? {
    let bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[offset..<offset + BlockHeader.byteCount])
    return try? BlockHeader(RawSpan(_unsafeBytes: bytes))
  }

  /// Keeps its blocks up to the first that is not right, or does not follow the one before it.
  func check(_ checker: inout BlockChecker) {
    after = before
    var offset = 0
    while offset < byteCount, let block = header(at: offset) {
      let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[offset..<offset + block.byteCount])
      guard checker.check(bytes, block, after: &after, at: after.end) == nil else { break }
      offset += block.byteCount
    }
    byteCount = offset
  }
}

/// Cuts the journal into pieces of whole blocks, and looks at nothing of a block but where it ends and its last sequence.
///
/// Those may be wrong, as may be everything else, until somebody has checked the blocks and that each piece follows the one
/// before. For one thread at a time.
struct JournalCutter: ~Copyable {
  /// How much is read at once, unless a block is longer or a test wants it otherwise: what the processor's caches hold.
  static let usualByteCount = 512 << 10
  /// How much the system is asked to read ahead at once, so that checking does not wait for the disk.
  private static let prefetchedByteCount = 4 << 20

  private let byteCountPerPiece: Int
  private let directory: JournalDirectory
  private let lastSequence: UInt64
  private var position: JournalPosition
  private var file: File?
  /// Where what the system was asked to read ahead of the file ends.
  private var prefetchedEnd = 0
  private var isAtEnd: Bool
  /// How many pieces it has cut.
  private(set) var count = 0

  init(_ directory: JournalDirectory, after head: JournalHead, through lastSequence: UInt64, pieceByteCount: Int) {
    byteCountPerPiece = pieceByteCount
    self.directory = directory
    self.lastSequence = lastSequence
    position = head.end
    isAtEnd = head.sequence >= lastSequence
  }

  /// Fills a piece with the next blocks; false when there are no more.
  mutating func cut(into piece: JournalPiece) throws(StoreError) -> Bool {
    while !isAtEnd {
      let byteCount = try readBlocks(into: piece)
      piece.hold(byteCount, at: position)
      position.offset += byteCount
      if byteCount > 0 {
        piece.number = count
        count += 1
        return true
      }
      file = nil
      prefetchedEnd = 0
      position = .start(ofSegment: position.segment + 1)
      isAtEnd = !FileTree.exists(directory.file(ofSegment: position.segment))
    }
    return false
  }

  /// Reads whole blocks from the position on, and tells how long they are together.
  private mutating func readBlocks(into piece: JournalPiece) throws(StoreError) -> Int {
    let room = directory.shape.segmentByteCount - position.offset
    guard room >= BlockHeader.leastBlockByteCount else { return 0 }
    if file == nil { file = try directory.open(segment: position.segment) }
    prefetch()
    for most in [byteCountPerPiece, piece.memory.byteCount] {
      let memory = piece.memory.prefix(min(most, piece.memory.byteCount, room))
      let byteCount = wholeBlocks(of: piece, in: try file!.read(into: memory, at: position.offset))
      if byteCount > 0 { return byteCount }
    }
    return 0
  }

  /// Asks for more as soon as less than half is left of what was asked for last.
  private mutating func prefetch() {
    guard position.offset + Self.prefetchedByteCount / 2 >= prefetchedEnd else { return }
    let start = max(position.offset, prefetchedEnd)
    file?.prefetch(Self.prefetchedByteCount, at: start)
    prefetchedEnd = start + Self.prefetchedByteCount
  }

  /// How long the whole blocks are that the first `count` bytes of a piece's memory begin with.
  private mutating func wholeBlocks(of piece: JournalPiece, in count: Int) -> Int {
    var offset = 0
    while !isAtEnd, offset + BlockHeader.leastBlockByteCount <= count, let block = piece.header(at: offset) {
      let most = min(count - offset, directory.shape.largestBlockByteCount)
      guard (BlockHeader.leastBlockByteCount...most).contains(block.byteCount) else { break }
      offset += block.byteCount
      isAtEnd = block.lastSequence >= lastSequence
    }
    return offset
  }
}
