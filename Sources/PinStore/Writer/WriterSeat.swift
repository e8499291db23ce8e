/// Where the writer sits: whoever has the turn runs it.
///
/// While it is idle, a thread that brings requests performs them itself, so that a lone client pays for no hand-over. All
/// else falls to the writer's own thread: what gathers while another batch runs, checkpoints, what time makes due, and
/// the end. For a transaction of LMDB is ended on the thread that began it; what is done in between may be done on any,
/// by one at a time.
///
/// `@unchecked Sendable`: `writer` is touched only by the thread that has taken the turn from `link`, whose lock orders
/// what one does before what the next sees.
final class WriterSeat<Machine: StateMachine & ~Copyable>: @unchecked Sendable {
  private let link: WriterLink<Machine.Request>
  private var writer: Writer<Machine>?

  /// The turn is the caller's, the writer's own thread, which must then `run`.
  init(_ link: WriterLink<Machine.Request>) { self.link = link }

  /// Serves, on the writer's own thread, until the store is told to stop, or fails.
  func run(_ opened: consuming Writer<Machine>) {
    writer = consume opened
    do throws(StoreError) {
      while try writer!.turn() {
        link.giveTurn(dueAtNanoseconds: try writer!.nextTurnNanoseconds())
        link.waitForTurn()
      }
      try writer!.checkpoint()
      writer!.end(nil)
    } catch {
      writer!.end(error)
    }
    // Here, where its transaction was begun. The turn is never given back.
    writer = nil
  }

  /// Performs requests on the calling thread if the writer is idle, or else hands them over; false, taking none, when they
  /// are too many or the store is stopping.
  func perform(_ requests: [Machine.Request]) -> Bool {
    switch link.takeTurn(for: requests) {
    case .refused: return false
    case .waiting: return true
    case .turnTaken:
      link.giveTurn(dueAtNanoseconds: writer!.perform(requests))
      return true
    }
  }
}
