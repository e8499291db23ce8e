import PinBytes
import PinSealing
import Synchronization

/// An append-only journal, the state that is its fold, and the payload it names: one directory, one writer, any number
/// of readers. It knows nothing of what its machine decides about.
///
/// The rules of use:
///
/// 1. One store works in a directory at a time; `flock` on the file `lock` sees to it.
/// 2. All requests go through `submit` and are answered through the machine's `deliver`, in the order they were taken,
///    after the sync of everything decided in their batch.
/// 3. A failed sync or checkpoint stops the store for good: open it again, which recovers.
/// 4. After `stop`, the directory can be opened again by this process once the store, and every read transaction begun
///    through it, is gone; by another process at once.
///
/// The directory holds `format`, `lock`, `journal/` (segments), `state/` and `payload/` (LMDB); others may keep files of
/// their own beside them.
///
/// `Sendable`: what can change is behind the locks of `link`, or under `ending`.
package final class Store<Machine: StateMachine & ~Copyable>: Sendable {
  package let directory: String
  package let settings: StoreSettings
  /// The id that the journal was founded under.
  package let storeID: StoreID
  /// The bulky and purgeable part, written beside the store's writer.
  package let payload: Payload

  let link: WriterLink<Machine.Request>
  private let seat: WriterSeat<Machine>
  let journal: JournalDirectory
  let database: StateDatabase
  let index: JournalIndex
  let backupTurn = Turn()
  let verificationTurn = Turn()
  /// Set when a backup or a verification under way is to end before it is done.
  let endsMaintenance = Atomic(false)
  private let ending: Mutex<Ending?>

  /// What is to be waited for and let go when the store stops.
  private struct Ending: Sendable {
    let writer: SystemThread
    let preparer: SystemThread
  }

  /// Opens the store in a directory: takes its lock, recovers, and serves from a thread of its own.
  ///
  /// Blocks until the store serves. Throws what `StoreError` says; nothing is then left running.
  package init(
    at directory: String, settings: StoreSettings = StoreSettings(), clock: any StoreClock = SystemClock(),
    context: Machine.Context
  ) throws(StoreError) {
    let lock = try DataDirectory.enter(directory)
    let parts = try Self.recover(directory, settings, clock, context)
    try Self.confirm(clock, after: parts.end, settings)
    let link = WriterLink<Machine.Request>(head: parts.end, queueLimit: settings.queueLimit)
    let seat = WriterSeat<Machine>(link)
    ending = Mutex(try Self.start(parts, seat, link, lock))
    self.seat = seat
    self.directory = directory
    self.settings = settings
    self.link = link
    journal = parts.journalDirectory
    database = parts.database
    payload = parts.payload
    index = JournalIndex(journal)
    storeID = journal.shape.storeID
  }

  /// Opens what the writer works on, and finds where the journal ends.
  private static func recover(
    _ directory: String, _ settings: StoreSettings, _ clock: any StoreClock, _ context: Machine.Context
  ) throws(StoreError) -> Writer<Machine>.Parts {
    let journal = try JournalDirectory(opening: "\(directory)/journal")
    try SegmentPreparer.removeUnfinished(in: journal.path)
    try ScratchDirectory.removeLeftovers(in: directory)
    try DataDirectory.createMissingState(in: directory)
    try DataDirectory.confirmPayload(of: directory)
    let database = try StateDatabase(
      at: "\(directory)/state", tables: Machine.tables, mapByteCount: settings.stateMapByteCount,
      readers: settings.maximumReaders)
    let payload = try Payload(
      at: "\(directory)/payload", of: journal.shape.storeID, tables: Machine.payloadTables,
      mapByteCount: settings.payloadMapByteCount,
      readers: settings.maximumReaders)
    // LMDB syncs its file, but not its name. The payload's has been durable since the directory was made.
    try FileTree.syncDirectory("\(directory)/state")
    let checkpoint = try database.lastCheckpoint()
    return Writer<Machine>.Parts(
      journalDirectory: journal, database: database, payload: payload, settings: settings, clock: clock,
      context: context, checkpoint: checkpoint,
      end: try JournalRecovery(directory: journal).recoverEnd(after: checkpoint))
  }

  /// Starts the threads, and waits until the writer serves.
  private static func start(
    _ parts: Writer<Machine>.Parts, _ seat: WriterSeat<Machine>, _ link: WriterLink<Machine.Request>,
    _ lock: DirectoryLock
  ) throws(StoreError) -> Ending {
    let journal = parts.journalDirectory
    let preparer = SegmentPreparer(
      journal, ready: try journal.segmentNumbers().upperBound, current: parts.end.end.segment,
      calls: parts.settings.systemCalls)
    let opening = Monitor<Result<Void, StoreError>?>(nil)
    let writing = try SystemThread {
      defer {
        preparer.stop()
        withExtendedLifetime(lock) {}
      }
      do throws(StoreError) {
        let writer = try Writer<Machine>.open(parts, link: link, preparer: preparer)
        opening.withLock { $0 = .success(()) }
        opening.wake()
        seat.run(writer)
      } catch {
        opening.withLock { $0 = .failure(error) }
        opening.wake()
      }
    }
    do throws(StoreError) {
      // The writer may wait for a segment: without this thread it would wait for ever.
      let preparing = try SystemThread { preparer.run() }
      let ending = Ending(writer: writing, preparer: preparing)
      guard case .failure(let error)? = opening.wait(for: { $0 }) else { return ending }
      preparing.join()
      throw error
    } catch {
      preparer.stop()
      link.beginStopping()
      writing.join()
      throw error
    }
  }

  /// Refuses a clock that stands before the last event, or so far after it that it may be wrong.
  private static func confirm(
    _ clock: any StoreClock, after head: JournalHead, _ settings: StoreSettings
  ) throws(StoreError) {
    if settings.acceptsClock { return }
    let now = clock.nowMilliseconds()
    let last = head.timeMilliseconds
    if now &+ settings.clockBehindLimitMilliseconds < last {
      throw .clockBehind(lastMilliseconds: last, nowMilliseconds: now)
    }
    if now > last, now - last > settings.clockAheadLimitMilliseconds {
      throw .clockAhead(lastMilliseconds: last, nowMilliseconds: now)
    }
  }

  /// Hands requests to the writer, all of them or none: one lock, one wake-up.
  ///
  /// False when too many are waiting or the store is stopping; none of them will then be answered by the machine.
  package func submit(_ requests: [Machine.Request]) -> Bool { link.submit(requests) }

  /// Performs requests on the calling thread, and answers them before it returns, if nobody else is being served: nothing
  /// is handed over, and the thread waits for the sync. Otherwise it is as `submit`.
  ///
  /// What it takes is bounded by the requests: a checkpoint or a segment that is being made is never waited for.
  package func perform(_ requests: [Machine.Request]) -> Bool { seat.perform(requests) }

  /// Takes a checkpoint between batches and hands back a read of exactly that state. Blocks until it is taken,
  /// and so must not be called on the writer's thread.
  package func checkpoint() throws(StoreError) -> StateSnapshot {
    let ticket = CheckpointTicket()
    guard link.ask(for: ticket) else { throw failure ?? .stopped }
    return try ticket.wait()
  }

  /// Answers what waits, takes a checkpoint, and lets the directory go. Blocks until that is done; a second call, or one
  /// after a failure, only waits.
  package func stop() {
    link.beginStopping()
    ending.withLock { ending in
      guard let parts = ending.take() else { return }
      parts.writer.join()
      parts.preparer.join()
    }
  }

  /// A store that nobody can reach any more ends by itself.
  deinit { link.beginStopping() }

  /// Has a backup or a verification that is under way end with `StoreError.stopped`, as soon as it can: copying one of
  /// the databases is not interrupted. None begins any more.
  package func endMaintenance() { endsMaintenance.store(true, ordering: .relaxed) }

  /// Throws when maintenance is to end.
  func confirmMaintenance() throws(StoreError) {
    if endsMaintenance.load(ordering: .relaxed) { throw .stopped }
  }

  // MARK: What is known from any thread

  /// The last synced event, with the chain's head and the time.
  package var head: JournalHead { link.known.withLock { $0.head } }

  /// Why the store stopped by itself; nil while it serves, and after a `stop` that was asked for.
  package var failure: StoreError? { link.known.withLock { $0.failure } }

  /// Whether requests are no longer taken: the store is stopping, or has stopped.
  package var isStopping: Bool { link.waiting.withLock { $0.isStopping } }

  /// Whether the writer has ended.
  package var isStopped: Bool { link.known.withLock { $0.isStopped } }

  package var counters: StoreCounters {
    var counters = link.known.withLock { $0.counters }
    (counters.queueDepth, counters.turnedAway) = link.waiting.withLock { ($0.requests.count, $0.turnedAway) }
    return counters
  }
}
