import NIOCore

/// The connections of one event loop that have not said who they are, oldest first.
///
/// They are few: when there is one too many, the oldest goes. So whoever opens thousands pushes out his own, and a client
/// that authenticates as soon as it is connected always finds a place.
struct Strangers {
  private var queue = CircularBuffer<Connection>()
  /// How many are waiting to authenticate; of those in the queue, some have left or did.
  private(set) var count = 0

  mutating func add(_ connection: Connection) {
    queue.append(connection)
    count += 1
    // Those that are strangers no more are let go of now and then, so that the queue stays as short as it may be.
    if queue.count > 2 * count + 64 { queue = CircularBuffer(queue.filter(\.isStranger)) }
  }

  /// One of them authenticated, or is gone.
  mutating func left() { count -= 1 }

  /// The oldest, if there are more than so many.
  mutating func oldest(beyond limit: Int) -> Connection? {
    guard count > limit else { return nil }
    while let first = queue.popFirst() {
      if first.isStranger { return first }
    }
    return nil
  }
}
