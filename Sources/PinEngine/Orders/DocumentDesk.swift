import Dispatch
import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords
import Synchronization

/// Keeps documents in the payload: people, addresses, sealed card numbers; what the journal names and does not hold.
///
/// A document is durable before the event that names it is decided (payload first), under the id of the change that brings
/// it. What waits is written in one transaction, on a thread of its own. A change that comes again finds its document.
///
/// Whoever has a document kept says later what became of its change (`settle`). One that came to nothing is removed, unless
/// it was there before, or another attempt at the same change has it in hand.
///
/// What a change replaced, its event says: that is purged once the event is on disk. Until then the change is marked, in the
/// transaction that keeps its document or, if it brings none, in one of its own: after a crash, those marks are all that the
/// start looks at, and what becomes of their documents it learns from the changes themselves.
///
/// `@unchecked Sendable`: what is not constant is behind a lock.
final class DocumentDesk: @unchecked Sendable {
  /// The longest document, in bytes.
  static let longest = 64 << 10
  private static let mostWaiting = 4096
  private static let jobsPerTransaction = 256

  struct Job {
    let id: RequestID
    /// Empty for a change that brings no document, but may replace some.
    let bytes: [UInt8]
    /// With the document that is there: this one, or the one that a first attempt had left.
    let answer: @Sendable (Result<KeptDocument, Refusal>) -> Void
  }

  private enum Work {
    case keep(Job)
    case remove(RequestID)
    /// What a change replaced, and the change's mark with it.
    case purge([RequestID], replacedBy: RequestID)
  }

  /// The attempts that have a document in hand.
  private struct Attempts {
    var count = 0
    /// One of them brought it.
    var isNew = false
    /// One of them is an event now, or may be.
    var mayBeNamed = false
  }

  private struct Waiting {
    var work: [Work] = []
    var attempts: [RequestID: Attempts] = [:]
    /// Those whose marks go with the next transaction.
    var named: [RequestID] = []
    var isScheduled = false
    var isStopped = false
  }

  private let queue = DispatchQueue(label: "pinvault.documents")
  private let waiting = Mutex(Waiting())
  private let payload: Payload
  private let documents: Table
  private let unnamed: Table
  private let key: SecretKey

  init(store: Store<Machine>, context: EngineContext) {
    payload = store.payload
    let tables = CardTables(store.payload.tables)
    documents = tables.documents
    unnamed = tables.unnamed
    key = context.documentKey
  }

  /// Keeps a document; the answer comes on the desk's thread, after it is durable. If it is one, `settle` must follow.
  func keep(_ job: Job) {
    guard job.bytes.count <= Self.longest else { return job.answer(.failure(.invalid(.document))) }
    let refusal: Refusal? = waiting.withLock { waiting in
      if waiting.isStopped { return .stopping }
      if waiting.work.count >= Self.mostWaiting { return .busy(retryAfterMilliseconds: 50) }
      waiting.attempts[job.id, default: Attempts()].count += 1
      schedule(.keep(job), &waiting)
      return nil
    }
    if let refusal { job.answer(.failure(refusal)) }
  }

  /// What became of the change that a document was kept for.
  func settle(_ id: RequestID, as fate: DocumentFate) {
    waiting.withLock { end(id, fate, &$0) }
  }

  /// Ends one of the attempts that have a document in hand.
  private func end(_ id: RequestID, _ fate: DocumentFate, _ waiting: inout Waiting) {
    guard var attempts = waiting.attempts[id] else { return }
    attempts.count -= 1
    switch fate {
    case .cameToNothing: break
    case .unknown: attempts.mayBeNamed = true
    case .isNamed(let replaced):
      attempts.mayBeNamed = true
      if replaced.isEmpty { waiting.named.append(id) } else { schedule(.purge(replaced, replacedBy: id), &waiting) }
    case .wasNamed(let replaced):
      if !replaced.isEmpty { schedule(.purge(replaced, replacedBy: id), &waiting) }
    }
    waiting.attempts[id] = attempts.count == 0 ? nil : attempts
    // What is kept under this id from now on is kept after the removal.
    if attempts.count == 0, attempts.isNew, !attempts.mayBeNamed { schedule(.remove(id), &waiting) }
  }

  private func schedule(_ work: Work, _ waiting: inout Waiting) {
    waiting.work.append(work)
    if waiting.isScheduled { return }
    waiting.isScheduled = true
    queue.async { [self] in doWaiting() }
  }

