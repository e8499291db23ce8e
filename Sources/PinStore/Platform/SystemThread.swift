import Glibc
import Synchronization

/// One operating system thread that runs a function to its end.
///
/// An LMDB write transaction belongs to the thread that began it, which a task of Swift's pool cannot promise.
package final class SystemThread: Sendable {
  private let handle: pthread_t
  private let isJoined = Atomic<Bool>(false)

  private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  package init(_ body: @escaping @Sendable () -> Void) throws(StoreError) {
    var created: pthread_t = 0
    let start = Unmanaged.passRetained(Start(body))
    let code = pthread_create(
      &created, nil,
      { argument in
        Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw .system(operation: "start a thread", path: "", code: code)
    }
    handle = created
  }

  deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(handle) } }

  /// Waits for its end; to be called once.
  package func join() {
    precondition(!isJoined.exchange(true, ordering: .relaxed), "a thread is joined once")
    pthread_join(handle, nil)
  }
}
