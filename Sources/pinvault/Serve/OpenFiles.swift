import Glibc

/// The limit on open files, which each connection takes one of.
enum OpenFiles {
  /// What the store, the event loops and the listening sockets take, and some for commands such as a backup.
  static let leastCount = 96

  /// Raises the limit as far as this user may; throws when the server could not even start.
  ///
  /// Below the least, the event loops end the process when they cannot have what they need. With a few more than that, the
  /// server takes as few connections as leave the store its files.
  static func raiseLimit() throws {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw SystemFault("the limit on open files")
    }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    let count = Int(clamping: limit.rlim_cur)
    guard count >= leastCount else {
      throw Fault(
        .usage, "only \(count) open files are allowed, and it takes \(leastCount): raise the limit (ulimit -n)")
    }
  }
}
