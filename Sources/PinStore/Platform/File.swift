import Glibc

/// An open file or directory, closed when it goes.
struct File: ~Copyable, Sendable {
  let descriptor: CInt
  let path: String

  enum Access {
    case read, write
    /// Fails when there is one of that name.
    case create

    fileprivate var flags: CInt {
      switch self {
      case .read: O_RDONLY
      case .write: O_RDWR
      case .create: O_RDWR | O_CREAT | O_EXCL
      }
    }
  }

  /// A function and not an initializer: one that throws halfway is miscompiled for what cannot be copied.
  static func open(_ path: String, _ access: Access) throws(StoreError) -> File {
    let descriptor = Glibc.open(path, access.flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
    return File(descriptor: descriptor, path: path)
  }

  private init(descriptor: CInt, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Reads until `buffer` is full or the file ends, and returns how much that was.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, offset + done)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Has the system read what will be asked for soon, without waiting for it; it may not.
  func prefetch(_ byteCount: Int, at offset: Int) {
    posix_fadvise(descriptor, offset, byteCount, CInt(POSIX_FADV_WILLNEED))
  }

  /// Writes all of `bytes`, however many calls that takes.
  func write(_ bytes: RawSpan, at offset: Int, by calls: SystemCalls = .real) throws(StoreError) {
    let code = bytes.withUnsafeBytes { buffer -> CInt in
      var done = 0
      while done < buffer.count {
        let count = calls.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[done...]), offset + done)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return count < 0 ? errno : EIO }
        done += count
      }
      return 0
    }
    guard code == 0 else { throw .system(operation: "write", path: path, code: code) }
  }

  /// Makes the file's bytes durable. A failure is final: what was written may be lost, whatever a second call says.
  func syncData(by calls: SystemCalls = .real) throws(StoreError) {
    try syncData(calls.syncData)
  }

  func syncData(_ call: (CInt) -> CInt) throws(StoreError) {
    while call(descriptor) != 0 {
      guard errno == EINTR else { throw .system(operation: "sync", path: path, code: errno) }
    }
  }

  /// Makes the file, or a directory's entries, durable.
  func sync() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw .system(operation: "sync", path: path, code: errno) }
  }

  func byteCount() throws(StoreError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(operation: "examine", path: path, code: errno) }
    return Int(status.st_size)
  }

  /// How long ago the file was written last, by the system's clock; 0 if that is in the future.
  func millisecondsSinceWrite() throws(StoreError) -> UInt64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(operation: "examine", path: path, code: errno) }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = now.tv_sec - status.st_mtim.tv_sec
    return UInt64(max(0, seconds * 1000 + (now.tv_nsec - status.st_mtim.tv_nsec) / 1_000_000))
  }
}

extension File {
  /// The offset of the first byte in `range` that is not zero.
  func firstNonZero(in range: Range<Int>) throws(StoreError) -> Int? {
    let chunk = ReadBuffer(byteCount: 256 << 10)
    var offset = range.lowerBound
    while offset < range.upperBound {
      let bytes = chunk.prefix(min(chunk.byteCount, range.upperBound - offset))
      let count = try read(into: bytes, at: offset)
      guard count == bytes.count else {
        throw .rotten(JournalPlace(file: path, offset: offset + count), problem: "the segment was cut short")
      }
      // All are zero if the first is and each equals the next.
      if bytes[0] != 0 || memcmp(bytes.baseAddress!, bytes.baseAddress! + 1, count - 1) != 0 {
        return offset + bytes.firstIndex { $0 != 0 }!
      }
      offset += count
    }
    return nil
  }
}
