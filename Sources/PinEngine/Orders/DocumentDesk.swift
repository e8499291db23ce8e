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
/// `@unchecked Sendable`: what is not constant is behind a lock.
final class DocumentDesk: @unchecked Sendable {
  /// The longest document, in bytes.
  static let longest = 64 << 10
  private static let mostWaiting = 4096
  private static let documentsPerTransaction = 256

  struct Job {
    let id: RequestID
    let bytes: [UInt8]
    /// With the document that is there: this one, or the one that a first attempt had left.
    let answer: @Sendable (Result<KeptDocument, Refusal>) -> Void
  }

  private struct Waiting {
    var jobs: [Job] = []
    var isScheduled = false
    var isStopped = false
  }

  private let queue = DispatchQueue(label: "pinvault.documents")
  private let waiting = Mutex(Waiting())
  private let payload: Payload
  private let table: Table
  private let key: SecretKey

  init(store: Store<Machine>, context: EngineContext) {
    payload = store.payload
    table = CardTables(store.payload.tables).documents
    key = context.documentKey
  }

  /// Keeps a document; the answer comes on the desk's thread, after it is durable.
  func keep(_ job: Job) {
    guard (1...Self.longest).contains(job.bytes.count) else { return job.answer(.failure(.invalid(.document))) }
    let refusal: Refusal? = waiting.withLock { waiting in
      if waiting.isStopped { return .stopping }
      if waiting.jobs.count >= Self.mostWaiting { return .busy(retryAfterMilliseconds: 50) }
      waiting.jobs.append(job)
      if !waiting.isScheduled {
        waiting.isScheduled = true
        queue.async { [self] in keepWaiting() }
      }
      return nil
    }
    if let refusal { job.answer(.failure(refusal)) }
  }

  /// Reads a document; nil if there is none (it was purged), throws `SealingError` if it does not open.
  func read(_ id: RequestID) throws -> [UInt8]? {
    let transaction = try payload.beginRead()
    let key = id.key
    guard let sealed = try transaction.value(for: key.span.bytes, in: table) else { return nil }
    return try DocumentSealing.open([UInt8](sealed), id: id.bytes, under: self.key)
  }

  /// Answers what waits, and takes no more. Blocks until it is at rest.
  func stop() {
    waiting.withLock { $0.isStopped = true }
    queue.sync {}
  }

  /// Removes documents that no event names.
  func sweep(_ ids: [RequestID]) throws {
    guard !ids.isEmpty else { return }
    try payload.withWrite { transaction in
      for id in ids {
        let key = id.key
        _ = try transaction.remove(key.span.bytes, in: table)
      }
    }
  }

  // MARK: On the queue

  private func keepWaiting() {
    while true {
      let jobs = waiting.withLock { waiting in
        let jobs = Array(waiting.jobs.prefix(Self.documentsPerTransaction))
        waiting.jobs.removeFirst(jobs.count)
        waiting.isScheduled = !jobs.isEmpty
        return jobs
      }
      if jobs.isEmpty { return }
      for (job, result) in zip(jobs, keep(jobs)) { job.answer(result) }
    }
  }

  private func keep(_ jobs: [Job]) -> [Result<KeptDocument, Refusal>] {
    do {
      return try payload.withWrite { transaction in
        try jobs.map { .success(try keep($0, &transaction)) }
      }
    } catch {
      return jobs.map { _ in .failure(.storageFull) }
    }
  }

  private func keep(_ job: Job, _ transaction: inout WriteTransaction) throws -> KeptDocument {
    let rowKey = job.id.key
    if let there = try transaction.value(for: rowKey.span.bytes, in: table) {
      let sealed = [UInt8](there)
      let bytes = try DocumentSealing.open(sealed, id: job.id.bytes, under: key)
      return KeptDocument(name: DocumentName(id: job.id, digest: Self.digest(sealed)), bytes: bytes)
    }
    let sealed = DocumentSealing.seal(job.bytes, id: job.id.bytes, under: key)
    try transaction.put(sealed.span.bytes, for: rowKey.span.bytes, in: table)
    return KeptDocument(name: DocumentName(id: job.id, digest: Self.digest(sealed)), bytes: job.bytes)
  }

  private static func digest(_ sealed: [UInt8]) -> [UInt8] { SHA256Hasher.sha256(of: sealed.span.bytes).bytes }
}

/// A document that is durable.
package struct KeptDocument: Sendable {
  package let name: DocumentName
  /// What it says: other than what was to be kept only if its change had come before and said something else.
  package let bytes: [UInt8]
}

extension Engine {
  /// Makes a document durable, so that a change of the same id can name it.
  package func keep(_ bytes: [UInt8], id: RequestID) async -> Result<KeptDocument, Refusal> {
    await withCheckedContinuation { continuation in
      documents.keep(DocumentDesk.Job(id: id, bytes: bytes) { continuation.resume(returning: $0) })
    }
  }

  /// What a document says; nil once it is purged.
  package func document(_ name: DocumentName) throws -> [UInt8]? { try documents.read(name.id) }

  /// Tells one payment card from another, and nothing of its number without the store's key: 16 bytes.
  package func fingerprint(ofPaymentCard digits: String) -> [UInt8] {
    Array(hmacSHA256(under: context.paymentCardKey, Array(digits.utf8)).bytes.prefix(16))
  }
}

extension Machine {
  /// The documents whose change never became an event: a crash, or a refusal, came between.
  func orphanDocuments(_ payload: Payload, _ state: borrowing WriteTransaction) throws -> [RequestID] {
    var orphans: [RequestID] = []
    let transaction = try payload.beginRead()
    var walk = try transaction.walk(CardTables(payload.tables).documents)
    while let entry = try walk.next() {
      let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      let key = id.key
      if try state.value(for: key.span.bytes, in: tables.ids) == nil { orphans.append(id) }
    }
    return orphans
  }
}
