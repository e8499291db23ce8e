import PinBytes
import PinSealing

/// The journal's bytes: a directory of segment files, each one page of header and then blocks packed end to end.
///
/// All integers are big-endian. What follows the last block of a segment is zeros. A block that does not fit in what is
/// left of a segment goes to the next; the chain goes on over segments.
enum JournalFormat {
  static let version: UInt32 = 1
  static let magic = Array("PINVJRNL".utf8)
  /// The size of a segment's header, and so the offset of its first block.
  static let pageByteCount = 4096
  /// The least that a disk writes whole or not at all.
  static let sectorByteCount = 512

  static func fileName(ofSegment number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".journal"
  }

  static func segmentNumber(ofFile name: String) -> UInt64? {
    let suffix = ".journal"
    guard name.hasSuffix(suffix), let number = UInt64(name.dropLast(suffix.count)), number > 0 else { return nil }
    return fileName(ofSegment: number) == name ? number : nil
  }

  /// What the first block of a store names as the block before it.
  static func origin(of storeID: StoreID) -> Digest256 { SHA256Hasher.sha256(of: storeID.bytes.span.bytes) }
}

/// The 128 bits that a journal is founded under and that every segment carries.
package struct StoreID: Sendable, Hashable, CustomStringConvertible {
  package static let byteCount = 16
  /// Exactly 16.
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a store id has 16 bytes")
    self.bytes = bytes
  }

  package var description: String { String(hexadecimal: bytes.span.bytes) }
}

/// What is the same for every segment of a journal, fixed when it is founded.
package struct JournalShape: Sendable, Equatable {
  package let storeID: StoreID
  package let segmentByteCount: Int
  package let largestBlockByteCount: Int

  package init(storeID: StoreID, segmentByteCount: Int, largestBlockByteCount: Int) {
    precondition(
      Self.isSound(segmentByteCount: segmentByteCount, largestBlockByteCount: largestBlockByteCount),
      "a segment must hold at least one largest block")
    self.storeID = storeID
    self.segmentByteCount = segmentByteCount
    self.largestBlockByteCount = largestBlockByteCount
  }

  static func isSound(segmentByteCount: Int, largestBlockByteCount: Int) -> Bool {
    (1024...1 << 28).contains(largestBlockByteCount)
      && (JournalFormat.pageByteCount + largestBlockByteCount...1 << 40).contains(segmentByteCount)
  }
}

/// The first page of a segment file.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 8 | `PINVJRNL` |
/// | 8 | 4 | format version |
/// | 12 | 4 | largest block, bytes |
/// | 16 | 16 | store id |
/// | 32 | 8 | segment number, from 1 |
/// | 40 | 8 | segment size, bytes |
/// | 48 | 8 | first 8 bytes of the SHA-256 of the 48 before |
/// | 56 | | zeros |
struct SegmentHeader: Equatable {
  var shape: JournalShape
  var number: UInt64

  private static let checkedByteCount = 48

  func write(to writer: inout ByteWriter) {
    let start = writer.count
    writer.write(JournalFormat.magic)
    writer.write(JournalFormat.version)
    writer.write(UInt32(shape.largestBlockByteCount))
    writer.write(shape.storeID.bytes)
    writer.write(number)
    writer.write(UInt64(shape.segmentByteCount))
    writer.write(SHA256Hasher.sha256(of: writer.bytes.extracting(start..<writer.count)).check)
    writer.writeZeros(start + JournalFormat.pageByteCount - writer.count)
  }

  enum Fault: Error {
    case damaged
    case otherFormat(UInt32)
  }

  init(shape: JournalShape, number: UInt64) {
    self.shape = shape
    self.number = number
  }

  /// Reads a header from the first bytes of a segment, which must be at least 56.
  init(_ page: RawSpan) throws(Fault) {
    let check = SHA256Hasher.sha256(of: page.extracting(0..<Self.checkedByteCount)).check
    var reader = ByteReader(page)
    do {
      let magic = [UInt8](try reader.readBytes(JournalFormat.magic.count))
      let version: UInt32 = try reader.read()
      let largestBlock: UInt32 = try reader.read()
      let storeID = StoreID(bytes: [UInt8](try reader.readBytes(StoreID.byteCount)))
      let number: UInt64 = try reader.read()
      let segmentByteCount: UInt64 = try reader.read()
      guard magic == JournalFormat.magic, try reader.read() == check else { throw Fault.damaged }
      guard version == JournalFormat.version else { throw Fault.otherFormat(version) }
      guard
        let segmentByteCount = Int(exactly: segmentByteCount),
        JournalShape.isSound(segmentByteCount: segmentByteCount, largestBlockByteCount: Int(largestBlock))
      else { throw Fault.damaged }
      self.number = number
      shape = JournalShape(
        storeID: storeID, segmentByteCount: segmentByteCount, largestBlockByteCount: Int(largestBlock))
    } catch let fault as Fault { throw fault } catch { throw .damaged }
  }
}

/// The first bytes of a block; its events follow, each a 32-bit length and so many bytes, and then one byte that is never
/// zero: by it a whole block is told from one whose last sector is missing.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | size of the block, this header and the last byte included |
/// | 4 | 4 | events, at least 1 |
/// | 8 | 8 | sequence of the first event |
/// | 16 | 8 | time, milliseconds since 1970 UTC |
/// | 24 | 8 | check: the first 8 bytes of the block's hash |
/// | 32 | 32 | hash of the block before |
///
/// A block's hash is the SHA-256 of all of it with the check field zero.
struct BlockHeader: Equatable {
  static let byteCount = 64
  static let checkOffset = 24
  static let chainOffset = 32
  /// The last byte of every block.
  static let endMark: UInt8 = 0xFF
  /// A header, one event without bytes, and the end mark.
  static let leastBlockByteCount = byteCount + 5

  var byteCount: Int
  var eventCount: Int
  var firstSequence: UInt64
  var timeMilliseconds: UInt64
  var check: UInt64
  var previous: Digest256

  var lastSequence: UInt64 { firstSequence &+ UInt64(eventCount) &- 1 }

  func write(over writer: inout ByteWriter) {
    writer.overwrite(UInt32(byteCount), at: 0)
    writer.overwrite(UInt32(eventCount), at: 4)
    writer.overwrite(firstSequence, at: 8)
    writer.overwrite(timeMilliseconds, at: 16)
    writer.overwrite(check, at: Self.checkOffset)
    previous.withBytes { writer.overwrite($0, at: Self.chainOffset) }
  }

  init(
    byteCount: Int, eventCount: Int, firstSequence: UInt64, timeMilliseconds: UInt64, check: UInt64,
    previous: Digest256
  ) {
    self.byteCount = byteCount
    self.eventCount = eventCount
    self.firstSequence = firstSequence
    self.timeMilliseconds = timeMilliseconds
    self.check = check
    self.previous = previous
  }

  init(_ bytes: RawSpan) throws(ByteShortage) {
    var reader = ByteReader(bytes)
    byteCount = Int(try reader.read(UInt32.self))
    eventCount = Int(try reader.read(UInt32.self))
    firstSequence = try reader.read()
    timeMilliseconds = try reader.read()
    check = try reader.read()
    previous = Digest256(bytes: try reader.readBytes(Digest256.byteCount))
  }
}

extension Digest256 {
  /// The part of a block's hash that the block itself carries.
  var check: UInt64 {
    withBytes { UInt64(bigEndian: $0.unsafeLoadUnaligned(as: UInt64.self)) }
  }
}
