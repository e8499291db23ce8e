import Glibc

/// A system call that failed: which, on what, and why.
package struct SealingSystemError: Error, Equatable, Sendable, CustomStringConvertible {
  package let call: String
  package let path: String
  package let code: Int32

  /// Takes `errno` as the failed call left it.
  init(_ call: String, path: String) {
    (self.call, self.path, self.code) = (call, path, errno)
  }

  package var description: String {
    "\(path): \(call) failed: \(String(cString: strerror(code)))"
  }
}

/// A file descriptor that is closed when it goes.
struct OwnedDescriptor: ~Copyable {
  let value: Int32

  init(opening path: String, flags: Int32, mode: mode_t = 0) throws(SealingSystemError) {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
    if descriptor < 0 { throw SealingSystemError("open", path: path) }
    value = descriptor
  }

  deinit { close(value) }
}

/// Writes every byte, however many calls that takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(SealingSystemError) {
  var written = 0
  while written < bytes.count {
    let count = write(descriptor, bytes.baseAddress! + written, bytes.count - written)
    if count < 0 {
      if errno == EINTR { continue }
      throw SealingSystemError("write", path: path)
    }
    written += count
  }
}

/// Reads until the end or until `buffer` is full; the count of bytes read.
func readAll(
  into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, path: String
) throws(SealingSystemError) -> Int {
  var total = 0
  while total < buffer.count {
    let count = read(descriptor, buffer.baseAddress! + total, buffer.count - total)
    if count < 0 {
      if errno == EINTR { continue }
      throw SealingSystemError("read", path: path)
    }
    if count == 0 { break }
    total += count
  }
  return total
}

/// Makes what was created, renamed or removed in a directory durable.
func syncDirectory(_ path: String) throws(SealingSystemError) {
  let directory = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
  if fsync(directory.value) != 0 { throw SealingSystemError("fsync", path: path) }
}

/// The directory that `path` names an entry of.
func directory(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
