import PinSealing

/// Checks blocks that lie in memory: every byte of them, and that they follow each other.
///
/// For one thread at a time.
struct BlockChecker: ~Copyable {
  private var hasher = SHA256Hasher()

  /// What is wrong with a block as the one after `head`; if nothing is, it becomes the head.
  mutating func check(
    _ bytes: UnsafeMutableRawBufferPointer, _ block: BlockHeader, after head: inout JournalHead,
    at position: JournalPosition
  ) -> BlockFault? {
    let hash = hash(bytes, block)
    guard hash.check == block.check else { return .checksum }
    guard block.previous == head.chain else { return .chain }
    guard block.eventCount > 0, block.firstSequence == head.sequence &+ 1 else { return .sequence }
    guard block.timeMilliseconds >= head.timeMilliseconds else { return .time }
    guard Self.hasWholeEvents(bytes, count: block.eventCount) else { return .events }
    head = JournalHead(after: block, hash: hash, at: position)
    return nil
  }

  private mutating func hash(_ bytes: UnsafeMutableRawBufferPointer, _ block: BlockHeader) -> Digest256 {
    bytes.storeBytes(of: 0, toByteOffset: BlockHeader.checkOffset, as: UInt64.self)
    let hash = hasher.hash(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
    bytes.storeBytes(of: block.check.bigEndian, toByteOffset: BlockHeader.checkOffset, as: UInt64.self)
    return hash
  }

  private static func hasWholeEvents(_ bytes: UnsafeMutableRawBufferPointer, count: Int) -> Bool {
    var offset = BlockHeader.byteCount
    for _ in 0..<count {
      guard offset + 4 <= bytes.count else { return false }
      offset += 4 + Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
    return offset == bytes.count - 1 && bytes[offset] == BlockHeader.endMark
  }
}

/// What is not right about a block.
enum BlockFault: Sendable, Equatable {
  /// There is none: no length, or no room for one.
  case absent
  case length
  case checksum
  case chain
  case sequence
  case time
  case events
  /// What follows the last block of a full segment is not zeros.
  case notZero

  var problem: String {
    switch self {
    case .absent: "there is no block"
    case .length: "the block's length is impossible"
    case .checksum: "the block's checksum does not match"
    case .chain: "the block does not follow the one before it"
    case .sequence: "the block's sequence is not the next one"
    case .time: "the block's time is before that of an earlier one"
    case .events: "the block's events and its end mark do not fill it"
    case .notZero: "what must be zero is not"
    }
  }
}
