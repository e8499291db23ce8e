import Glibc
import PinBytes
import PinSealing

/// The segment files of one journal, by name and shape.
struct JournalDirectory: Sendable {
  let path: String
  let shape: JournalShape

  /// Looks at an existing journal: its shape is told by its first segment.
  init(opening path: String) throws(StoreError) {
    self.path = path
    guard let first = try Self.segmentNumbers(in: path).first else {
      throw .rotten(JournalPlace(file: path, offset: 0), problem: "there is no segment")
    }
    shape = try Self.header(ofSegment: first, in: path).shape
  }

  init(path: String, shape: JournalShape) {
    self.path = path
    self.shape = shape
  }

  /// The numbers of the segments that are there, in order and without a gap.
  func segmentNumbers() throws(StoreError) -> ClosedRange<UInt64> {
    let numbers = try Self.segmentNumbers(in: path)
    guard let first = numbers.first, let last = numbers.last else {
      throw .rotten(JournalPlace(file: path, offset: 0), problem: "there is no segment")
    }
    for (index, number) in numbers.enumerated() where number != first + UInt64(index) {
      throw .rotten(place(JournalPosition(segment: number - 1, offset: 0)), problem: "the segment is missing")
    }
    return first...last
  }

  func file(ofSegment number: UInt64) -> String { "\(path)/\(JournalFormat.fileName(ofSegment: number))" }

  func place(_ position: JournalPosition) -> JournalPlace {
    JournalPlace(file: file(ofSegment: position.segment), offset: position.offset)
  }

  /// Opens a segment after checking every byte of its header, and its size.
  func open(segment number: UInt64, _ access: File.Access = .read) throws(StoreError) -> File {
    let file = try File.open(file(ofSegment: number), access)
    let page = ReadBuffer(byteCount: JournalFormat.pageByteCount)
    let count = try file.read(into: page.bytes, at: 0)
    var expected = ByteWriter(capacity: JournalFormat.pageByteCount)
    SegmentHeader(shape: shape, number: number).write(to: &expected)
    let isRight = expected.bytes.withUnsafeBytes { expected in
      count == expected.count && memcmp(page.bytes.baseAddress!, expected.baseAddress!, count) == 0
    }
    guard isRight else {
      let expectedPage = [UInt8](expected.bytes)
      let offset = expectedPage.indices.first { $0 >= count || page.bytes[$0] != expectedPage[$0] }
      throw .rotten(JournalPlace(file: file.path, offset: offset ?? 0), problem: "the segment's header is wrong")
    }
    guard try file.byteCount() == shape.segmentByteCount else {
      throw .rotten(JournalPlace(file: file.path, offset: try file.byteCount()), problem: "the segment's size is wrong")
    }
    return file
  }

  private static func segmentNumbers(in path: String) throws(StoreError) -> [UInt64] {
    try FileTree.names(in: path).compactMap(JournalFormat.segmentNumber).sorted()
  }

  private static func header(ofSegment number: UInt64, in path: String) throws(StoreError) -> SegmentHeader {
    let name = "\(path)/\(JournalFormat.fileName(ofSegment: number))"
    let page = try FileTree.contents(of: name, limit: JournalFormat.pageByteCount)
    do throws(SegmentHeader.Fault) {
      guard page.count == JournalFormat.pageByteCount else { throw .damaged }
      return try SegmentHeader(page.span.bytes)
    } catch {
      switch error {
      case .damaged: throw .rotten(JournalPlace(file: name, offset: 0), problem: "the segment's header is wrong")
      case .otherFormat(let found):
        throw .otherFormat(path: name, name: "journal format", found: found, expected: JournalFormat.version)
      }
    }
  }
}
