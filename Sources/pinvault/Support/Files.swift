import Foundation
import Glibc

/// The few things the program asks of the file system.
enum Files {
  /// Whether there is anything of that name, a dangling link included.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Whether nobody but its owner may read or write it.
  static func isPrivate(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & 0o077 == 0
  }

  /// The directory that holds it; `.` for a bare name.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Without slashes at the end.
  static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// The path from the root on, so that it means the same to another process.
  static func absolute(_ path: String) throws -> String {
    guard !path.hasPrefix("/") else { return path }
    guard let current = getcwd(nil, 0) else { throw SystemFault("the current directory") }
    defer { free(current) }
    return "\(String(cString: current))/\(path)"
  }

  /// The whole of a small file; nil if there is none.
  static func contents(of path: String, limit: Int = 65_536) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw SystemFault(path)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= limit {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemFault(path) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
    throw Fault(.badInput, "\(path): longer than \(limit) bytes, which is too long to be what it should be")
  }

  /// Writes a file under another name and gives it its own in one step, so that a reader sees all of it or nothing.
  static func replace(_ path: String, with text: String, mode: mode_t = 0o600) throws {
    let unfinished = "\(path).new"
    unlink(unfinished)
    let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SystemFault(unfinished) }
    defer { close(descriptor) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemFault(unfinished) }
      bytes = bytes.dropFirst(count)
    }
    guard fsync(descriptor) == 0, rename(unfinished, path) == 0 else { throw SystemFault(path) }
  }
}

extension Files {
  /// Makes the names in a directory durable.
  static func syncDirectory(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFault(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemFault(path) }
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) { unlink(path) }

  /// Removes a directory with all that is in it, as far as it can; links are removed, not followed.
  static func removeTree(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}
