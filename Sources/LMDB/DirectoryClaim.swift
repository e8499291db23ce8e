import Glibc
import Synchronization

/// The right of one `Environment` to be the only one of this process in its directory.
///
/// LMDB's locks are POSIX record locks: closing any descriptor of the lock file gives up every lock this process has on
/// it. An environment opened twice, then closed once, would therefore leave the other without protection from other
/// processes, and silently so.
struct DirectoryClaim: ~Copyable {
  /// A directory is told apart by what it is, whatever path led to it.
  private struct Identity: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  private static let claimed = Mutex<Set<Identity>>([])

  private let identity: Identity
  /// Held open so that the inode number cannot go to another directory meanwhile.
  private let descriptor: CInt

  /// Throws `isAlreadyOpen` when the directory is claimed.
  static func make(path: String) throws(LMDBError) -> DirectoryClaim {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LMDBError(code: errno, operation: "open directory") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw LMDBError(code: code, operation: "examine directory")
    }
    let identity = Identity(device: status.st_dev, inode: status.st_ino)
    guard claimed.withLock({ $0.insert(identity).inserted }) else {
      close(descriptor)
      throw LMDBError(code: EBUSY, operation: "open environment twice in one process")
    }
    return DirectoryClaim(identity: identity, descriptor: descriptor)
  }

  deinit {
    _ = Self.claimed.withLock { $0.remove(identity) }
    close(descriptor)
  }
}
