/// What tells a value that rotted on disk from the one that was stored: every value ends in four bytes made of its key
/// and itself.
///
/// LMDB checks nothing that it reads. The four bytes are written with each value, and compared by `Environment.checkFile`
/// before the file is used, so that reading costs nothing. They guard against accidents, not against malice.
enum EntryChecksum {
  static let byteCount = 4

  /// A multiplicative hash, eight bytes at a time, little-endian, the last ones of key and value filled up with zeros.
  @inline(__always)
  static func compute(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UInt32 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ (UInt64(key.count) << 32 | UInt64(value.count))
    add(key, to: &hash)
    add(value, to: &hash)
    return UInt32(truncatingIfNeeded: hash)
  }

  @inline(__always)
  private static func add(_ bytes: UnsafeRawBufferPointer, to hash: inout UInt64) {
    var offset = 0
    while offset + 8 <= bytes.count {
      mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)), into: &hash)
      offset += 8
    }
    guard offset < bytes.count else { return }
    var rest: UInt64 = 0
    for index in stride(from: bytes.count - 1, through: offset, by: -1) { rest = rest << 8 | UInt64(bytes[index]) }
    mix(rest, into: &hash)
  }

  @inline(__always)
  private static func mix(_ word: UInt64, into hash: inout UInt64) {
    hash = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
    hash ^= hash >> 32
  }
}
