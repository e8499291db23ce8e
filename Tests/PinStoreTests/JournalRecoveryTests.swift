import PinSealing
import Testing

@testable import PinStore

/// What may lie behind the journal's end after a crash, and what may not.
@Suite(.timeLimit(.minutes(30))) struct JournalRecoveryTests {
  /// A journal of one segment and two spares, with blocks of the given sizes.
  struct Fixture {
    let rig: StoreRig
    let directory: JournalDirectory
    let heads: [JournalHead]

    init(blockSizes: [Int], zerosAtEnd: Int = 0, spares: UInt64 = 1) throws {
      rig = try StoreRig()
      try FileTree.createDirectory(rig.directory)
      let shape = JournalShape(storeID: StoreRig.storeID, segmentByteCount: 32 << 10, largestBlockByteCount: 8 << 10)
      directory = JournalDirectory(path: rig.directory, shape: shape)
      for number in 1...1 + spares { try SegmentPreparer.prepare(number, in: directory) }
      var heads = [JournalHead.origin(of: StoreRig.storeID)]
      for size in blockSizes {
        let next = try directory.append(after: heads.last!, timeMilliseconds: 1, StoreSettings()) { block in
          block.beginEvent()
          // No other byte is zero, so that what is missing shows.
          let count = size - BlockHeader.leastBlockByteCount
          block.writer.write((0..<count).map { $0 < count - zerosAtEnd ? UInt8($0 % 255) + 1 : 0 })
          _ = block.endEvent()
        }
        heads.append(next)
      }
      self.heads = heads
    }

    var file: String { directory.file(ofSegment: 1) }

    func range(ofBlock index: Int) -> Range<Int> { heads[index].end.offset..<heads[index + 1].end.offset }

    func overwrite(_ bytes: [UInt8], at offset: Int, segment: UInt64 = 1) throws {
      try File.open(directory.file(ofSegment: segment), .write).write(bytes.span.bytes, at: offset)
    }

    func bytes(_ range: Range<Int>) throws -> [UInt8] { Array(try FileTree.contents(of: file)[range]) }

    func recover(after checkpoint: JournalHead? = nil) throws -> JournalHead {
      try JournalRecovery(directory: directory).recoverEnd(after: checkpoint)
    }

    func isRotten(after checkpoint: JournalHead? = nil) throws -> Bool {
      do {
        _ = try recover(after: checkpoint)
        return false
      } catch StoreError.rotten {
        return true
      }
    }
  }

  @Test func aWholeJournalEndsAtItsLastBlock() throws {
    let fixture = try Fixture(blockSizes: [100, 700, 69])
    #expect(try fixture.recover() == fixture.heads[3])
    #expect(try fixture.recover(after: fixture.heads[2]) == fixture.heads[3])
    #expect(try fixture.recover(after: fixture.heads[3]) == fixture.heads[3])
  }

  @Test(arguments: [70, 600])
  func aLastBlockTornAtAnyByteIsDroppedAndZeroed(size: Int) throws {
    let fixture = try Fixture(blockSizes: [200, size])
    let range = fixture.range(ofBlock: 1)
    let whole = try fixture.bytes(range)
    for kept in 0..<size {
      try fixture.overwrite(Array(whole[..<kept]) + Array(repeating: 0, count: size - kept), at: range.lowerBound)
      #expect(try fixture.recover() == fixture.heads[1], "kept \(kept)")
      #expect(try fixture.bytes(range).allSatisfy { $0 == 0 }, "kept \(kept)")
    }
  }

  @Test func aLastBlockWithAnySectorsMissingIsDropped() throws {
    let fixture = try Fixture(blockSizes: [300, 2600])
    let range = fixture.range(ofBlock: 1)
    let whole = try fixture.bytes(range)
    let sectors = Set(range.map { $0 / 512 }).sorted()
    for missing in 1..<(1 << sectors.count) {
      var torn = whole
      for offset in range where missing & 1 << sectors.firstIndex(of: offset / 512)! != 0 {
        torn[offset - range.lowerBound] = 0
      }
      try fixture.overwrite(torn, at: range.lowerBound)
      #expect(try fixture.recover() == fixture.heads[1], "missing \(String(missing, radix: 2))")
    }
  }

  /// A block may begin so near the end of a sector that its length lies in two.
  @Test(arguments: [509, 510, 511])
  func aLengthAcrossSectorsMayBeTorn(offset: Int) throws {
    let fixture = try Fixture(blockSizes: [offset, 2600])
    let range = fixture.range(ofBlock: 1)
    let whole = try fixture.bytes(range)
    let cut = 512 - offset
    for missing in [0..<cut, cut..<whole.count] {
      var torn = whole
      for offset in missing { torn[offset] = 0 }
      try fixture.overwrite(torn, at: range.lowerBound)
      // The length's first bytes may be zeros of their own.
      #expect(try fixture.recover() == fixture.heads[torn == whole ? 2 : 1])
    }
  }

  @Test func aBlockTornInTheNextSegmentIsDropped() throws {
    let fixture = try Fixture(blockSizes: [8000, 8000, 8000, 8000], spares: 2)
    #expect(fixture.heads[4].end.segment == 2)
    try fixture.overwrite([0, 0, 0], at: fixture.heads[4].end.offset - 3, segment: 2)
    #expect(try fixture.recover() == fixture.heads[3])
    #expect(try File.open(fixture.directory.file(ofSegment: 2), .read).firstNonZero(in: 4096..<32 << 10) == nil)
  }

  @Test func aFlippedByteInAnyBlockIsDamage() throws {
    let fixture = try Fixture(blockSizes: [90, 150, 600])
    let original = try fixture.bytes(0..<8192)
    let end = fixture.heads[3].end.offset
    for offset in Array(0..<64) + Array(stride(from: 64, to: 4096, by: 97)) + Array(4096..<end) {
      try fixture.overwrite([original[offset] ^ 0x40], at: offset)
      #expect(try fixture.isRotten(), "byte \(offset)")
      try fixture.overwrite([original[offset]], at: offset)
    }
    #expect(try fixture.recover() == fixture.heads[3])
  }

  /// Whatever its events end in, and wherever its length lies: also where a sector ends or has only the end mark.
  @Test(arguments: [(100, 90), (100, 600), (300, 213), (508, 300), (509, 90), (509, 2600), (510, 700), (511, 515)])
  func aFlippedBitInTheLastBlockIsDamage(before: Int, size: Int) throws {
    let fixture = try Fixture(blockSizes: [before, size], zerosAtEnd: 12)
    let range = fixture.range(ofBlock: 1)
    let whole = try fixture.bytes(range)
    for index in 0..<size {
      let bits = index < BlockHeader.byteCount || index > size - 4 ? Array(0..<8) : [index % 8]
      for bit in bits {
        try fixture.overwrite([whole[index] ^ 1 << bit], at: range.lowerBound + index)
        #expect(try fixture.isRotten(), "bit \(bit) of byte \(index)")
      }
      try fixture.overwrite([whole[index]], at: range.lowerBound + index)
    }
    #expect(try fixture.recover() == fixture.heads[2])
  }

  /// Blocks that are right in themselves, but not where they are.
  @Test(arguments: [
    ("chain", UInt64(3), UInt64(1), true), ("sequence", 4, 1, false), ("sequence", 2, 1, false), ("time", 3, 0, false),
    ("right", 3, 1, false),
  ])
  func aBlockOutOfPlaceIsDamage(what: String, sequence: UInt64, time: UInt64, isForeign: Bool) throws {
    let fixture = try Fixture(blockSizes: [100, 100])
    let head = fixture.heads[2]
    var block = Block(nextSequence: sequence, largestByteCount: 8 << 10)
    block.begin(nextSequence: sequence, timeMilliseconds: time)
    block.beginEvent()
    block.writer.write(Array(repeating: 9, count: 50))
    _ = block.endEvent()
    var hasher = SHA256Hasher()
    _ = block.seal(previous: isForeign ? fixture.heads[1].chain : head.chain, hasher: &hasher)
    try fixture.overwrite([UInt8](block.writer.bytes), at: head.end.offset)
    #expect(try fixture.isRotten() == (what != "right"))
  }

  @Test func anythingBeyondTheEndIsDamage() throws {
    let fixture = try Fixture(blockSizes: [100, 100], spares: 2)
    let end = fixture.heads[2].end.offset
    for (offset, segment) in [(end + (8 << 10), UInt64(1)), ((32 << 10) - 1, 1), (4096 + (8 << 10), 2), (4096, 3)] {
      try fixture.overwrite([1], at: offset, segment: segment)
      #expect(try fixture.isRotten(), "byte \(offset) of segment \(segment)")
      try fixture.overwrite([0], at: offset, segment: segment)
    }
    try fixture.overwrite([1], at: end + 700)
    try fixture.overwrite([1], at: 5000, segment: 2)
    #expect(try fixture.isRotten())
  }

  /// A sector is written whole or not at all: beside a length that is not there, nothing can be.
  @Test func aByteInTheSectorOfAMissingBlockIsDamage() throws {
    let fixture = try Fixture(blockSizes: [100, 100])
    let end = fixture.heads[2].end.offset
    try fixture.overwrite([1], at: end + 70)
    #expect(try fixture.isRotten())
    try fixture.overwrite([0], at: end + 70)
    try fixture.overwrite([1], at: end + 512)
    #expect(try fixture.recover() == fixture.heads[2])
  }

  @Test func aCheckpointPastTheEndIsDamage() throws {
    let fixture = try Fixture(blockSizes: [100, 100, 100])
    let checkpoint = fixture.heads[3]
    try fixture.overwrite(Array(repeating: 0, count: 100), at: fixture.range(ofBlock: 2).lowerBound)
    #expect(try fixture.isRotten(after: checkpoint))
    #expect(try fixture.recover(after: fixture.heads[2]) == fixture.heads[2])
  }

  @Test func aCheckpointOfAnotherChainIsDamage() throws {
    let fixture = try Fixture(blockSizes: [100, 100])
    var checkpoint = fixture.heads[1]
    checkpoint.chain = fixture.heads[2].chain
    #expect(try fixture.isRotten(after: checkpoint))
  }

  @Test func whatIsLeftOfAFullSegmentMustBeZero() throws {
    let fixture = try Fixture(blockSizes: [8000, 8000, 8000, 8000])
    try fixture.overwrite([1], at: fixture.heads[3].end.offset + 100)
    #expect(try fixture.isRotten())
  }

  @Test(arguments: [1, 3, 4, 40, 68])
  func aByteWhereNoBlockFitsIsDamage(room: Int) throws {
    let least = (32 << 10) - 4096 - room - 3 * (8 << 10)
    let fixture = try Fixture(blockSizes: [8 << 10, 8 << 10, 8 << 10, least])
    let end = fixture.heads[4].end.offset
    #expect((32 << 10) - end == room)
    try fixture.overwrite([1], at: end)
    #expect(try fixture.isRotten())
  }

  @Test func aMissingSegmentIsDamage() throws {
    let fixture = try Fixture(blockSizes: [100], spares: 2)
    try FileTree.remove(fixture.directory.file(ofSegment: 2))
    #expect(try fixture.isRotten())
  }
}
