import Dispatch
import LMDB
import PinSealing
import PinStore
import PinWords
import Synchronization

/// The one import that may be under way: takes its chunks in turn, on a thread of its own, so that no sale waits for it.
///
/// Chunks are loaded, and answered, as long as more of them wait, in one transaction of the payload: a page that many of
/// them change is written once. An import is closed behind its last transaction, so that the event which makes stock of it
/// comes after all of it is durable; before, a crash undoes the import and nobody builds on an answer. A transaction that
/// fails ends the import: its ids may have been used, and no card id is ever sealed twice.
///
/// `@unchecked Sendable`: `current` is used on the serial queue alone; all else is constant or behind a lock.
final class ImportDesk: @unchecked Sendable {
  /// An import that has not been heard of for so long gives way to the next: whoever ran it is gone.
  static let idleMilliseconds: UInt64 = 10_000
  /// Chunks that may wait; more are told to come again.
  static let mostWaiting = 512
  /// Answers kept for a chunk sent again after a broken connection.
  private static let keptAnswers: UInt32 = 1024
  /// Where the next transaction begins: what is not committed yet is in memory, and others wait to write.
  private static let cardsPerTransaction = 65_536
  /// What one transaction may write, beyond the room that the store itself needs.
  private static let roomByteCount: UInt64 = 64 << 20

  struct Job {
    let purchase: PurchaseID
    let number: UInt32
    let chunk: CardChunk
    let prints: Ahead<CardChunk.Prints>
    let answer: @Sendable (Result<LoadedChunk, Refusal>) -> Void
  }

  /// The import under way.
  private final class Import {
    var loader: CardLoader
    var nextChunk: UInt32 = 0
    /// By number; a chunk sent again must be the same chunk.
    var answers: [UInt32: (digest: Digest256, loaded: LoadedChunk)] = [:]
    /// Being committed: no more is taken.
    var isClosed = false

    init(loader: consuming CardLoader) { self.loader = loader }
  }

  private struct Heard {
    let purchase: PurchaseID
    /// Whose cards they are; nil until the desk is ready for them.
    let vendor: VendorID?
    var timeMilliseconds: UInt64
  }

  private struct Waiting {
    var jobs: [Job] = []
    var isScheduled = false
    var isStopped = false
  }

  private let queue = DispatchQueue(label: "pinvault.import")
  private let waiting = Mutex(Waiting())
  private var current: Import?
  /// The import that ended because something of it could not be written.
  private var unwritten: PurchaseID?
  private let lastHeard = Mutex(Heard(purchase: PurchaseID(0), vendor: nil, timeMilliseconds: 0))
  private let store: Store<Machine>
  private let sweep: CardSweep
  private let context: EngineContext
  private let clock: any StoreClock

  init(store: Store<Machine>, context: EngineContext, clock: any StoreClock) {
    self.store = store
    sweep = CardSweep(store.payload)
    self.context = context
    self.clock = clock
  }

  /// How long the running import may still be silent before it gives way, in milliseconds; 0 if it may go now.
  func patienceMilliseconds(for purchase: PurchaseID) -> UInt64 {
    let now = clock.nowMilliseconds()
    return lastHeard.withLock { heard in
      // Begun a moment ago, and whoever began it has not come here yet.
      if heard.purchase != purchase { heard = Heard(purchase: purchase, vendor: nil, timeMilliseconds: now) }
      let idle = now - min(heard.timeMilliseconds, now)
      return idle >= Self.idleMilliseconds ? 0 : Self.idleMilliseconds - idle
    }
  }

  /// Makes ready for the chunks of a purchase that was just begun.
  func begin(_ purchase: PurchaseID) async {
    let catalogue = context.catalogue
    let lots = catalogue.lots.filter { $0.purchase == purchase }
    await onQueue { [self] in
      current = Import(
        loader: CardLoader(purchase: purchase, lots: lots, tables: sweep.tables, catalogue: catalogue))
    }
    let heard = Heard(purchase: purchase, vendor: lots[0].vendor, timeMilliseconds: clock.nowMilliseconds())
    lastHeard.withLock { $0 = heard }
  }

  /// Loads a chunk of a purchase in its turn; the answer comes on the desk's thread.
  func load(
    _ purchase: PurchaseID, chunk number: UInt32, _ chunk: CardChunk,
    answer: @escaping @Sendable (Result<LoadedChunk, Refusal>) -> Void
  ) {
    guard let vendor = hear(purchase) else { return answer(.failure(.unknownPurchase)) }
    let prints = Ahead { [context] in chunk.prints(vendor: vendor, key: context.fingerprintKey) }
    let job = Job(purchase: purchase, number: number, chunk: chunk, prints: prints, answer: answer)
    let refusal: Refusal? = waiting.withLock { waiting in
      if waiting.isStopped { return .stopping }
      if waiting.jobs.count >= Self.mostWaiting { return .busy(retryAfterMilliseconds: 50) }
      waiting.jobs.append(job)
      if !waiting.isScheduled {
        waiting.isScheduled = true
        queue.async { [self] in loadWaiting() }
      }
      return nil
    }
    if let refusal { answer(.failure(refusal)) }
  }

