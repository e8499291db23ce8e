/// Reads fields one after another from bytes it borrows, integers in network byte order.
///
/// Every read is checked: running out of bytes throws and leaves the position where it was.
public struct ByteReader: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var position: Int

  /// How many bytes have been read.
  @inlinable
  public var offset: Int { position }

  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
    position = 0
  }

  /// How many bytes are left.
  @inlinable
  public var remaining: Int { bytes.byteCount - position }

  /// Reads one big-endian integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self
  ) throws(ByteShortage) -> Value {
    let start = try advance(by: MemoryLayout<Value>.size)
    return Value(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: Value.self))
  }

  /// Reads `count` bytes without copying them.
  @inlinable
  @_lifetime(copy self)
  public mutating func readBytes(_ count: Int) throws(ByteShortage) -> RawSpan {
    let start = try advance(by: count)
    return bytes.extracting(start..<start + count)
  }

  /// Reads what is left without copying it.
  @inlinable
  @_lifetime(copy self)
  public mutating func readRest() -> RawSpan {
    let rest = bytes.extracting(position..<bytes.byteCount)
    skipRest()
    return rest
  }

  /// Reads a string written as one length byte and its UTF-8.
  @_lifetime(self: copy self)
  public mutating func readShortString() throws(ByteShortage) -> String {
    let start = position
    let length = try read(UInt8.self)
    do throws(ByteShortage) {
      let utf8 = try readBytes(Int(length))
      guard let string = String(validating: utf8) else { throw ByteShortage() }
      return string
    } catch {
      position = start
      throw error
    }
  }

  @_lifetime(self: copy self)
  @inlinable
  mutating func skipRest() { position = bytes.byteCount }

  @_lifetime(self: copy self)
  @inlinable
  mutating func advance(by count: Int) throws(ByteShortage) -> Int {
    guard count >= 0, count <= remaining else { throw ByteShortage() }
    defer { position += count }
    return position
  }
}

/// The bytes ended before the field did, or a string in them is not UTF-8.
public struct ByteShortage: Error, Equatable {
  public init() {}
}
