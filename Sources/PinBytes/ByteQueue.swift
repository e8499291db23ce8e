import Glibc

/// Bytes on their way, appended behind and removed from the front, that leave no copy of themselves in memory.
///
/// What is removed, outgrown or let go of is overwritten with zeros: what clients send and are sent holds PINs. An empty one
/// that never held anything has no memory of its own.
public struct ByteQueue: ~Copyable {
  private var storage: UnsafeMutableRawPointer?
  public private(set) var capacity = 0
  private var start = 0
  private var end = 0

  public init() {}

  deinit { Self.release(storage, wiping: start..<end) }

  public var count: Int { end - start }
  public var isEmpty: Bool { start == end }

  /// What is in it; must not be held over a change, and cannot be.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let contents = UnsafeRawBufferPointer(start: storage.map { UnsafeRawPointer($0) + start }, count: count)
      let span = RawSpan(_unsafeBytes: contents)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The big-endian integer at the front; nil if it is not there whole.
  public func first<Value: FixedWidthInteger & BitwiseCopyable>(as type: Value.Type) -> Value? {
    guard count >= MemoryLayout<Value>.size else { return nil }
    return Value(bigEndian: bytes.unsafeLoadUnaligned(as: Value.self))
  }

  public mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { bytes in
      append(upTo: bytes.count) { room in
        room.copyMemory(from: bytes)
        return bytes.count
      }
    }
  }

  /// Lends room for exactly so many bytes, and takes as many as `fill` says that it wrote.
  public mutating func append(upTo byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) {
    guard byteCount > 0 else { return }
    if end + byteCount > capacity { makeRoom(for: byteCount) }
    let written = fill(UnsafeMutableRawBufferPointer(start: storage.map { $0 + end }, count: byteCount))
    precondition((0...byteCount).contains(written), "no more is written than there is room")
    end += written
  }

  /// Removes from the front, for good.
  public mutating func removeFirst(_ byteCount: Int) {
    precondition((0...count).contains(byteCount), "no more is removed than there is")
    guard byteCount > 0, let storage else { return }
    explicit_bzero(storage + start, byteCount)
    start += byteCount
    if start == end { (start, end) = (0, 0) }
  }

  /// Removes everything, and keeps the memory if that is no more than so many bytes.
  public mutating func removeAll(keepingCapacityUpTo limit: Int = .max) {
    removeFirst(count)
    guard capacity > limit else { return }
    Self.release(storage, wiping: 0..<0)
    (storage, capacity) = (nil, 0)
  }

  private mutating func makeRoom(for byteCount: Int) {
    let (previous, first, kept) = (storage, start, count)
    if let storage, kept + byteCount <= capacity, first >= kept {
      // The front is free, and as long as what moves there.
      storage.copyMemory(from: storage + first, byteCount: kept)
      explicit_bzero(storage + first, kept)
    } else {
      let larger = max(256, kept + byteCount, min(capacity * 2, capacity + (64 << 10)))
      let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
      if let previous {
        moved.copyMemory(from: previous + first, byteCount: kept)
        Self.release(previous, wiping: first..<end)
      }
      (storage, capacity) = (moved, larger)
    }
    (start, end) = (0, kept)
  }

  private static func release(_ storage: UnsafeMutableRawPointer?, wiping filled: Range<Int>) {
    guard let storage else { return }
    explicit_bzero(storage + filled.lowerBound, filled.count)
    storage.deallocate()
  }
}
