import Synchronization

/// Waiting for the synced head to move on, for those who follow the journal.
extension Store where Machine: ~Copyable {
  /// Calls `notify` once, as soon as the synced head has reached `sequence` or the store has stopped; at once, on the
  /// calling thread, when that is so already. Otherwise it is called on the writer thread and must not block.
  ///
  /// Returns what `stopWatching` takes.
  @discardableResult
  package func watchHead(reaching sequence: UInt64, notify: @escaping @Sendable () -> Void) -> UInt64 {
    let id = watcherIDs.wrappingAdd(1, ordering: .relaxed).newValue
    let isReached = link.known.withLock { known in
      if known.isStopped || known.head.sequence >= sequence { return true }
      known.watchers.append(HeadWatcher(id: id, sequence: sequence, notify: notify))
      return false
    }
    if isReached { notify() }
    return id
  }

  /// Forgets a watcher; false when it has been notified already, or is just about to be.
  @discardableResult
  package func stopWatching(_ id: UInt64) -> Bool {
    link.known.withLock { !$0.takeWatchers { $0.id == id }.isEmpty }
  }

  /// Waits until the synced head has reached `sequence`, the store has stopped, or the task is cancelled; returns the
  /// head then.
  package func head(reaching sequence: UInt64) async -> JournalHead {
    let resumption = Resumption()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        resumption.set(continuation)
        let id = watchHead(reaching: sequence) { resumption.resume() }
        resumption.remember(id)
      }
    } onCancel: {
      resumption.resume()
    }
    if let id = resumption.watcher { stopWatching(id) }
    return head
  }
}

private let watcherIDs = Atomic<UInt64>(0)

/// A continuation that is resumed once, whoever comes first: the head, or the task's cancellation.
private final class Resumption: Sendable {
  private struct State: Sendable {
    var continuation: CheckedContinuation<Void, Never>?
    var isDone = false
    var watcher: UInt64?
  }
  private let state = Mutex(State())

  func set(_ continuation: CheckedContinuation<Void, Never>) {
    let isDone = state.withLock { state in
      if !state.isDone { state.continuation = continuation }
      return state.isDone
    }
    if isDone { continuation.resume() }
  }

  func remember(_ watcher: UInt64) { state.withLock { $0.watcher = watcher } }

  var watcher: UInt64? { state.withLock { $0.watcher } }

  func resume() {
    let continuation = state.withLock { state in
      state.isDone = true
      return state.continuation.take()
    }
    continuation?.resume()
  }
}
