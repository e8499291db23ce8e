import CLinux
import Glibc
import Synchronization

/// Another program, started by `posix_spawn` and waited for on a thread of its own.
///
/// Foundation's `Process` (6.3) reads past the end of what it lists of `/proc/self/fd`, and now and then dies of it
/// (swift-corelibs-foundation, pull request 5472). This one inherits nothing but the three standard descriptors.
package final class ChildProcess: Sendable {
  package let id: pid_t
  private struct End: Sendable {
    var status: Int32?
    var waiting: [CheckedContinuation<Int32, Never>] = []
  }
  private let end = Mutex(End())

  /// A program that could not be started.
  package struct StartError: Error, CustomStringConvertible {
    package let description: String
  }

  /// Starts the program at a path; nil for the environment is this process's own.
  ///
  /// The descriptors are this process's, which keeps them open; input is empty unless one is given.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil,
    input: CInt? = nil, output: CInt, errors: CInt
  ) throws(StartError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
    if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

    let words = CStrings([path] + arguments)
    let variables = environment.map { CStrings($0.map { "\($0.key)=\($0.value)" }) }
    var id: pid_t = 0
    let code =
      if let variables {
        posix_spawn(&id, path, &actions, nil, words.pointers, variables.pointers)
      } else {
        posix_spawn(&id, path, &actions, nil, words.pointers, environ)
      }
    guard code == 0 else { throw StartError(description: "\(path): \(String(cString: strerror(code)))") }
    self.id = id
    try wait()
  }

  /// Waits for its end on a thread that has nothing else to do.
  private func wait() throws(StartError) {
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ChildProcess>.fromOpaque(context).takeRetainedValue().reap()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard code == 0 else { throw StartError(description: "no thread to wait for a program with") }
    pthread_detach(thread)
  }

  private func reap() {
    var raw: CInt = 0
    while waitpid(id, &raw, 0) < 0, errno == EINTR {}
    // As a shell tells it: its own status, or 128 and the signal.
    let signal = raw & 0x7f
    let status = signal == 0 ? raw >> 8 & 0xff : 128 + signal
    let waiting = end.withLock { end in
      end.status = status
      defer { end.waiting = [] }
      return end.waiting
    }
    for continuation in waiting { continuation.resume(returning: status) }
  }

  package var isRunning: Bool { end.withLock { $0.status == nil } }

  /// Sends it a signal, unless it has ended.
  package func signal(_ number: CInt) {
    end.withLock { if $0.status == nil { kill(id, number) } }
  }

  /// The same as `ended`, for a thread that may stand still.
  package func waitUntilEnded() -> Int32 {
    while true {
      if let status = end.withLock({ $0.status }) { return status }
      usleep(1000)
    }
  }

  /// Waits for its end, and gives back its status: its own, or 128 and the signal that ended it.
  package func ended() async -> Int32 {
    await withCheckedContinuation { continuation in
      let status = end.withLock { end -> Int32? in
        if end.status == nil { end.waiting.append(continuation) }
        return end.status
      }
      if let status { continuation.resume(returning: status) }
    }
  }
}

/// Strings as C wants a list of them: ended by a null pointer.
private final class CStrings {
  private(set) var pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
}
