import PinSealing

/// A walk over the journal's events from some sequence on, each block checked as it is read, in bounded memory.
///
/// It belongs to one thread at a time and reads beside the writer; it never goes beyond what was synced when it was
/// made, or when it was last extended.
package struct JournalScan: ~Copyable {
  private var reader: JournalReader
  /// The next event to hand out.
  package private(set) var nextSequence: UInt64
  private var hasBlock = false

  init(_ reader: consuming JournalReader, from sequence: UInt64) {
    self.reader = reader
    nextSequence = sequence
  }

  /// The last event that the scan goes to.
  package var lastSequence: UInt64 { reader.lastSequence }

  /// The hash of the block before the one whose event was handed out last.
  package var chainBefore: Digest256 { reader.header.previous }

  /// Lets the scan go on to a later synced head.
  package mutating func extend(to head: JournalHead) {
    if head.sequence > reader.lastSequence { reader.extend(to: head.sequence) }
  }

  /// Runs `body` with each event, its sequence and its time, until the end or until it returns false; a later call goes
  /// on with the event after the last one handed out.
  package mutating func forEach<Failure: Error>(
    _ body: (_ event: RawSpan, _ sequence: UInt64, _ timeMilliseconds: UInt64) throws(Failure) -> Bool
  ) throws(ScanError<Failure>) {
    while true {
      if !hasBlock || nextSequence > reader.header.lastSequence {
        do throws(StoreError) { guard try nextBlock() else { return } } catch { throw .store(error) }
      }
      guard try handOut(body) else { return }
    }
  }

  /// Hands out what is left of the block; false when `body` wants no more.
  private mutating func handOut<Failure: Error>(
    _ body: (RawSpan, UInt64, UInt64) throws(Failure) -> Bool
  ) throws(ScanError<Failure>) -> Bool {
    var next = nextSequence
    var isWanted = true
    let time = reader.header.timeMilliseconds
    do throws(Failure) {
      try reader.forEachEvent { (event, sequence) throws(Failure) in
        guard isWanted, sequence == next else { return }
        next += 1
        isWanted = try body(event, sequence, time)
      }
    } catch {
      nextSequence = next
      throw .body(error)
    }
    nextSequence = next
    return isWanted
  }

  private mutating func nextBlock() throws(StoreError) -> Bool {
    repeat {
      guard reader.head.sequence < reader.lastSequence else { return false }
      if case .end(let position, let fault) = try reader.next() {
        throw .rotten(reader.directory.place(position), problem: fault.problem)
      }
    } while reader.header.lastSequence < nextSequence
    hasBlock = true
    return true
  }
}

/// Why a scan stopped early: the journal could not be read, or the one who reads it gave up.
package enum ScanError<Failure: Error>: Error {
  case store(StoreError)
  case body(Failure)
}

/// Reading the journal while it is being written, from any thread.
extension Store where Machine: ~Copyable {
  /// The journal up to the synced head.
  package var view: JournalView { JournalView(journal, index, head) }

  /// A scan of the events from `sequence` to the synced head; `sequence` may be at most the one after the head.
  package func scan(from sequence: UInt64 = 1) throws(StoreError) -> JournalScan { try view.scan(from: sequence) }

  /// Runs `body` with one event and its time.
  package func withEvent<Result>(
    _ sequence: UInt64, _ body: (_ event: RawSpan, _ timeMilliseconds: UInt64) throws -> Result
  ) throws -> Result {
    try view.withEvent(sequence, body)
  }
}