  /// Takes no more chunks of a purchase, and says how many cards each of its lots has, all of them durable; fails if it
  /// is not the one under way, or something of it could not be written.
  func close(_ purchase: PurchaseID) async -> Result<[UInt32], Refusal> {
    _ = hear(purchase)
    return await onQueue { [self] in
      guard let current, current.loader.purchase == purchase else { return .failure(whyNotLoading(purchase)) }
      current.isClosed = true
      return .success(current.loader.loadedCounts)
    }
  }

  /// Goes on after a commit that was refused.
  func reopen(_ purchase: PurchaseID) async {
    await onQueue { [self] in
      if let current, current.loader.purchase == purchase { current.isClosed = false }
    }
  }

  /// Forgets the import under way, if it is this one: it was committed.
  func end(_ purchase: PurchaseID) async {
    await onQueue { [self] in
      if current?.loader.purchase == purchase { current = nil }
    }
  }

  /// Forgets an import that was abandoned and removes what it had loaded, before anything else is loaded.
  ///
  /// What a failure leaves is swept at the next start; the event has made it unreachable already.
  func discard(_ purchase: PurchaseID) async {
    await onQueue { [self] in
      if current?.loader.purchase == purchase { current = nil }
      if unwritten == purchase { unwritten = nil }
      let ranges = context.catalogue.lots.filter { $0.purchase == purchase }.map(\.extent.ids)
      try? sweep.remove(ranges)
    }
  }

  /// Answers what waits, and takes no more. Blocks until it is at rest: nothing is written to the payload afterwards.
  func stop() {
    waiting.withLock { $0.isStopped = true }
    queue.sync {}
  }

  // MARK: On the queue

  /// Notes a sign of life of the import under way, and gives back its vendor; nil if this is not it.
  private func hear(_ purchase: PurchaseID) -> VendorID? {
    let now = clock.nowMilliseconds()
    return lastHeard.withLock { heard in
      guard heard.purchase == purchase else { return nil }
      heard.timeMilliseconds = now
      return heard.vendor
    }
  }

  private func loadWaiting() {
    while hasWaiting { loadTransaction() }
  }

  /// Whether a chunk waits; if none does, the next that comes has the desk begin anew.
  private var hasWaiting: Bool {
    waiting.withLock { waiting in
      waiting.isScheduled = !waiting.jobs.isEmpty
      return waiting.isScheduled
    }
  }

  private func takeWaiting() -> Job? { waiting.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() } }

  private func loadTransaction() {
    guard hasRoom else {
      while let job = takeWaiting() { job.answer(.failure(.storageFull)) }
      return
    }
    do {
      try store.payload.withWrite { transaction in
        var cardCount = 0
        while cardCount < Self.cardsPerTransaction, let job = takeWaiting() {
          cardCount += job.chunk.count
          do {
            job.answer(try load(job, &transaction))
          } catch {
            job.answer(.failure(.storageFull))
            throw error
          }
        }
        try current?.loader.finish(&transaction)
      }
    } catch {
      // Whether anything of it is on disk is unknown, so none of these ids may be sealed again: the import is over.
      unwritten = current?.loader.purchase
      current = nil
    }
  }

  private func whyNotLoading(_ purchase: PurchaseID) -> Refusal {
    purchase == unwritten ? .storageFull : .unknownPurchase
  }

  private func load(_ job: Job, _ transaction: inout WriteTransaction) throws -> Result<LoadedChunk, Refusal> {
    guard let current, !current.isClosed, current.loader.purchase == job.purchase else {
      return .failure(whyNotLoading(job.purchase))
    }
    let prints = job.prints.wait()
    if let known = current.answers[job.number] {
      return known.digest == prints.digest ? .success(known.loaded) : .failure(.idReused(.serial))
    }
    guard job.number == current.nextChunk else { return .failure(.outOfTurn(expected: current.nextChunk)) }
    let loaded = try current.loader.load(job.chunk, prints, into: &transaction)
    current.answers[job.number] = (prints.digest, loaded)
    current.nextChunk += 1
    if job.number >= Self.keptAnswers { current.answers[job.number - Self.keptAnswers] = nil }
    return .success(loaded)
  }

  /// Whether a transaction's worth may be written without eating the room that selling needs.
  private var hasRoom: Bool {
    // Where it cannot be told, the first write that fails tells.
    guard let free = store.settings.systemCalls.freeBytes(store.directory) else { return true }
    return free >= UInt64(store.settings.diskHeadroomByteCount) + Self.roomByteCount
  }

  private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}
