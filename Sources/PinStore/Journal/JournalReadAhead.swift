import PinSealing

/// A walk over the journal's events in which blocks are read and checked ahead, on a thread of its own.
///
/// Checking a block takes about as long as a fold over it, so on two processors a walk takes half the time. It holds a few
/// pieces of the journal in memory, however long that is, and belongs to one thread at a time.
package struct JournalReadAhead: ~Copyable {
  private let supply: Supply
  private let thread: SystemThread
  private var piece: JournalPiece
  /// Its blocks, which stay where they are as long as the piece is held.
  private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where the event handed out last begins and ends in `bytes`.
  private var start = 0
  private var end = 0
  /// How many events of its block come after it; after the last comes the end mark.
  private var eventsLeft = 0
  private let firstSequence: UInt64
  /// That of the event handed out last; 0 before the first.
  package private(set) var sequence: UInt64 = 0
  /// That of the event handed out last.
  package private(set) var timeMilliseconds: UInt64 = 0
  /// The segment that the event handed out last is in.
  package var segment: UInt64 { piece.segment }
  /// Where the block of the event handed out last begins in the piece.
  private var blockStart = 0

  init(_ directory: JournalDirectory, after head: JournalHead, from sequence: UInt64, through last: UInt64)
    throws(StoreError)
  {
    let supply = Supply(directory)
    self.supply = supply
    firstSequence = sequence
    piece = JournalPiece(directory)
    thread = try SystemThread { supply.run(JournalReader(directory, after: head, lastSequence: last)) }
  }

  deinit {
    supply.stop()
    thread.join()
  }

  /// Goes on to the next event; false when there is none. Throws at the first block that is not right, after all events
  /// before it.
  package mutating func next() throws(StoreError) -> Bool {
    repeat {
      if eventsLeft == 0 {
        guard try nextBlock() else { return false }
      }
      start = end + 4
      end = start + Int(UInt32(bigEndian: load(at: end)))
      eventsLeft -= 1
      sequence += 1
    } while sequence < firstSequence
    return true
  }

  /// The event handed out last.
  package var event: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// The hash of the block before the one whose event was handed out last.
  package var chainBefore: Digest256 {
    let header = UnsafeRawBufferPointer(rebasing: bytes[blockStart..<blockStart + BlockHeader.byteCount])
    return Digest256(bytes: RawSpan(_unsafeBytes: header).extracting(BlockHeader.chainOffset...))
  }

  /// Goes to the next block, whose first event begins at `end` then.
  private mutating func nextBlock() throws(StoreError) -> Bool {
    if !bytes.isEmpty { end += 1 }
    if end == bytes.count {
      guard let next = try supply.exchange(piece) else { return false }
      piece = next
      bytes = UnsafeRawBufferPointer(rebasing: next.memory.bytes[next.range])
      end = 0
    }
    blockStart = end
    eventsLeft = Int(UInt32(bigEndian: load(at: end + 4)))
    sequence = UInt64(bigEndian: load(at: end + 8)) - 1
    timeMilliseconds = UInt64(bigEndian: load(at: end + 16))
    end += BlockHeader.byteCount
    return true
  }

  private func load<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value {
    bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }
}

/// Blocks that follow each other in one buffer, all of them right.
///
/// `@unchecked Sendable`: it is one thread's at a time, and goes from one to the other under the lock of `Supply`.
final class JournalPiece: @unchecked Sendable {
  var memory: ReadBuffer
  /// Where in it the blocks are.
  var range = 0..<0
  /// The segment that all of them are in.
  var segment: UInt64 = 0

  init(_ directory: JournalDirectory) { memory = JournalReader.buffer(for: directory) }
}

/// Pieces on their way from the one who reads them to the one who uses them, and back.
private final class Supply: Sendable {
  private struct State: Sendable {
    var free: [JournalPiece]
    /// In the order of the journal.
    var full: [JournalPiece] = []
    /// Nothing comes after what is in `full`: the journal ended, or this is what was wrong.
    var end: Result<Void, StoreError>?
    var isStopping = false
  }

  private static let pieceCount = 3
  private let state: Monitor<State>

  init(_ directory: JournalDirectory) {
    state = Monitor(State(free: (0..<Self.pieceCount).map { _ in JournalPiece(directory) }))
  }

  /// Reads until the end, or until it is stopped.
  func run(_ reader: consuming JournalReader) {
    while let piece = state.wait(for: { state -> JournalPiece?? in
      if state.isStopping { return .some(nil) }
      return state.free.popLast().map { .some($0) }
    }) ?? nil {
      let end: Result<Void, StoreError>?
      do throws(StoreError) {
        end = try reader.fill(piece) ? nil : .success(())
      } catch {
        end = .failure(error)
      }
      state.withLock { state in
        if end == nil { state.full.append(piece) }
        state.end = end
      }
      state.wake()
      if end != nil { return }
    }
  }

  /// Gives back a piece and takes the next, waiting for it; nil at the journal's end.
  func exchange(_ used: JournalPiece) throws(StoreError) -> JournalPiece? {
    state.withLock { $0.free.append(used) }
    state.wake()
    let next = state.wait { state -> Result<JournalPiece?, StoreError>? in
      if !state.full.isEmpty { return .success(state.full.removeFirst()) }
      return state.end.map { $0.map { nil } }
    }
    return try next?.get()
  }

  func stop() {
    state.withLock { $0.isStopping = true }
    state.wake()
  }
}
