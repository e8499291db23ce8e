import Glibc

/// The right to be the only process, and the only store of this one, in a data directory.
///
/// `flock` and not a record lock: it is given up only when this descriptor closes, or the process ends however it ends.
///
/// Held by everything that works in the directory, the writer's thread included, and so given up by the last of them.
final class DirectoryLock: Sendable {
  private let file: File

  init(_ directory: String) throws(StoreError) {
    let path = "\(directory)/lock"
    let file = FileTree.exists(path) ? try File.open(path, .write) : try Self.created(path)
    guard Self.lock(file.descriptor) == 0 else {
      if errno == EWOULDBLOCK { throw .directoryInUse(directory) }
      throw .system(operation: "lock", path: path, code: errno)
    }
    self.file = file
  }

  private static func created(_ path: String) throws(StoreError) -> File {
    do throws(StoreError) {
      return try File.open(path, .create)
    } catch .system(_, _, EEXIST) {
      return try File.open(path, .write)
    }
  }

  /// Tries for a moment: a process that this one is just starting holds the lock until it has become another program.
  private static func lock(_ descriptor: CInt) -> CInt {
    for _ in 0..<50 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return 0 }
      guard errno == EWOULDBLOCK else { return -1 }
      usleep(10_000)
    }
    return flock(descriptor, LOCK_EX | LOCK_NB)
  }
}