  /// Reads a document; nil if there is none (it was purged), throws `SealingError` if it does not open.
  func read(_ name: DocumentName) throws -> [UInt8]? {
    let transaction = try payload.beginRead()
    let key = name.id.key
    guard let there = try transaction.value(for: key.span.bytes, in: documents) else { return nil }
    // Who sends a change again whose document was purged has another one kept under its id, until the change is refused.
    let sealed = [UInt8](there)
    guard Self.digest(sealed) == name.digest else { return nil }
    return try DocumentSealing.open(sealed, id: name.id.bytes, under: self.key)
  }

  /// Does what waits, and takes no more. Blocks until it is at rest.
  func stop() {
    waiting.withLock { $0.isStopped = true }
    queue.sync {}
  }

  /// At the start: removes the documents that no event names, and all marks.
  func sweep(_ found: UnnamedDocuments) throws {
    guard !found.orphans.isEmpty || !found.marks.isEmpty else { return }
    try payload.withWrite { transaction in
      for id in found.orphans { try remove(id, &transaction) }
      try removeMarks(of: found.marks, &transaction)
    }
  }

  // MARK: On the queue

  private func doWaiting() {
    while true {
      let (work, named) = waiting.withLock { waiting in
        let work = Array(waiting.work.prefix(Self.jobsPerTransaction))
        waiting.work.removeFirst(work.count)
        waiting.isScheduled = !work.isEmpty
        if work.isEmpty { return (work, [RequestID]()) }
        defer { waiting.named.removeAll() }
        return (work, waiting.named)
      }
      if work.isEmpty { return }
      let results = perform(work, named)
      waiting.withLock { waiting in
        for (work, result) in zip(work, results) {
          guard case .keep(let job) = work else { continue }
          switch result {
          case .success(let kept)?:
            if kept.isNew { waiting.attempts[job.id]?.isNew = true }
          default: end(job.id, .cameToNothing, &waiting)
          }
        }
      }
      for (work, result) in zip(work, results) {
        if case .keep(let job) = work, let result { job.answer(result) }
      }
    }
  }

  /// Nil for what is not a document to keep. What cannot be removed for want of space, the next start removes by its mark.
  private func perform(_ work: [Work], _ named: [RequestID]) -> [Result<KeptDocument, Refusal>?] {
    do {
      return try payload.withWrite { transaction in
        try removeMarks(of: named, &transaction)
        return try work.map { work in
          switch work {
          case .keep(let job): return .success(try keep(job, &transaction))
          case .remove(let id):
            try remove(id, &transaction)
            return nil
          case .purge(let replaced, let change):
            for id in replaced { try remove(id, &transaction) }
            try removeMarks(of: [change], &transaction)
            return nil
          }
        }
      }
    } catch {
      return work.map { work in if case .keep = work { .failure(.storageFull) } else { nil } }
    }
  }

  private func keep(_ job: Job, _ transaction: inout WriteTransaction) throws -> KeptDocument {
    let rowKey = job.id.key
    let mark: [UInt8] = [0]
    if job.bytes.isEmpty {
      try transaction.put(mark.span.bytes, for: rowKey.span.bytes, in: unnamed)
      // There is one if another change had this id before: it is not this one's to remove.
      let isNew = try transaction.value(for: rowKey.span.bytes, in: documents) == nil
      let none = DocumentName(id: job.id, digest: [UInt8](repeating: 0, count: 32))
      return KeptDocument(name: none, bytes: [], isNew: isNew)
    }
    if let there = try transaction.value(for: rowKey.span.bytes, in: documents) {
      let sealed = [UInt8](there)
      let bytes = try DocumentSealing.open(sealed, id: job.id.bytes, under: key)
      return KeptDocument(name: DocumentName(id: job.id, digest: Self.digest(sealed)), bytes: bytes, isNew: false)
    }
    let sealed = DocumentSealing.seal(job.bytes, id: job.id.bytes, under: key)
    try transaction.put(sealed.span.bytes, for: rowKey.span.bytes, in: documents)
    try transaction.put(mark.span.bytes, for: rowKey.span.bytes, in: unnamed)
    return KeptDocument(name: DocumentName(id: job.id, digest: Self.digest(sealed)), bytes: job.bytes, isNew: true)
  }

  private func remove(_ id: RequestID, _ transaction: inout WriteTransaction) throws(LMDBError) {
    let key = id.key
    _ = try transaction.remove(key.span.bytes, in: documents)
    _ = try transaction.remove(key.span.bytes, in: unnamed)
  }

  private func removeMarks(of ids: [RequestID], _ transaction: inout WriteTransaction) throws(LMDBError) {
    for id in ids {
      let key = id.key
      _ = try transaction.remove(key.span.bytes, in: unnamed)
    }
  }

  private static func digest(_ sealed: [UInt8]) -> [UInt8] { SHA256Hasher.sha256(of: sealed.span.bytes).bytes }
}
