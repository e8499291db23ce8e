import Glibc

/// How many files and sockets this process may have open.
enum DescriptorLimit {
  /// What the store, the log, the status port and TLS need besides the connections: with none left for a new journal
  /// segment, the store would stop.
  static let kept = 256

  /// Takes as many as the system allows, and says how many connections that is room for.
  static func connections(atMost wanted: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
    if limit.rlim_cur < limit.rlim_max {
      var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return min(wanted, max(16, Int(clamping: limit.rlim_cur) - kept))
  }
}
