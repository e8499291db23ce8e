import PinProtocol
import PinWords
import Synchronization

/// Loads the chunks of one purchase, several of them under way at once, without a task for each.
///
///     let loader = client.chunkLoader(for: purchase)
///     for cards in chunks { for answer in try await loader.send(cards) { … } }
///     for answer in try await loader.finish() { … }
///     try await client.commitPurchase(purchase)
///
/// Chunks are numbered from 0 in the order of `send`. For one task at a time. If it throws, the purchase is not to be
/// committed: abandon it, or begin again.
public final class ChunkLoader: Sendable {
  /// How one chunk went.
  public struct ChunkAnswer: Hashable, Sendable {
    /// From 0, in the order they were sent in.
    public var chunk: UInt32
    /// How it went; nil if the connection broke and the server says only that it was taken: which of its cards were
    /// refused is not known then, and whoever must know it abandons the purchase and begins again.
    public var answer: LoadCardsAnswer?
  }

  private struct State {
    var nextChunk: UInt32 = 0
    var unanswered = 0
    var answers: [ChunkAnswer] = []
    var failure: ClientError?
    /// Whoever waits until so many or fewer chunks are unanswered.
    var waiter: (unanswered: Int, continuation: CheckedContinuation<Void, Never>)?
  }

  public let purchase: PurchaseID
  private let client: PinClient
  private let chunksInFlight: Int
  private let timeLimit: Duration
  private let state = Mutex(State())

  init(client: PinClient, purchase: PurchaseID, chunksInFlight: Int, timeLimit: Duration) {
    self.client = client
    self.purchase = purchase
    self.chunksInFlight = max(1, chunksInFlight)
    self.timeLimit = timeLimit
  }

  /// Sends the next chunk, 1 to `Limits.cardsPerChunk` cards, once there is room for it.
  ///
  /// Gives back the answers that came since the last call, in the order of their chunks. Throws the first failure of
  /// any chunk; nothing is sent after that.
  public func send(_ cards: [LoadCards.Card]) async throws(ClientError) -> [ChunkAnswer] {
    await wait(untilUnanswered: chunksInFlight - 1)
    if Task.isCancelled { throw .cancelled(.loadCards) }
    let answers = try takeAnswers()
    let chunk = state.withLock { state in
      state.unanswered += 1
      state.nextChunk += 1
      return state.nextChunk - 1
    }
    client.submit(.loadCards(LoadCards(purchase: purchase, chunk: chunk, cards: cards)), timeLimit: timeLimit) {
      self.answered(chunk, $0)
    }
    return answers
  }

  /// Waits for all chunks and gives back the answers that are left.
  public func finish() async throws(ClientError) -> [ChunkAnswer] {
    await wait(untilUnanswered: 0)
    return try takeAnswers()
  }

  private func takeAnswers() throws(ClientError) -> [ChunkAnswer] {
    let (answers, failure) = state.withLock { state in
      defer { state.answers = [] }
      return (state.answers, state.failure)
    }
    if let failure { throw failure }
    return answers.sorted { $0.chunk < $1.chunk }
  }

  /// Every call ends by its time limit, so that this wait does too.
  private func wait(untilUnanswered count: Int) async {
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        guard state.unanswered > count else { return false }
        precondition(state.waiter == nil, "a loader is for one task at a time")
        state.waiter = (count, continuation)
        return true
      }
      if !mustWait { continuation.resume() }
    }
  }

  private func answered(_ chunk: UInt32, _ result: Result<AnswerMessage, ClientError>) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.unanswered -= 1
      do throws(ClientError) {
        let answer = try result.get().loaded().value
        state.answers.append(ChunkAnswer(chunk: chunk, answer: answer))
      } catch .refused(.outOfTurn(let expected)) where expected > chunk {
        state.answers.append(ChunkAnswer(chunk: chunk, answer: nil))
      } catch {
        state.failure = state.failure ?? error
      }
      guard let waiter = state.waiter, state.unanswered <= waiter.unanswered else { return nil }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }
}
