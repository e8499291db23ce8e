import Glibc
import Histogram

/// What a disk does with one kind of write, over and over.
package struct SyncFloor: Sendable {
  /// How many were synced in a second.
  package let syncsPerSecond: Double
  /// How long half of them took at most, in microseconds.
  package let p50Microseconds: Double

  /// Repeats `turn` for so long, after a tenth of that unmeasured.
  static func measure(
    seconds: Double, turn: () throws(BenchmarkError) -> Void
  ) throws(BenchmarkError) -> SyncFloor {
    var latencies = Histogram<UInt32>(highestTrackableValue: 60_000_000_000)
    let warm = Clock.nanoseconds() + UInt64(seconds * 1e8)
    while Clock.nanoseconds() < warm { try turn() }
    let begin = Clock.nanoseconds()
    var (last, count) = (begin, 0)
    while last < begin + UInt64(seconds * 1e9) {
      try turn()
      let now = Clock.nanoseconds()
      latencies.record(now - last)
      (last, count) = (now, count + 1)
    }
    return SyncFloor(
      syncsPerSecond: Double(count) * 1e9 / Double(last - begin),
      p50Microseconds: Double(latencies.valueAtPercentile(50)) / 1000)
  }

  /// The journal's own writes without a journal: blocks of one size packed end to end into a file that was zero-filled and
  /// synced before, one `pwrite` and one `fdatasync` each. The file is made in a directory, and is gone afterwards.
  package static func ofJournal(
    in directory: String, blockByteCount: Int, seconds: Double
  ) throws(BenchmarkError) -> SyncFloor {
    var segment = try FloorSegment.make(in: directory)
    let block = [UInt8](repeating: 0x5A, count: blockByteCount)
    return try measure(seconds: seconds) { () throws(BenchmarkError) in try segment.append(block.span.bytes) }
  }
}

/// A zero-filled and synced file, written end to end, and again from its start. It is gone when this is.
struct FloorSegment: ~Copyable {
  private static let byteCount = 64 << 20
  private let descriptor: CInt
  private let path: String
  private var offset = 0

  /// Not an initializer: one that throws halfway is miscompiled for what cannot be copied.
  static func make(in directory: String) throws(BenchmarkError) -> FloorSegment {
    let path = "\(directory)/floor-journal"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("open \(path)") }
    let segment = FloorSegment(descriptor: descriptor, path: path)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for offset in stride(from: 0, to: byteCount, by: zeros.count) {
      guard pwrite(descriptor, zeros, zeros.count, offset) == zeros.count else { throw .system("write \(path)") }
    }
    guard fsync(descriptor) == 0 else { throw .system("sync \(path)") }
    return segment
  }

  private init(descriptor: CInt, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Writes a block behind the last, and syncs it.
  mutating func append(_ block: RawSpan) throws(BenchmarkError) {
    precondition(block.byteCount <= Self.byteCount)
    if offset + block.byteCount > Self.byteCount { offset = 0 }
    let count = block.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) }
    guard count == block.byteCount, fdatasync(descriptor) == 0 else { throw .system("sync \(path)") }
    offset += block.byteCount
  }
}
