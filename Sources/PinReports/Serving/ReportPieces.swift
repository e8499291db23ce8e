import Dispatch
import Synchronization

/// A report on its way from the thread that makes it to the task that takes it; few pieces wait at a time.
package final class ReportPieces: Sendable {
  private struct State {
    /// In the order of the report.
    var pieces: [[UInt8]] = []
    /// Nothing comes after what is in `pieces`: the report is whole, or this is why it never will be.
    var end: Result<Void, any Error>?
    var taker: CheckedContinuation<Void, Never>?
  }

  /// Who takes the report has not taken a piece of it for a minute, and did not say that he goes.
  struct NobodyTakes: Error {}

  private let state = Mutex(State())
  /// How many more pieces may wait. It begins at 0 and is raised: one that is let go below the value that it was made with ends
  /// the process, and so would a report that somebody gives up.
  private let room = DispatchSemaphore(value: 0)
  private static let mostWaiting = 4
  /// Who does not take a piece for so long is gone.
  private static let patienceSeconds = 60

  init() {
    for _ in 0..<Self.mostWaiting { room.signal() }
  }

  // MARK: The one who makes it

  func put(_ piece: [UInt8]) throws {
    guard room.wait(timeout: .now() + .seconds(Self.patienceSeconds)) == .success else { throw NobodyTakes() }
    try change { state in
      try Self.confirmWanted(state)
      state.pieces.append(piece)
    }
  }

  /// Throws when nobody wants the report any more.
  func confirmWanted() throws { try state.withLock { try Self.confirmWanted($0) } }

  private static func confirmWanted(_ state: borrowing State) throws {
    if state.end != nil { throw CancellationError() }
  }

  func end(_ result: Result<Void, any Error>) {
    change { $0.end = $0.end ?? result }
  }

  // MARK: The one who takes it

  /// The next piece, when there is one; nil after the last of a whole report. One asks at a time.
  package func next() async throws -> [UInt8]? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isThere = state.withLock { state in
          if state.pieces.isEmpty, state.end == nil {
            state.taker = continuation
            return false
          }
          return true
        }
        if isThere { continuation.resume() }
      }
    } onCancel: {
      stop()
    }
    let piece: [UInt8]? = try state.withLock { state in
      guard state.pieces.isEmpty else { return state.pieces.removeFirst() }
      try state.end?.get()
      return nil
    }
    if piece != nil { room.signal() }
    return piece
  }

  /// Gives the report up, unless it is whole.
  package func stop() {
    end(.failure(CancellationError()))
    room.signal()
  }

  private func change<Failure: Error>(_ body: (inout State) throws(Failure) -> Void) throws(Failure) {
    let result = state.withLock { state -> Result<CheckedContinuation<Void, Never>?, Failure> in
      do throws(Failure) { try body(&state) } catch { return .failure(error) }
      defer { state.taker = nil }
      return .success(state.taker)
    }
    try result.get()?.resume()
  }
}
