import HTTPSeats
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Health and metrics over HTTP, on a port and a thread of their own.
///
/// It is told apart from the server's own end: while the server stops, health says so.
struct StatusPort: Sendable {
  /// Whether the server can be asked for cards now.
  enum Health: String, Sendable {
    case starting, serving, stopping, failed
  }

  /// Of more the oldest is closed: nobody here says who asks.
  private static let maximumConnections = 64
  private static let idleTimeLimit = TimeAmount.seconds(10)

  let address: String
  let port: Int
  let health: @Sendable () -> Health
  let meter: Meter
  let logger: Logger

  /// Serves until the task is cancelled; `listening` is called with the port.
  func run(listening: @escaping @Sendable (Int) -> Void) async throws {
    let router = Router()
    router.get("/health") { [health] _, _ in
      let health = health()
      return Response(
        status: health == .serving ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: health.rawValue + "\n")))
    }
    router.get("/metrics") { [meter] _, _ in
      let page = MetricsPage(await meter.read())
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
    }
    // Its own messages are of no use to an operator of this server.
    var quiet = logger
    quiet.logLevel = .critical
    let seats = Seats(Self.maximumConnections)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let application = Application(
      router: router,
      // Whoever sends a header byte by byte, or nothing, is closed; a header has at most 80 KiB.
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [SeatHandler(seats)], idleTimeout: Self.idleTimeLimit)),
      configuration: ApplicationConfiguration(address: .hostname(address, port: port), serverName: "pinvault"),
      onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    do {
      try await application.run()
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }
}
