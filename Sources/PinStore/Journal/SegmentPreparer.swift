import PinBytes

/// Makes segments ahead of need, on a thread of its own: really written with zeros and durable, file and directory,
/// before they are used, so that a sync of the journal never waits for the file system to allocate.
final class SegmentPreparer: Sendable {
  private struct State: Sendable {
    /// The last segment that is ready.
    var ready: UInt64
    /// The last segment that is wanted.
    var wanted: UInt64
    var failure: StoreError?
    var isStopping = false
  }

  /// How many whole segments are kept ready beyond the current one. Two, so that one is there while the next is made.
  static let spareCount: UInt64 = 2
  private static let retryNanoseconds: UInt64 = 1_000_000_000

  private let directory: JournalDirectory
  private let calls: SystemCalls
  private let state: Monitor<State>

  /// Segments up to `ready` are there, the current one being `current`.
  init(_ directory: JournalDirectory, ready: UInt64, current: UInt64, calls: SystemCalls = .real) {
    self.directory = directory
    self.calls = calls
    state = Monitor(State(ready: ready, wanted: current + Self.spareCount))
  }

  /// Makes what is wanted until `stop`. It is the body of the thread.
  func run() {
    while let number = next() {
      do throws(StoreError) {
        try Self.prepare(number, in: directory, calls: calls, isStopping: { self.state.withLock { $0.isStopping } })
        state.withLock {
          $0.ready = number
          $0.failure = nil
        }
      } catch {
        // A segment not yet in use may be made again from nothing; the journal's own bytes may not.
        state.withLock { $0.failure = error }
      }
      state.wake()
    }
  }

  /// The segment to make next, once one is wanted; nil when stopping.
  private func next() -> UInt64? {
    if state.withLock({ $0.failure != nil }) {
      _ = state.wait(atMost: Self.retryNanoseconds) { $0.isStopping ? true : nil }
    }
    let wanted = state.wait { state -> UInt64?? in
      if state.isStopping { return .some(nil) }
      return state.ready < state.wanted ? .some(state.ready + 1) : nil
    }
    return wanted ?? nil
  }

  func stop() {
    state.withLock { $0.isStopping = true }
    state.wake()
  }

  /// Asks for the spares of a new current segment.
  func advance(to current: UInt64) {
    state.withLock { $0.wanted = current + Self.spareCount }
    state.wake()
  }

  /// Whether a whole segment beyond `current` is ready; waits for it while it is being made, at most so long.
  func hasSpare(beyond current: UInt64, waitingAtMost nanoseconds: UInt64? = nil) -> Bool {
    state.wait(atMost: nanoseconds) { state -> Bool? in
      if state.ready > current { return true }
      return state.failure != nil || state.isStopping ? false : nil
    } ?? false
  }

  /// Makes one segment durable under its name.
  static func prepare(
    _ number: UInt64, in directory: JournalDirectory, calls: SystemCalls = .real, isStopping: () -> Bool = { false }
  ) throws(StoreError) {
    let name = directory.file(ofSegment: number)
    let unfinished = name + unfinishedSuffix
    try FileTree.remove(unfinished)
    do throws(StoreError) {
      let file = try File.open(unfinished, .create)
      var header = ByteWriter(capacity: JournalFormat.pageByteCount)
      SegmentHeader(shape: directory.shape, number: number).write(to: &header)
      try file.write(header.bytes, at: 0)
      let slice = [UInt8](repeating: 0, count: min(1 << 20, directory.shape.segmentByteCount))
      var offset = JournalFormat.pageByteCount
      while offset < directory.shape.segmentByteCount {
        if isStopping() { throw .stopped }
        let count = min(slice.count, directory.shape.segmentByteCount - offset)
        try file.write(slice.span.bytes.extracting(0..<count), at: offset)
        // Slice by slice, so that the journal's own sync never queues behind a whole segment.
        try file.syncData(calls.syncSlice)
        offset += count
      }
      try file.sync()
      try FileTree.rename(unfinished, to: name)
      try FileTree.syncDirectory(directory.path)
    } catch {
      try? FileTree.remove(unfinished)
      throw error
    }
  }

  private static let unfinishedSuffix = ".unfinished"

  /// Removes what a crash left of segments being made.
  static func removeUnfinished(in path: String) throws(StoreError) {
    for name in try FileTree.names(in: path) where name.hasSuffix(unfinishedSuffix) {
      try FileTree.remove("\(path)/\(name)")
    }
  }
}
