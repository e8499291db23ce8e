import NIOCore
import Synchronization

/// The connections that an HTTP port serves at once. A newcomer finds a seat by the leaving of the stranger who came first: so
/// requests that never end push out each other, and not whoever asks and is answered at once.
///
/// A stranger is a connection on which nobody has proved yet who asks. Where nobody is one, the newcomer is turned away.
package final class Seats: Sendable {
  private struct Seat {
    let channel: any Channel
    /// In the order of their coming.
    let number: UInt64
    var isStranger = true
  }

  private struct Taken {
    var seats: [ObjectIdentifier: Seat] = [:]
    var count: UInt64 = 0
  }

  private let limit: Int
  private let taken = Mutex(Taken())

  package init(_ limit: Int) { self.limit = limit }

  /// Somebody on this connection has proved who they are.
  package func know(_ connection: ObjectIdentifier) { taken.withLock { $0.seats[connection]?.isStranger = false } }

  /// Gives a connection a seat, if there is one; returns the connection that must go.
  fileprivate func take(_ channel: any Channel) -> (any Channel)? {
    taken.withLock { taken in
      var leaving: Seat?
      if taken.seats.count >= limit {
        leaving = taken.seats.values.filter { $0.isStranger }.min { $0.number < $1.number }
        guard let leaving else { return channel }
        taken.seats[ObjectIdentifier(leaving.channel)] = nil
      }
      taken.count += 1
      taken.seats[ObjectIdentifier(channel)] = Seat(channel: channel, number: taken.count)
      return leaving?.channel
    }
  }

  fileprivate func leave(_ channel: any Channel) { taken.withLock { $0.seats[ObjectIdentifier(channel)] = nil } }
}

/// Takes a connection's seat when it comes, and leaves it when it goes.
package final class SeatHandler: ChannelInboundHandler, RemovableChannelHandler {
  package typealias InboundIn = Never

  private let seats: Seats

  package init(_ seats: Seats) { self.seats = seats }

  package func handlerAdded(context: ChannelHandlerContext) { seats.take(context.channel)?.close(promise: nil) }

  package func channelInactive(context: ChannelHandlerContext) {
    seats.leave(context.channel)
    context.fireChannelInactive()
  }
}
