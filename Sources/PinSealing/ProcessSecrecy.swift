import CLinux
import Glibc

/// Keeps the process's memory to itself: no core dump, no crash report, nobody attaching, keys locked out of swap.
package enum ProcessSecrecy {
  /// What `harden` could and could not do.
  package struct Report: Equatable, Sendable {
    /// False when the limit on locked memory (`ulimit -l`) is too low: keys may then reach the swap.
    package let keysAreLockedInMemory: Bool
  }

  /// Call once at start, before the first key.
  ///
  /// The dump limit alone would not do: a kernel that pipes dumps to a program ignores it, but not the dumpable flag. That
  /// flag also gives `/proc/<pid>` to root, so a process not run by root cannot reopen what it inherited by
  /// `/dev/fd/N`: read such descriptors directly. Expanded keys inside OpenSSL's contexts are in ordinary memory, wiped
  /// when done: where even these must not reach the swap, run without swap.
  package static func harden() throws(SealingSystemError) -> Report {
    var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
    if setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore) != 0 {
      throw SealingSystemError("setrlimit", path: "core dump limit")
    }
    if linux_forbid_dumping() != 0 { throw SealingSystemError("prctl", path: "core dumps") }
    silenceCrashReports()
    raiseLockedMemoryLimit()
    return Report(keysAreLockedInMemory: SecretMemory.shared.isLocked)
  }

  /// Whether the kernel would still dump this process or let another attach to it.
  package static var mayBeDumped: Bool { linux_may_be_dumped() != 0 }

  /// Has a crash end the process without a word: the Swift runtime's own report prints registers and the memory they
  /// point to, which may be a PIN.
  private static func silenceCrashReports() {
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
  }

  /// As far as it may be raised without rights; the report says whether that was enough.
  private static func raiseLockedMemoryLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
  }
}
