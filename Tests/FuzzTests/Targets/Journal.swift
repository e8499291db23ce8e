import Glibc
import PinBytes
import PinSealing

@testable import PinStore

extension FuzzTarget {
  /// A journal's segments, as the reader walks them and recovery finds their end.
  ///
  /// Checksums are put right first, and if asked the chain, the numbers and the times too: else no change would ever get
  /// past them. Input: what is put right · the bytes behind each segment's header, one segment after another.
  static let journal = FuzzTarget(name: "journal", longestInput: 3 * Disk.roomByteCount) { bytes in
    var input = Input(bytes)
    let mending = Mending(rawValue: input.byte())
    var content = input.rest
    if mending.contains(.header) { return try checkSegmentHeader(content) }
    content = mending.mended(content)
    try Disk.shared.write(content)
    let walked = try walk()
    try checkRecovery(walked)
  }
}

/// What is put right in a journal before it is read.
private struct Mending: OptionSet {
  let rawValue: UInt8
  static let chain = Mending(rawValue: 1)
  static let sequence = Mending(rawValue: 2)
  static let time = Mending(rawValue: 4)
  /// The bytes are a segment's header instead, whose check is put right.
  static let header = Mending(rawValue: 8)

  func mended(_ content: [UInt8]) -> [UInt8] {
    var content = content
    var previous = JournalFormat.origin(of: Disk.shape.storeID)
    var sequence: UInt64 = 1
    var time: UInt64 = 0
    var hasher = SHA256Hasher()
    for room in stride(from: 0, to: content.count, by: Disk.roomByteCount) {
      let end = min(room + Disk.roomByteCount, content.count)
      var start = room
      while end - start >= BlockHeader.leastBlockByteCount {
        let length = Int(number(in: content[start..<start + 4]))
        guard (BlockHeader.leastBlockByteCount...end - start).contains(length) else { break }
        let count = number(in: content[start + 4..<start + 8])
        if contains(.sequence) { write(sequence, to: &content, at: start + 8) }
        time = contains(.time) ? max(time, number(in: content[start + 16..<start + 24])) : time
        if contains(.time) { write(time, to: &content, at: start + 16) }
        if contains(.chain) { content.replaceSubrange(start + 32..<start + 64, with: previous.bytes) }
        write(0, to: &content, at: start + BlockHeader.checkOffset)
        previous = hasher.hash(content[start..<start + length].span.bytes)
        write(previous.check, to: &content, at: start + BlockHeader.checkOffset)
        sequence = sequence &+ count
        start += length
      }
    }
    return content
  }

  private func number(in bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  private func write(_ number: UInt64, to content: inout [UInt8], at offset: Int) {
    for index in 0..<8 { content[offset + index] = UInt8(truncatingIfNeeded: number >> (56 - 8 * index)) }
  }
}

/// A journal of small segments, in the folder for what goes with the run.
private struct Disk {
  static let shared = Disk()
  static let shape = JournalShape(
    storeID: StoreID(bytes: [UInt8](repeating: 7, count: 16)), segmentByteCount: 4096 + 1536,
    largestBlockByteCount: 1024)
  /// How much of a segment is for blocks.
  static let roomByteCount = 1536
  private static let most = 3

  let directory: JournalDirectory

  private init() {
    let path = (getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/pinvault-fuzz.\(getpid())"
    mkdir(path, 0o700)
    directory = JournalDirectory(path: path, shape: Self.shape)
  }

  func write(_ content: [UInt8]) throws {
    for number in 1...Self.most {
      let path = directory.file(ofSegment: UInt64(number))
      let start = (number - 1) * Self.roomByteCount
      guard number == 1 || start < content.count else {
        unlink(path)
        continue
      }
      var writer = ByteWriter(capacity: Self.shape.segmentByteCount)
      SegmentHeader(shape: Self.shape, number: UInt64(number)).write(to: &writer)
      writer.write(Array(content[min(start, content.count)..<min(start + Self.roomByteCount, content.count)]))
      writer.writeZeros(Self.shape.segmentByteCount - writer.count)
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      try hold(file >= 0, "the fuzzer cannot write \(path)")
      defer { close(file) }
      let written = writer.bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      try hold(written == writer.count, "the fuzzer cannot write \(path)")
    }
  }
}

/// Reads all blocks, each of which must be just what the writer would have written for its events.
private func walk() throws -> JournalHead {
  var reader = JournalReader(Disk.shared.directory, after: .origin(of: Disk.shape.storeID))
  var hasher = SHA256Hasher()
  var blocks = 0
  while true {
    let before = reader.head
    guard case .block = try reader.next() else { return reader.head }
    blocks += 1
    try hold(blocks <= 3 * Disk.roomByteCount / BlockHeader.leastBlockByteCount, "there are more blocks than room")
    var block = Block(nextSequence: before.sequence + 1, largestByteCount: Disk.shape.largestBlockByteCount)
    block.begin(nextSequence: before.sequence + 1, timeMilliseconds: reader.head.timeMilliseconds)
    reader.forEachEvent { event, _ in
      block.beginEvent()
      block.writer.write(event)
      _ = block.endEvent()
    }
    let hash = block.seal(previous: before.chain, hasher: &hasher)
    try hold(Array(block.writer.bytes) == Array(reader.blockBytes), "a block is not what the writer would write")
    try hold(reader.head.chain == hash && reader.head.sequence + 1 == block.nextSequence, "the head is another one")
    try hold(reader.head.timeMilliseconds >= before.timeMilliseconds, "time goes back")
  }
}

/// Recovery either refuses, or ends where the walk ended and leaves nothing to be recovered.
private func checkRecovery(_ walked: JournalHead) throws {
  let recovery = JournalRecovery(directory: Disk.shared.directory)
  let found: JournalHead
  do throws(StoreError) {
    found = try recovery.recoverEnd(after: nil)
  } catch {
    guard case .rotten = error else { throw Broken(description: "recovery failed with \(error)") }
    return
  }
  try hold(found == walked, "recovery ends at event \(found.sequence) and the walk at \(walked.sequence)")
  let (again, torn) = try recovery.findEnd(after: nil)
  try hold(again == found && torn == nil, "what was recovered is to be recovered again")
}

/// A header whose check is right is read as what it is written as, or refused.
private func checkSegmentHeader(_ content: [UInt8]) throws {
  guard content.count >= 56 else { return }
  var page = Array(content.prefix(48))
  var writer = ByteWriter()
  writer.write(SHA256Hasher.sha256(of: page.span.bytes).check)
  page += Array(writer.bytes)
  guard let header = try? SegmentHeader(page.span.bytes) else { return }
  var written = ByteWriter(capacity: 4096)
  header.write(to: &written)
  try hold(written.count == 4096, "a segment's header has one page")
  try hold(Array(Array(written.bytes).prefix(56)) == page, "a segment's header reads as another one")
}
