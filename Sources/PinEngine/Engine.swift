import Dispatch
import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords
import Synchronization

/// PINs in, PINs out, exactly once: the allocation engine in one process, over one data directory.
///
/// The rules of use:
///
/// 1. One engine works in a data directory at a time.
/// 2. Every command is answered after what decided it is on disk. A change is known by its id: send it again with the same
///    id and it happens once (laws 2 and 4).
/// 3. PINs come out through a `CardReader`, of which each serving thread has its own, and only for a `Delivery`.
/// 4. `stop` must be called.
///
///     let engine = try Engine(at: "/var/lib/pinvault", masterKey: key)
///     let answered = await engine.perform(.vend(Vend(id: id, line: Line(product: product, count: 1))), as: terminal)
///     if case .delivery(let delivery) = answered.outcome { let cards = try engine.cards(of: delivery) }
public final class Engine: Sendable {
  let store: Store<Machine>
  let context: EngineContext
  let desk: ImportDesk
  let documents: DocumentDesk
  let keyring: Keyring
  private let reader: Mutex<CardReader>

  /// What is allowed, as it is announced to clients.
  public let limits = Limits()

  /// Opens a data directory: recovers, and serves.
  ///
  /// Throws `StoreError` or `KeyringError`, each one clear line: in use, newer, damaged, a wrong master key, a clock that
  /// cannot be right.
  package init(
    at directory: String, masterKey: SecretKey, settings: StoreSettings = StoreSettings(),
    clock: any StoreClock = SystemClock()
  ) throws {
    keyring = try Keyring.open(in: directory, master: masterKey)
    context = EngineContext(storeKey: keyring.storeKey, fingerprintKey: keyring.fingerprintKey)
    let store = try Store<Machine>(at: directory, settings: settings, clock: clock, context: context)
    self.store = store
    desk = ImportDesk(store: store, context: context, clock: clock)
    documents = DocumentDesk(store: store, context: context)
    do {
      reader = Mutex(try CardReader.make(context: context, payload: store.payload))
      guard StoreID(bytes: RequestID(keyring.storeID).bytes) == store.storeID else {
        throw KeyringError.otherStore(path: directory)
      }
      // The events that made these cards count for nothing are on disk by now.
      try CardSweep(store.payload).remove(context.idsToSweep.withLock { $0 })
      try documents.sweep(context.unnamedDocuments.withLock { $0 })
      try quarantineRestored()
    } catch {
      store.stop()
      throw error
    }
  }

  /// Answers what waits, takes a checkpoint, and lets the directory go. Blocks until that is done.
  public func stop() {
    desk.stop()
    documents.stop()
    store.stop()
  }

  // MARK: Asking

  /// Hands commands to the writer, all of them or none; false when too many wait: try again later.
  public func submit(_ submissions: [Submission]) -> Bool { store.submit(submissions) }

  /// Performs commands on the calling thread if nobody else is being served, which then waits for the disk and has the
  /// answers before this returns; or else hands them over, as `submit`.
  package func performOrSubmit(_ submissions: [Submission]) -> Bool { store.perform(submissions) }

  /// Asks one thing and waits for the answer.
  public func perform(_ command: Command, as actor: ActorID) async -> Answered {
    await perform(command, as: actor, keyNumber: 0)
  }

  /// The same for a session that was opened with a key.
  package func perform(_ command: Command, as actor: ActorID, keyNumber: UInt64) async -> Answered {
    await withCheckedContinuation { continuation in
      let sink = AnswerSink { answers in
        for answer in answers { continuation.resume(returning: answer) }
      }
      let submission = Submission(actor: actor, keyNumber: keyNumber, command: command, ticket: 0, sink: sink)
      if !store.submit([submission]) {
        let refusal: Refusal = store.isStopped ? .stopping : .busy(retryAfterMilliseconds: 10)
        continuation.resume(
          returning: Answered(submission: submission, reply: Reply(.refused(refusal)), timeMilliseconds: 0))
      }
    }
  }

  /// Asks one thing and blocks the calling thread until it is answered: for starting, never for serving.
  func performBlocking(_ command: Command, as actor: ActorID) -> Answered {
    let answered = Mutex<Answered?>(nil)
    let isAnswered = DispatchSemaphore(value: 0)
    let sink = AnswerSink { answers in
      answered.withLock { $0 = answers.first }
      isAnswered.signal()
    }
    let submission = Submission(actor: actor, command: command, ticket: 0, sink: sink)
    guard store.submit([submission]) else {
      return Answered(submission: submission, reply: Reply(.refused(.stopping)), timeMilliseconds: 0)
    }
    isAnswered.wait()
    return answered.withLock { $0! }
  }

  // MARK: What serving threads need

  /// Products, lots and actors as of the last synced batch.
  public var catalogue: Catalogue { context.catalogue }

  /// A reader of cards for one serving thread.
  public func makeCardReader() throws -> CardReader {
    try CardReader.make(context: context, payload: store.payload)
  }

  /// Opens the cards of a delivery; for callers that open few. Serving threads have readers of their own.
  public func cards(of delivery: Delivery) throws -> [Card] {
    try reader.withLock { (reader) throws(CardFault) in try reader.cards(of: delivery) }
  }

  /// The ids of the cards with a serial.
  func find(serial: String, vendor: VendorID?) throws -> [CardID] {
    try reader.withLock { (reader) throws(LMDBError) in try reader.find(serial: serial, vendor: vendor) }
  }
}
