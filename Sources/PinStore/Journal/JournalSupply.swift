import Glibc

/// Pieces of the journal on their way from those who read and check them to the one who uses them, and back.
///
/// Pieces are cut one after another, by whoever is free, and checked at the same time: a block's hash is of its own bytes, among
/// which is the hash of the block before, so whether each piece follows the one before is a comparison when its turn has come.
final class JournalSupply: Sendable {
  private struct State: Sendable {
    var free: [JournalPiece]
    var checked: [JournalPiece] = []
    /// Nil while somebody cuts.
    var cutter: Cutter?
    /// How many pieces there are; nil until they have all been cut.
    var count: Int?
    var isStopping = false
  }

  /// `@unchecked Sendable`: it is the thread's that has taken it out of the state, under the lock.
  private final class Cutter: @unchecked Sendable {
    var cutter: JournalCutter
    init(_ cutter: consuming JournalCutter) { self.cutter = cutter }
  }

  /// One processor is left to who uses the pieces; more than two are faster than anybody does.
  static var usualThreadCount: Int { min(2, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1)) }

  private let threadCount: Int
  private let state: Monitor<State>

  init(_ directory: JournalDirectory, _ cutter: consuming JournalCutter, threadCount: Int) {
    self.threadCount = threadCount
    // Each thread checks one, and as many wait and one more.
    let free = (0...2 * threadCount).map { _ in JournalPiece(directory) }
    state = Monitor(State(free: free, cutter: Cutter(cutter)))
  }

  /// Starts those who read and check; they end at the journal's end, or when they are stopped.
  func start() throws(StoreError) -> [SystemThread] {
    var threads = [try SystemThread { self.run() }]
    // Where no more can be had, one does it all.
    while threads.count < threadCount, let another = try? SystemThread({ self.run() }) { threads.append(another) }
    return threads
  }

  func stop() {
    state.withLock { $0.isStopping = true }
    state.wake()
  }

  /// Gives back a piece and takes the one of a number, waiting for it; nil when there are not so many.
  func exchange(_ used: JournalPiece, for number: Int) -> JournalPiece? {
    state.withLock { $0.free.append(used) }
    state.wake()
    let next: JournalPiece?? = state.wait { state in
      if let index = state.checked.firstIndex(where: { $0.number == number }) { return state.checked.remove(at: index) }
      return state.count.map { number >= $0 } == true ? .some(nil) : nil
    }
    return next ?? nil
  }

  private func run() {
    var checker = BlockChecker()
    while let (piece, cutter) = take() {
      // What cannot be read ends it as the journal's end does: who comes there reads it again, and says what is wrong.
      let isPiece = (try? cutter.cutter.cut(into: piece)) ?? false
      state.withLock { state in
        if isPiece { state.cutter = cutter } else { state.count = cutter.cutter.count }
      }
      state.wake()
      guard isPiece else { return }
      piece.check(&checker)
      state.withLock { $0.checked.append(piece) }
      state.wake()
    }
  }

  /// A piece to fill, with what fills it; nil when there is nothing more to do.
  private func take() -> (JournalPiece, Cutter)? {
    let taken: (JournalPiece, Cutter)?? = state.wait { state in
      if state.isStopping || state.count != nil { return .some(nil) }
      guard let cutter = state.cutter, let piece = state.free.popLast() else { return nil }
      state.cutter = nil
      return (piece, cutter)
    }
    return taken ?? nil
  }
}
