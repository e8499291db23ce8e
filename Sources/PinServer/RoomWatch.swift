import Logging
import NIOCore
import PinEngine
import Synchronization

/// Tells the log when the store begins to refuse changes for want of room, and when it takes them again.
final class RoomWatch: Sendable {
  private let engine: Engine
  private let logger: Logger
  private let wasShut = Mutex(false)

  init(_ engine: Engine, _ logger: Logger) {
    self.engine = engine
    self.logger = logger
  }

  /// Looks every so often, until the event loop ends.
  func start(on loop: PollLoop, every period: TimeAmount) {
    loop.execute { loop.schedule(every: period) { _ in self.look() } }
  }

  private func look() {
    let isShut = engine.counters.isShutForRoom
    let isNews = wasShut.withLock { wasShut in
      defer { wasShut = isShut }
      return wasShut != isShut
    }
    guard isNews else { return }
    if isShut {
      logger.warning("changes are refused: the disk is too full, or too slow for the next journal segment; make room")
    } else {
      logger.notice("changes are taken again: there is room")
    }
  }
}
