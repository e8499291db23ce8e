import Dispatch
import LMDB
import PinSealing
import PinStore
import PinWords
import Synchronization

/// The one import that may be under way: takes its chunks in turn, on a thread of its own, so that no sale waits for it.
///
/// Chunks that wait are loaded in one transaction of the payload, made durable together, and only then answered.
/// Everything that touches the payload's cards goes through `queue`, one thing after the other.
///
/// `@unchecked Sendable`: `current` is used on the serial queue alone; all else is constant or behind a lock.
final class ImportDesk: @unchecked Sendable {
  /// An import that has not been heard of for so long gives way to the next: whoever ran it is gone.
  static let idleMilliseconds: UInt64 = 10_000
  /// Answers kept for a chunk sent again after a broken connection.
  private static let keptAnswers: UInt32 = 1024
  private static let chunksPerTransaction = 128

  struct Job {
    let purchase: PurchaseID
    let number: UInt32
    let chunk: CardChunk
    let answer: @Sendable (Result<LoadedChunk, Refusal>) -> Void
  }

  /// The import under way.
  private final class Import {
    var loader: CardLoader
    var nextChunk: UInt32 = 0
    var answers: [UInt32: LoadedChunk] = [:]

    init(loader: consuming CardLoader) { self.loader = loader }
  }

  private let queue = DispatchQueue(label: "pinvault.import")
  private let waiting = Mutex<(jobs: [Job], isScheduled: Bool)>(([], false))
  private var current: Import?
  private let lastHeard = Mutex<(purchase: PurchaseID, timeMilliseconds: UInt64)>((PurchaseID(0), 0))
  private let payload: Payload
  private let tables: CardTables
  private let context: EngineContext
  private let fingerprintKey: SecretKey
  private let clock: any StoreClock

  init(payload: Payload, context: EngineContext, fingerprintKey: SecretKey, clock: any StoreClock) {
    self.payload = payload
    tables = CardTables(payload.tables)
    self.context = context
    self.fingerprintKey = fingerprintKey
    self.clock = clock
  }

  /// How long the running import may still be silent before it gives way, in milliseconds; 0 if it may go now.
  func patienceMilliseconds(for purchase: PurchaseID) -> UInt64 {
    let now = clock.nowMilliseconds()
    return lastHeard.withLock { heard in
      // Begun a moment ago, and whoever began it has not come here yet.
      if heard.purchase != purchase { heard = (purchase, now) }
      let idle = now - min(heard.timeMilliseconds, now)
      return idle >= Self.idleMilliseconds ? 0 : Self.idleMilliseconds - idle
    }
  }

  /// Makes ready for the chunks of a purchase that was just begun.
  func begin(_ purchase: PurchaseID) async {
    lastHeard.withLock { $0 = (purchase, clock.nowMilliseconds()) }
    await onQueue { [self] in
      let catalogue = context.catalogue
      let lots = catalogue.lots.filter { $0.purchase == purchase }
      current = Import(
        loader: CardLoader(
          purchase: purchase, lots: lots, tables: tables, catalogue: catalogue, fingerprintKey: fingerprintKey))
    }
  }

  /// Loads a chunk in its turn; the answer comes on the desk's thread, after the cards are durable.
  func load(_ job: Job) {
    hear(job.purchase)
    let mustSchedule = waiting.withLock { waiting in
      waiting.jobs.append(job)
      defer { waiting.isScheduled = true }
      return !waiting.isScheduled
    }
    if mustSchedule { queue.async { [self] in loadWaiting() } }
  }

  /// How many cards each lot of a purchase has, all of them durable; nil if it is not the one under way.
  func loadedCounts(of purchase: PurchaseID) async -> [UInt32]? {
    hear(purchase)
    return await onQueue { [self] in
      current?.loader.purchase == purchase ? current?.loader.loadedCounts : nil
    }
  }

  /// Forgets the import under way, if it is this one.
  func end(_ purchase: PurchaseID) async {
    await onQueue { [self] in
      if current?.loader.purchase == purchase { current = nil }
    }
  }

  /// Removes what an abandoned purchase had loaded.
  func sweep(_ purchase: PurchaseID) async throws {
    let lots = context.catalogue.lots.filter { $0.purchase == purchase }
    try await onQueueThrowing { [self] in
      try Self.sweep(lots, payload: payload, tables: tables, fingerprintKey: fingerprintKey)
    }
  }

  /// Removes the cards of lots from the payload, a bounded number in a transaction.
  static func sweep(
    _ lots: [Catalogue.Lot], payload: Payload, tables: CardTables, fingerprintKey: SecretKey
  ) throws {
    var sweeper = CardSweeper(tables: tables, fingerprintKey: fingerprintKey)
    for lot in lots {
      while try payload.withWrite({ try sweeper.sweep(lot, limit: 10_000, &$0) }) {}
    }
  }

  // MARK: On the queue

  /// Notes a sign of life of the import under way; what comes for another purchase is none.
  private func hear(_ purchase: PurchaseID) {
    let now = clock.nowMilliseconds()
    lastHeard.withLock { if $0.purchase == purchase { $0.timeMilliseconds = now } }
  }

  private func loadWaiting() {
    while true {
      let jobs = waiting.withLock { waiting in
        let jobs = Array(waiting.jobs.prefix(Self.chunksPerTransaction))
        waiting.jobs.removeFirst(jobs.count)
        waiting.isScheduled = !jobs.isEmpty
        return jobs
      }
      if jobs.isEmpty { return }
      let (known, unknown) = (
        jobs.filter { $0.purchase == current?.loader.purchase }, jobs.filter { $0.purchase != current?.loader.purchase }
      )
      for job in unknown { job.answer(.failure(.unknownPurchase)) }
      if let current, !known.isEmpty { load(known, current) }
    }
  }

  private func load(_ jobs: [Job], _ current: Import) {
    let lotsBefore = current.loader.lots
    let chunkBefore = current.nextChunk
    var results: [Result<LoadedChunk, Refusal>] = []
    do {
      results = try payload.withWrite { transaction in
        var results: [Result<LoadedChunk, Refusal>] = []
        for job in jobs {
          if let known = current.answers[job.number] {
            results.append(.success(known))
          } else if job.number != current.nextChunk {
            results.append(.failure(.outOfTurn(expected: current.nextChunk)))
          } else {
            let loaded = try current.loader.load(job.chunk, into: &transaction)
            current.answers[job.number] = loaded
            current.nextChunk += 1
            results.append(.success(loaded))
          }
        }
        return results
      }
    } catch {
      // Nothing of the transaction was kept: the disk or the map is full, or worse, which the next one will say again.
      current.loader.revert(to: lotsBefore)
      for number in chunkBefore..<current.nextChunk { current.answers[number] = nil }
      current.nextChunk = chunkBefore
      results = jobs.map { _ in .failure(.storageFull) }
    }
    if current.nextChunk > Self.keptAnswers {
      let oldest = current.nextChunk - Self.keptAnswers
      for number in chunkBefore - min(chunkBefore, Self.keptAnswers)..<oldest { current.answers[number] = nil }
    }
    for (job, result) in zip(jobs, results) { job.answer(result) }
  }

  private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }

  private func onQueueThrowing(_ work: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      queue.async { continuation.resume(with: Result { try work() }) }
    }
  }
}
