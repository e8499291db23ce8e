import Glibc

/// What is done to files and directories by name.
package enum FileTree {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The directory that a path's last name is in.
  static func parent(of path: String) -> String {
    var trimmed = Substring(path)
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  /// The absolute path without links of what is there; nil when nothing is.
  static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func createDirectory(_ path: String) throws(StoreError) {
    guard mkdir(path, 0o700) == 0 else { throw .system(operation: "create directory", path: path, code: errno) }
  }

  /// Makes the entries of a directory durable.
  static func syncDirectory(_ path: String) throws(StoreError) { try File.open(path, .read).sync() }

  /// The names in a directory, in byte order.
  static func names(in path: String) throws(StoreError) -> [String] {
    guard let directory = opendir(path) else { throw .system(operation: "list", path: path, code: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = entry.name
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Removes a file, or a directory with all that is in it; nothing is wrong when it is not there.
  static func remove(_ path: String) throws(StoreError) {
    guard isDirectory(path) else {
      guard unlink(path) == 0 || errno == ENOENT else { throw .system(operation: "remove", path: path, code: errno) }
      return
    }
    for name in try names(in: path) { try remove("\(path)/\(name)") }
    guard rmdir(path) == 0 else { throw .system(operation: "remove", path: path, code: errno) }
  }

  static func rename(_ path: String, to newPath: String) throws(StoreError) {
    guard Glibc.rename(path, newPath) == 0 else { throw .system(operation: "rename", path: path, code: errno) }
  }

  /// Gives what is finished its name, durably. When this throws, it is removed.
  ///
  /// A crash in between, or a disk that does not even let it be removed, leaves all of it, under one name or the other.
  package static func giveName(_ name: String, to unfinished: String) throws(StoreError) {
    do throws(StoreError) {
      try rename(unfinished, to: name)
    } catch {
      try? remove(unfinished)
      throw error
    }
    do throws(StoreError) {
      try syncDirectory(parent(of: name))
    } catch {
      // No part of it goes as long as it may come back under its name.
      do throws(StoreError) {
        try rename(name, to: unfinished)
        try syncDirectory(parent(of: name))
        try remove(unfinished)
      } catch {}
      throw error
    }
  }

  /// The bytes of a small file; at most `limit` of them.
  static func contents(of path: String, limit: Int = 1 << 20) throws(StoreError) -> [UInt8] {
    let file = try File.open(path, .read)
    let buffer = ReadBuffer(byteCount: min(try file.byteCount(), limit))
    let count = try file.read(into: buffer.bytes, at: 0)
    return [UInt8](buffer.span(0..<count))
  }

  /// Creates a file with these bytes, durably but for its name.
  static func create(_ path: String, _ bytes: [UInt8]) throws(StoreError) {
    let file = try File.open(path, .create)
    try file.write(bytes.span.bytes, at: 0)
    try file.sync()
  }

  /// Copies a file, durably but for its name.
  static func copy(_ path: String, to newPath: String) throws(StoreError) {
    let source = try File.open(path, .read)
    let target = try File.open(newPath, .create)
    let buffer = ReadBuffer(byteCount: 1 << 18)
    var offset = 0
    while true {
      let count = try source.read(into: buffer.bytes, at: offset)
      guard count > 0 else { break }
      try target.write(buffer.span(0..<count), at: offset)
      offset += count
    }
    try target.sync()
  }
}

extension UnsafeMutablePointer<dirent> {
  /// The entry's name. What `readdir` gives ends with the name, so that the field must not be read as a whole.
  fileprivate var name: String {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { preconditionFailure("a field has a place") }
    return String(cString: (UnsafeRawPointer(self) + offset).assumingMemoryBound(to: CChar.self))
  }
}
