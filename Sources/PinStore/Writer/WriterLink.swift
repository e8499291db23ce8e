import Synchronization

/// What the writer shares with everyone else: what waits for it, whose turn it is, and what it has made known.
final class WriterLink<Request: Sendable>: Sendable {
  /// What waits for the writer.
  struct Waiting: Sendable {
    var requests: [Request] = []
    var checkpoints: [CheckpointTicket] = []
    var turnedAway: UInt64 = 0
    /// No more is taken, and the writer ends when what waits is done.
    var isStopping = false
    /// Whether some thread runs the writer. The writer's own has the turn first, and in the end keeps it.
    var isTurnTaken = true
    /// When the writer's own thread is to have the turn, whether anything waits or not.
    var turnDueAtNanoseconds = UInt64.max
    /// Until when that thread sleeps unless it is woken; 0 while it does not.
    var sleepsUntilNanoseconds: UInt64 = 0

    var isEmpty: Bool { requests.isEmpty && checkpoints.isEmpty && !isStopping }

    mutating func take(into batch: inout [Request]) -> Work {
      swap(&requests, &batch)
      defer { checkpoints.removeAll() }
      return Work(checkpoints: checkpoints, isStopping: isStopping)
    }
  }

  /// What the writer has made known; never ahead of the last sync.
  struct Known: Sendable {
    var head: JournalHead
    var counters = StoreCounters()
    /// Why the store stopped by itself.
    var failure: StoreError?
    var isStopped = false
    var watchers: [HeadWatcher] = []
  }

  let waiting = Monitor(Waiting())
  let known: Mutex<Known>
  private let queueLimit: Int

  init(head: JournalHead, queueLimit: Int) {
    known = Mutex(Known(head: head))
    self.queueLimit = queueLimit
  }

  /// Adds requests to those that wait; false, taking none, when they are too many or the store is stopping.
  func submit(_ requests: [Request]) -> Bool {
    let (isTaken, isWanted) = waiting.withLock { waiting in
      let isTaken = add(requests, to: &waiting)
      return (isTaken, isTaken && !waiting.isTurnTaken)
    }
    // Whoever has the turn looks at what waits before it is given back.
    if isWanted { waiting.wake() }
    return isTaken
  }

  /// What became of requests for which the turn was wanted.
  enum Submitted { case refused, waiting, turnTaken }

  /// Takes the turn, if it is free and nothing else waits for it, so that the caller performs the requests; or else adds
  /// them to those that wait.
  func takeTurn(for requests: [Request]) -> Submitted {
    waiting.withLock { waiting in
      // Due at once: the writer's own thread has something of the last batch to put right first.
      guard waiting.isTurnTaken || !waiting.isEmpty || waiting.turnDueAtNanoseconds == 0 else {
        waiting.isTurnTaken = true
        return .turnTaken
      }
      return add(requests, to: &waiting) ? .waiting : .refused
    }
  }

  private func add(_ requests: [Request], to waiting: inout Waiting) -> Bool {
    if waiting.isStopping { return false }
    guard waiting.requests.count + requests.count <= queueLimit else {
      waiting.turnedAway += UInt64(requests.count)
      return false
    }
    waiting.requests.append(contentsOf: requests)
    return true
  }

  /// Gives the turn back, and says when the writer's own thread is to have it even if nothing waits: 0 for at once.
  func giveTurn(dueAtNanoseconds due: UInt64) {
    let isWanted = waiting.withLock { waiting in
      waiting.isTurnTaken = false
      waiting.turnDueAtNanoseconds = due
      return !waiting.isEmpty || due < waiting.sleepsUntilNanoseconds
    }
    if isWanted { waiting.wake() }
  }

  /// Waits, on the writer's own thread, until something waits or the turn is due, and takes the turn.
  func waitForTurn() {
    let take = { (waiting: inout Waiting) -> Void? in
      let isWanted = !waiting.isEmpty || waiting.turnDueAtNanoseconds <= MonotonicTime.nowNanoseconds()
      guard isWanted && !waiting.isTurnTaken else {
        // Whoever has the turn says anew when it is due.
        waiting.sleepsUntilNanoseconds = waiting.isTurnTaken ? .max : waiting.turnDueAtNanoseconds
        return nil
      }
      waiting.isTurnTaken = true
      waiting.sleepsUntilNanoseconds = 0
      return ()
    }
    while waiting.wait(until: { $0.sleepsUntilNanoseconds }, for: take) == nil {}
  }

  /// What the writer has taken besides requests.
  struct Work: Sendable {
    var checkpoints: [CheckpointTicket] = []
    var isStopping = false
  }

  /// Takes all there is; whoever has the turn may.
  ///
  /// - Parameter batch: empty; it is swapped with what waits, so that both keep their memory.
  func take(into batch: inout [Request]) -> Work {
    waiting.withLock { $0.take(into: &batch) }
  }

  /// Asks the writer to end once it has done what waits.
  func beginStopping() {
    waiting.withLock { $0.isStopping = true }
    waiting.wake()
  }

  /// Asks for a checkpoint; false when the store is stopping.
  func ask(for checkpoint: CheckpointTicket) -> Bool {
    let isTaken = waiting.withLock { waiting in
      if !waiting.isStopping { waiting.checkpoints.append(checkpoint) }
      return !waiting.isStopping
    }
    if isTaken { waiting.wake() }
    return isTaken
  }

  /// Makes a synced head known, and tells those who watch for it.
  func publish(_ head: JournalHead, _ counters: StoreCounters) {
    let passed = known.withLock { known in
      known.head = head
      known.counters = counters
      return known.takeWatchers { $0.sequence <= head.sequence }
    }
    for watcher in passed { watcher.notify() }
  }

  /// Takes nothing more, and hands back all that waits: the writer has ended.
  func end(_ failure: StoreError?) -> (requests: [Request], checkpoints: [CheckpointTicket]) {
    let left = waiting.withLock { waiting in
      waiting.isStopping = true
      defer {
        waiting.requests = []
        waiting.checkpoints = []
      }
      return (waiting.requests, waiting.checkpoints)
    }
    let watchers = known.withLock { known in
      known.isStopped = true
      known.failure = failure
      return known.takeWatchers { _ in true }
    }
    for watcher in watchers { watcher.notify() }
    return left
  }
}

/// One who waits for the synced head to reach a sequence.
struct HeadWatcher: Sendable {
  let id: UInt64
  let sequence: UInt64
  /// Called once, on the writer thread or the one that asks; must not block.
  let notify: @Sendable () -> Void
}

extension WriterLink.Known {
  mutating func takeWatchers(where isTaken: (HeadWatcher) -> Bool) -> [HeadWatcher] {
    guard !watchers.isEmpty else { return [] }
    let taken = watchers.filter(isTaken)
    if !taken.isEmpty { watchers.removeAll(where: isTaken) }
    return taken
  }
}
