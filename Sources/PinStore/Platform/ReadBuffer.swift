/// Memory that files are read into, aligned to a page and freed when it goes.
struct ReadBuffer: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 4096) }

  deinit { bytes.deallocate() }

  var byteCount: Int { bytes.count }

  /// The first `count` bytes, to be filled.
  func prefix(_ count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
  }

  /// The bytes in a range, to be read in place.
  @_lifetime(borrow self)
  borrowing func span(_ range: Range<Int>) -> RawSpan {
    let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
    return _overrideLifetime(span, borrowing: self)
  }
}
