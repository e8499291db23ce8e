import CLMDB

/// A key and its value, in place in the mapped file, for as long as the transaction stands still.
package struct Entry: ~Escapable {
  package let key: RawSpan
  package let value: RawSpan

  /// Whoever calls this narrows the lifetime at once to the transaction's that `position` was read in.
  @_lifetime(immortal)
  init(_ position: Position) {
    key = _overrideLifetime(RawSpan(_unsafeBytes: position.key.bytes), copying: ())
    value = _overrideLifetime(RawSpan(_unsafeBytes: position.value.bytes), copying: ())
  }

  /// The key of a table with integer keys.
  package var integerKey: UInt64 {
    precondition(key.byteCount == MemoryLayout<UInt64>.size, "the key is not an integer")
    return key.unsafeLoadUnaligned(as: UInt64.self)
  }
}
