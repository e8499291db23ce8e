import NIOCore
import NIOPosix
import NIOSSL
import PinBytes
import PinProtocol
import PinSealing
import PinWords

@testable import PinServer

/// A client that is no more than the protocol: it sends what a test says, byte for byte, and hands over what comes.
final class WireClient: @unchecked Sendable {
  // Used by one task at a time, as each test does.
  struct Reply {
    let header: FrameHeader
    let message: AnswerMessage

    var status: Status { message.status }
    var refusal: Refusal? { if case .refused(let refusal) = message.outcome { refusal } else { nil } }
    var fault: ProtocolFault? { if case .fault(let fault) = message.outcome { fault } else { nil } }
    var answer: Answer? { if case .done(let answer) = message.outcome { answer } else { nil } }
    var delivery: PinProtocol.Delivery? { if case .delivery(let delivery) = answer { delivery } else { nil } }
  }

  let channel: any Channel
  private var iterator: AsyncStream<ByteBuffer>.Iterator
  private var received = ByteBuffer()
  private var nextNumber: UInt32 = 1
  var limits = Limits()

  private init(_ channel: any Channel, _ stream: AsyncStream<ByteBuffer>) {
    self.channel = channel
    iterator = stream.makeAsyncIterator()
  }

  /// Connects; unless it reads alone, it takes nothing from its socket until `read` is called.
  static func connect(port: Int, readsAlone: Bool = true, tls: NIOSSLContext? = nil) async throws -> WireClient {
    let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: readsAlone)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
          }
          try channel.pipeline.syncOperations.addHandler(Passing(continuation))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return WireClient(channel, stream)
  }

  private final class Passing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncStream<ByteBuffer>.Continuation
    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  // MARK: Bytes

  func send(bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

  /// Encodes requests and sends them in one write; gives their numbers.
  @discardableResult
  func send(_ requests: [RequestMessage]) async throws -> [UInt32] {
    var writer = ByteWriter()
    var numbers: [UInt32] = []
    for request in requests {
      numbers.append(nextNumber)
      try request.encode(requestNumber: nextNumber, into: &writer, limits: limits)
      nextNumber += 1
    }
    let buffer = ByteBuffer(bytes: Array(writer.bytes))
    try await channel.writeAndFlush(buffer)
    return numbers
  }

  /// The next whole frame's bytes, or nil when the server has closed.
  func receiveFrame() async -> [UInt8]? {
    while true {
      if let length = received.getInteger(at: received.readerIndex, as: UInt32.self),
        let frame = received.readBytes(length: Int(length))
      {
        return frame
      }
      guard var more = await iterator.next() else { return nil }
      received.writeBuffer(&more)
    }
  }

  /// The next answer, or nil when the server has closed.
  func receive() async throws -> Reply? {
    guard let frame = await receiveFrame() else { return nil }
    let header = try FrameHeader(answerIn: frame.span.bytes, limit: limits.frameBytes)
    let body = frame.span.bytes.extracting(FrameHeader.byteCount..<frame.count)
    return Reply(header: header, message: try AnswerMessage.decode(header, body: body))
  }

  func ask(_ request: RequestMessage) async throws -> Reply {
    try await send([request])
    guard let reply = try await receive() else { throw RigError.unexpected("the server closed") }
    return reply
  }

  /// Whether the server closes without another frame.
  func isClosedByServer() async -> Bool { await receiveFrame() == nil }

  func close() async { try? await channel.close() }

  // MARK: Session

  /// Says hello and gives the transcript to be signed.
  func hello(
    _ name: String, method: AuthenticationMethod = .key, channelBinding: Bytes32 = .zero
  ) async throws -> AuthenticationTranscript {
    var generator = SystemRandomNumberGenerator()
    let hello = RequestMessage.hello(
      Hello(method: method, actorName: name, nonce: .random(using: &generator)))
    var writer = ByteWriter()
    try hello.encode(requestNumber: nextNumber, into: &writer)
    nextNumber += 1
    let request = Array(writer.bytes)
    try await send(bytes: request)
    guard let frame = await receiveFrame() else { throw RigError.unexpected("the server closed at hello") }
    let header = try FrameHeader(answerIn: frame.span.bytes, limit: 65_536)
    let message = try AnswerMessage.decode(
      header, body: frame.span.bytes.extracting(FrameHeader.byteCount..<frame.count))
    guard case .done(.hello(let answer)) = message.outcome else { throw RigError.unexpected("\(message.outcome)") }
    limits = answer.limits
    let signed = AuthenticationTranscript.helloBytes(request: request.span.bytes, answer: frame.span.bytes)
    return AuthenticationTranscript(
      helloDigest: Bytes32(SHA256Hasher.sha256(of: signed.span.bytes)), channelBinding: channelBinding)
  }

  /// Says hello and proves itself, and checks that the server does.
  func authenticate(as name: String, key: SecretKey, channelBinding: Bytes32 = .zero) async throws {
    let transcript = try await hello(name, channelBinding: channelBinding)
    let proof = Bytes32(hmacSHA256(under: key, transcript.bytes(signedBy: .client)))
    let reply = try await ask(.authenticate(Authenticate(proof: proof)))
    guard case .authenticate(let answer) = reply.answer else { throw RigError.unexpected("\(reply.status)") }
    guard answer.proof == Bytes32(hmacSHA256(under: key, transcript.bytes(signedBy: .server))) else {
      throw RigError.unexpected("the server's proof is wrong")
    }
  }
}

extension RequestMessage {
  static func vend(_ product: ProductID, count: UInt32 = 1, id: RequestID = newID()) -> RequestMessage {
    .vend(Vend(id: id, line: Line(product: product, count: count)))
  }
}
