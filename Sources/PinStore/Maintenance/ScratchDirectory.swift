import Glibc

/// A directory in the data directory that goes away when it is no longer needed, at the latest at the next start.
struct ScratchDirectory: ~Copyable {
  let path: String
  private static let prefix = "scratch."

  static func make(in directory: String) throws(StoreError) -> ScratchDirectory {
    var template = Array("\(directory)/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw .system(operation: "create directory", path: directory, code: errno)
    }
    return ScratchDirectory(path: String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  private init(path: String) { self.path = path }

  deinit { try? FileTree.remove(path) }

  /// Removes what a crash left.
  static func removeLeftovers(in directory: String) throws(StoreError) {
    for name in try FileTree.names(in: directory) where name.hasPrefix(prefix) {
      try FileTree.remove("\(directory)/\(name)")
    }
  }
}
