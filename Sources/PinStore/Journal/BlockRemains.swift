import PinSealing

/// What lies where the next block of the journal would be: what a crash left of it, or a block that was changed later.
///
/// A sector is written whole or not at all, and every whole block ends in a byte that is not zero. So of a torn block at
/// least one sector is all zeros; if none is, the block was written whole, and what is wrong with it came afterwards.
struct BlockRemains {
  /// From the block's first byte on, as many as the largest block may have; one of them is not zero.
  let bytes: UnsafeMutableRawBufferPointer
  /// Where in its segment the first of them is.
  let offset: Int

  /// What tells that no crash left this; nil if one may have.
  mutating func problem(_ fault: BlockFault) -> String? {
    if isLengthWritten {
      guard (BlockHeader.leastBlockByteCount...bytes.count).contains(length) else { return BlockFault.length.problem }
      guard end <= length else { return "there is something beyond a torn block" }
    }
    if end == length, isEverySectorWritten { return "\(fault.problem), and no part of it is missing" }
    if isRight(withLength: end), !isMissingOnly(fromLength: end) {
      return "the block's length is wrong, and nothing else of it"
    }
    return nil
  }

  private var length: Int { Int(UInt32(bigEndian: bytes.load(as: UInt32.self))) }

  /// Behind the last byte that is not zero.
  private var end: Int { (bytes.lastIndex { $0 != 0 } ?? -1) + 1 }

  /// Behind the part of the block that lies in the same sector as the byte at `index`.
  private func sectorEnd(of index: Int) -> Int {
    let sector = JournalFormat.sectorByteCount
    return min(((offset + index) / sector + 1) * sector - offset, bytes.count)
  }

  private func isWritten(_ part: Range<Int>) -> Bool { bytes[part].contains { $0 != 0 } }

  /// Whether the length says what it said when it was written: it may lie in two sectors.
  private var isLengthWritten: Bool {
    let first = sectorEnd(of: 0)
    return isWritten(0..<first) && (first >= 4 || isWritten(first..<sectorEnd(of: first)))
  }

  /// Whether each sector of the block has something in it, but for one that has no more than the length's first bytes:
  /// those may be zeros of their own.
  private var isEverySectorWritten: Bool {
    var start = sectorEnd(of: 0) < 4 ? sectorEnd(of: 0) : 0
    while start < end {
      let next = sectorEnd(of: start)
      guard isWritten(start..<min(next, end)) else { return false }
      start = next
    }
    return true
  }

  /// Whether what is found of the length differs from this one only where its sector may be missing.
  private func isMissingOnly(fromLength length: Int) -> Bool {
    withUnsafeBytes(of: UInt32(length).bigEndian) { written in
      var start = 0
      for next in [min(sectorEnd(of: 0), 4), 4] where start < next {
        let isSame = written[start..<next].elementsEqual(bytes[start..<next])
        guard isSame || !isWritten(start..<sectorEnd(of: start)) else { return false }
        start = next
      }
      return true
    }
  }

  /// Whether a block of this length would be right; leaves the bytes as they are.
  private mutating func isRight(withLength length: Int) -> Bool {
    guard length >= BlockHeader.leastBlockByteCount else { return false }
    let block = UnsafeMutableRawBufferPointer(rebasing: bytes[..<length])
    let found = block.load(as: UInt32.self)
    let check = block.load(fromByteOffset: BlockHeader.checkOffset, as: UInt64.self)
    block.storeBytes(of: UInt32(length).bigEndian, as: UInt32.self)
    block.storeBytes(of: 0, toByteOffset: BlockHeader.checkOffset, as: UInt64.self)
    defer {
      block.storeBytes(of: found, as: UInt32.self)
      block.storeBytes(of: check, toByteOffset: BlockHeader.checkOffset, as: UInt64.self)
    }
    let hash = SHA256Hasher.sha256(of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(block)))
    return hash.check == UInt64(bigEndian: check)
  }
}
