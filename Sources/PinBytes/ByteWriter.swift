import Glibc

/// A growable buffer that fields are written to one after another, integers in network byte order.
///
/// Journal events, table records and protocol frames are all built in one of these. The writer owns its memory, keeps it
/// over `removeAll()`, and so allocates only while it grows. Nothing it hands out outlives the next change to it.
public struct ByteWriter: ~Copyable {
  @usableFromInline var storage: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// How many bytes have been written.
  @inlinable public var count: Int { end }
  @usableFromInline var end: Int

  /// An empty writer with room for `capacity` bytes before it first grows.
  public init(capacity: Int = 256) {
    self.capacity = max(capacity, 16)
    storage = .allocate(byteCount: self.capacity, alignment: 16)
    end = 0
  }

  deinit { storage.deallocate() }

  /// What has been written; must not be held over a change, and cannot be.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = RawSpan(_unsafeStart: UnsafeRawPointer(storage), byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Forgets what was written and keeps the memory.
  @inlinable
  public mutating func removeAll() { truncate(to: 0) }

  /// Forgets everything from `count` on; `count` is at most what has been written.
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "a writer can only be cut shorter")
    end = count
  }

  /// Overwrites everything written, and all spare room, with zeros, and forgets it: for buffers that held secrets.
  public mutating func wipe() {
    explicit_bzero(storage, capacity)
    end = 0
  }

  /// Writes one big-endian integer.
  @inlinable
  public mutating func write<Value: FixedWidthInteger>(_ value: Value) {
    let start = advance(by: MemoryLayout<Value>.size)
    (storage + start).storeBytes(of: value.bigEndian, as: Value.self)
  }

  /// Writes bytes as they are.
  @inlinable
  public mutating func write(_ bytes: RawSpan) {
    guard bytes.byteCount > 0 else { return }
    let start = advance(by: bytes.byteCount)
    bytes.withUnsafeBytes { (storage + start).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }

  /// Writes bytes as they are.
  public mutating func write(_ bytes: [UInt8]) { write(bytes.span.bytes) }

  /// Writes `count` zero bytes.
  public mutating func writeZeros(_ count: Int) {
    guard count > 0 else { return }
    let start = advance(by: count)
    (storage + start).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// Writes a string as one length byte and its UTF-8; at most 255 bytes.
  public mutating func write(shortString string: String) {
    let utf8 = Array(string.utf8)
    precondition(utf8.count <= 255, "a short string has at most 255 bytes")
    write(UInt8(utf8.count))
    write(utf8)
  }

  /// Replaces an integer written earlier, such as a length known only now.
  @inlinable
  public mutating func overwrite<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count, "overwriting past what was written")
    (storage + offset).storeBytes(of: value.bigEndian, as: Value.self)
  }

  /// Replaces bytes written earlier.
  public mutating func overwrite(_ bytes: RawSpan, at offset: Int) {
    precondition(offset >= 0 && offset + bytes.byteCount <= count, "overwriting past what was written")
    guard bytes.byteCount > 0 else { return }
    bytes.withUnsafeBytes { (storage + offset).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }

  @inlinable
  mutating func advance(by byteCount: Int) -> Int {
    let start = end
    if start + byteCount > capacity { grow(toFit: start + byteCount) }
    end = start + byteCount
    return start
  }

  @usableFromInline
  mutating func grow(toFit needed: Int) {
    let larger = max(needed, capacity * 2)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: storage, byteCount: count)
    // A buffer may have held a PIN: leave no copy of it in freed memory.
    explicit_bzero(storage, capacity)
    storage.deallocate()
    storage = moved
    capacity = larger
  }
}
