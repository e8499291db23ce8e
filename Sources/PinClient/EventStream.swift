import PinProtocol
import PinWords

/// Events of the journal, one after another, over a connection of their own.
///
///     for try await event in client.events(from: 1) { … }
///
/// It waits for events that are not there yet, and goes on after a broken connection where it was: each comes once, in
/// order. It ends with its task or its client, or throws when the server could not be reached for the time limit; go on then with the
/// sequence after the last event.
public struct EventStream: AsyncSequence, Sendable {
  public typealias Element = EventsAnswer.Event
  public typealias Failure = ClientError

  /// Where a stream ends.
  public enum End: Sendable, Hashable {
    /// It does not.
    case never
    /// At the last event there is when it starts.
    case head
  }

  private let sideLinks: SideLinks
  private let timeLimit: Duration
  private let from: UInt64
  private let end: End

  init(sideLinks: SideLinks, timeLimit: Duration, from sequence: UInt64, until end: End) {
    self.sideLinks = sideLinks
    self.timeLimit = timeLimit
    self.from = sequence
    self.end = end
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(link: sideLinks.make(), timeLimit: timeLimit, next: Swift.max(1, from), end: end)
  }

  public struct Iterator: AsyncIteratorProtocol {
    /// Closes its connection when the iterator goes.
    private let link: Link
    private let timeLimit: Duration
    private var nextSequence: UInt64
    private let end: End
    private var lastSequence: UInt64?
    private var events: ArraySlice<Element> = []

    fileprivate init(link: Link, timeLimit: Duration, next: UInt64, end: End) {
      self.link = link
      self.timeLimit = timeLimit
      nextSequence = next
      self.end = end
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Element? {
      while events.isEmpty {
        if let lastSequence, nextSequence > lastSequence { return nil }
        try await poll(isolation: actor)
      }
      let event = events.removeFirst()
      if let lastSequence, event.sequence > lastSequence {
        events = []
        return nil
      }
      nextSequence = event.sequence + 1
      return event
    }

    private mutating func poll(isolation actor: isolated (any Actor)?) async throws(ClientError) {
      // Half of the limit is left to reconnect and ask again.
      let wait = Swift.min(UInt64(EventsQuery.longestWaitMilliseconds), timeLimit.nanoseconds / 2_000_000)
      let query = EventsQuery(fromSequence: nextSequence, waitMilliseconds: end == .never ? UInt32(wait) : 0)
      let answer = try await link.call(.events(query), timeLimit: timeLimit).answered { answer in
        if case .events(let body) = answer { body } else { nil }
      }
      if end == .head, lastSequence == nil { lastSequence = answer.value.headSequence }
      events = answer.value.events[...]
      guard events.allSatisfy({ $0.sequence >= nextSequence }) else { throw .protocolFault(.invalid(.sequence)) }
      if let lastSequence, events.isEmpty, nextSequence <= lastSequence { throw .protocolFault(.invalid(.sequence)) }
    }
  }
}
