import Foundation
import Logging
import NIOCore
import NIOPosix
import PinProtocol
import PinWords
import Synchronization
import Testing

@testable import PinServer

/// Asks over HTTP/1.1 and gives the status line and the rest.
func get(_ path: String, port: Int) async throws -> (status: String, text: String) {
  let (stream, continuation) = AsyncStream.makeStream(of: String.self)
  /// Asks as soon as it is connected: on a loaded machine a task may come so late that nobody waits for it any more.
  final class Asking: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let path: String
    let continuation: AsyncStream<String>.Continuation
    init(_ path: String, _ continuation: AsyncStream<String>.Continuation) {
      self.path = path
      self.continuation = continuation
    }
    func channelActive(context: ChannelHandlerContext) {
      let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      context.writeAndFlush(NIOAny(ByteBuffer(string: request)), promise: nil)
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      continuation.yield(String(buffer: unwrapInboundIn(data)))
    }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
  }
  let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(Asking(path, continuation))
      }
    }
    .connect(host: "127.0.0.1", port: port).get()
  let text = await stream.reduce("", +)
  try? await channel.close()
  return (String(text.prefix { $0 != "\r\n" }), text)
}

@Suite("Telling how it goes", .timeLimit(.minutes(30)))
struct StatusTests {
  @Test("Health says that it serves, and metrics what was done")
  func metrics() async throws {
    try await ServerRig.with {
      $0.statusAddress = "127.0.0.1"
    } _: { rig in
      let port = try #require(rig.addresses.statusPort)
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 3)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      for count in [1, 2, 5] as [UInt32] { _ = try await client.ask(.vend(product, count: count)) }
      let stranger = try await WireClient.connect(port: rig.addresses.port)
      _ = try await stranger.hello("nobody")
      _ = try await stranger.ask(.authenticate(Authenticate(proof: .zero)))

      let health = try await get("/health", port: port)
      #expect(health.status == "HTTP/1.1 200 OK" && health.text.hasSuffix("serving\n"))
      let metrics = try await get("/metrics", port: port).text
      for line in [
        "pinvault_requests_total{operation=\"vend\",status=\"done\"} 2",
        "pinvault_requests_total{operation=\"vend\",status=\"insufficientStock\"} 1",
        "pinvault_requests_total{operation=\"authenticate\",status=\"authenticationFailed\"} 1",
        "pinvault_pins_opened_total 3", "pinvault_authentication_failures_total 1", "pinvault_sessions 1",
        "pinvault_journal_head_sequence \(rig.engine.headSequence)", "# TYPE pinvault_store_syncs_total counter",
        "pinvault_store_sync_seconds_total ", "pinvault_store_checkpoints_total ", "pinvault_store_queue_depth 0",
      ] {
        #expect(metrics.contains("\n" + line), "\(line)")
      }
      #expect(!metrics.contains("S0") && !metrics.contains(ServerRig.pin("S", 0)))
    }
  }

  @Test("While it stops, health says so")
  func stopping() async throws {
    let rig = try await ServerRig { $0.statusAddress = "127.0.0.1" }
    let port = try #require(rig.addresses.statusPort)
    // It does not answer the server's wish to close, and so the server waits for it.
    let client = try await rig.connect(as: rig.administrator)
    try await client.channel.setOption(.allowRemoteHalfClosure, value: true).get()
    rig.beginStopping()
    var health = ""
    while !health.contains("503") { health = try await get("/health", port: port).text }
    #expect(health.hasSuffix("stopping\n"))
    await client.close()
    try await rig.stop()
  }

  @Test("Logs name connection and actor and hold no PIN, key or serial")
  func logs() async throws {
    let lines = CollectedLines()
    var key: [UInt8] = []
    try await ServerRig.with(logger: lines.logger) { rig in
      let till = try await rig.actor("till-1")
      key = till.key.withBytes { Array($0) }
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 2, prefix: "SERIAL")
      let client = try await rig.connect(as: till)
      _ = try await client.ask(.vend(product))
      _ = try await client.ask(.card(CardQuery(serial: "SERIAL0")))
      let stranger = try await WireClient.connect(port: rig.addresses.port)
      _ = try await stranger.hello("nobody")
      _ = try await stranger.ask(.authenticate(Authenticate(proof: .zero)))
    }
    let text = lines.all.withLock { $0 }.joined(separator: "\n")
    #expect(text.contains("actor=till-1") && text.contains("operation=vend"))
    #expect(text.contains("authentication failed") && text.contains("actor=nobody"))
    #expect(text.contains("address=127.0.0.1"))
    #expect(!text.contains("SERIAL") && !text.contains("PIN-"))
    #expect(!text.contains(String(hexadecimal: key.span.bytes)))
  }
}

final class CollectedLines: Sendable {
  let all = Mutex<[String]>([])

  /// A logger that keeps its lines here.
  var logger: Logger {
    var logger = Logger(label: "pinvault") { _ in CollectingLogHandler(lines: self) }
    logger.logLevel = .trace
    return logger
  }

  func contains(_ text: String) -> Bool { all.withLock { $0.contains { $0.contains(text) } } }
}

/// Keeps what is logged, message and metadata, a line each.
struct CollectingLogHandler: LogHandler {
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.trace
  let lines: CollectedLines

  init(lines: CollectedLines) { self.lines = lines }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let rest = fields.map { " \($0.key)=\($0.value)" }.joined()
    lines.all.withLock { $0.append("\(event.level) \(event.message)\(rest)") }
  }
}
