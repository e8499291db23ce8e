import Glibc

/// The system calls that can fail under the journal, so that a test can make them fail.
///
/// Each behaves as the call it is named for: -1 and `errno` on failure.
package struct SystemCalls: Sendable {
  package var write: @Sendable (_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int
  package var syncData: @Sendable (_ descriptor: CInt) -> CInt
  /// Syncs a slice of a segment that is being made ahead of need.
  package var syncSlice: @Sendable (_ descriptor: CInt) -> CInt = { fdatasync($0) }
  /// Bytes that an unprivileged process may still write to the file system of a path; nil when it cannot be told.
  package var freeBytes: @Sendable (_ path: String) -> UInt64?

  package init(
    write: @escaping @Sendable (CInt, UnsafeRawBufferPointer, Int) -> Int,
    syncData: @escaping @Sendable (CInt) -> CInt,
    freeBytes: @escaping @Sendable (String) -> UInt64?
  ) {
    self.write = write
    self.syncData = syncData
    self.freeBytes = freeBytes
  }

  package static let real = SystemCalls(
    write: { pwrite($0, $1.baseAddress, $1.count, $2) },
    syncData: { fdatasync($0) },
    freeBytes: { path in
      var status = statvfs()
      guard statvfs(path, &status) == 0 else { return nil }
      return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    })
}
