import NIOCore
import NIOSSL
import PinBytes
import PinProtocol
import PinSealing
import PinWords

/// The last handler of one connection: cuts what comes in into frames, and opens the session that calls are sent in.
final class SessionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private static let handshakeRequestNumber: UInt32 = 0

  private let configuration: PinClient.Configuration
  private var session = SessionState.awaitingHello
  /// Who is told; nil before `start` and after the end.
  private var core: LinkCore?
  private var context: ChannelHandlerContext?
  private var received: ByteBuffer?
  private var helloFrame: [UInt8] = []
  private var greeting: (answer: HelloAnswer, transcript: AuthenticationTranscript)?
  /// The usual ones until the server has proved itself: what a stranger announces does not make room for its frames.
  private var limits = Limits()
  /// Whether both sides have proved themselves.
  private var isProven = false
  private var handshakeTimer = Timer()

  init(_ configuration: PinClient.Configuration) { self.configuration = configuration }

  // MARK: For the owner

  var isWritable: Bool { core != nil && context?.channel.isWritable ?? false }

  /// Says hello, and from now on tells `core` what happens.
  func start(for core: LinkCore) {
    guard let context, context.channel.isActive else { return core.lost(.endedByServer) }
    self.core = core
    let limit = NIODeadline.now().uptimeNanoseconds.saturatingAdd(configuration.connectTimeLimit.nanoseconds)
    handshakeTimer.set(noLaterThan: limit, on: context.eventLoop) { self.end(.silent) }
    sayHello()
  }

  /// Sends whole frames.
  func send(_ frames: ByteBuffer) {
    context?.writeAndFlush(NIOAny(frames), promise: nil)
  }

  /// Closes the connection, and tells the owner that it is lost.
  func end(_ reason: Disconnection, fatal: ClientError? = nil) {
    handshakeTimer.cancel()
    let core = core
    self.core = nil
    received = nil
    context?.close(promise: nil)
    core?.lost(reason, fatal: fatal)
  }

  func whenClosed(_ done: @escaping @Sendable () -> Void) {
    guard let context else { return done() }
    context.channel.closeFuture.whenComplete { _ in done() }
  }

  // MARK: For the channel

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
  func channelInactive(context: ChannelHandlerContext) { end(.endedByServer) }
  func channelWritabilityChanged(context: ChannelHandlerContext) { core?.pump() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let isTLS = error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
    end(isTLS && session.phase != .open ? .tls(describe(error)) : .lost(describe(error)))
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard core != nil else { return }
    var incoming = unwrapInboundIn(data)
    if var kept = received.take() {
      kept.writeBuffer(&incoming)
      incoming = kept
    }
    readFrames(from: &incoming)
    if incoming.readableBytes > 0, core != nil { received = incoming }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if session.phase == .open { core?.answersEnded() }
  }

  private func readFrames(from buffer: inout ByteBuffer) {
    do throws(ProtocolFault) {
      while core != nil, try readFrame(from: &buffer) {}
    } catch {
      // In an open session the fault was its own request's; the others go on over the next connection.
      end(.fault(error), fatal: isProven ? nil : .protocolFault(error))
    }
  }

  /// Takes one frame out of the buffer; gives back whether there was a whole one.
  private func readFrame(from buffer: inout ByteBuffer) throws(ProtocolFault) -> Bool {
    guard buffer.readableBytes >= FrameHeader.byteCount else { return false }
    let header = try FrameHeader(answerIn: buffer.readableBytesSpan, limit: limits.frameBytes)
    let byteCount = Int(header.length)
    guard buffer.readableBytes >= byteCount else { return false }
    try take(header, frame: buffer.readableBytesSpan.extracting(0..<byteCount))
    buffer.moveReaderIndex(forwardBy: byteCount)
    return true
  }

  // MARK: The session

  /// A whole frame came; throws if the connection is of no use any more.
  private func take(_ header: FrameHeader, frame: RawSpan) throws(ProtocolFault) {
    let body = frame.extracting(FrameHeader.byteCount..<frame.byteCount)
    guard session.phase == .open else {
      guard header.requestNumber == Self.handshakeRequestNumber else { throw .malformedFrame }
      return try continueHandshake(try AnswerMessage.decode(header, body: body), frame: frame)
    }
    let answer: Result<AnswerMessage, ProtocolFault>
    do throws(ProtocolFault) { answer = .success(try .decode(header, body: body)) } catch { answer = .failure(error) }
    if let fault = core?.answered(header, answer) { throw fault }
    if case .close(let fault) = session.answered(header.status) { throw fault }
  }

  private func continueHandshake(_ message: AnswerMessage, frame: RawSpan) throws(ProtocolFault) {
    switch message.outcome {
    case .done(.hello(let answer)) where session.phase == .awaitingHello:
      try helloAnswered(answer, frame: frame)
    case .done(.authenticate(let answer)) where session.phase == .awaitingProof:
      proofAnswered(answer)
    case .done:
      throw .malformedFrame
    case .refused(let refusal):
      end(.turnedAway(refusal), fatal: refusal.isForNow ? nil : .refused(refusal))
    case .fault(.authenticationFailed):
      end(.fault(.authenticationFailed), fatal: .authenticationFailed(.refused))
    case .fault(let fault):
      throw fault
    }
  }

  private func sayHello() {
    var generator = SystemRandomNumberGenerator()
    let method: AuthenticationMethod = if case .key = configuration.credential { .key } else { .certificate }
    let hello = Hello(method: method, actorName: configuration.actorName, nonce: Bytes32.random(using: &generator))
    sendHandshake(.hello(hello))
  }

  private func helloAnswered(_ answer: HelloAnswer, frame: RawSpan) throws(ProtocolFault) {
    let digest = SHA256Hasher.sha256(
      of: AuthenticationTranscript.helloBytes(request: helloFrame.span.bytes, answer: frame).span.bytes)
    let transcript = AuthenticationTranscript(
      helloDigest: digest.bytes32, channelBinding: try channelBinding())
    greeting = (answer, transcript)
    guard case .sendProof(let signed) = session.helloAnswered(transcript) else { throw .malformedFrame }
    sendHandshake(.authenticate(Authenticate(proof: configuration.credential.proof(of: signed, by: .client))))
  }

  private func proofAnswered(_ answer: AuthenticateAnswer) {
    guard let (hello, transcript) = greeting else { preconditionFailure("a proof is awaited after hello") }
    let isServersOwn = answer.proof == configuration.credential.proof(of: transcript, by: .server)
    guard case .start = session.proofAnswered(isServersOwn: isServersOwn) else {
      return end(.fault(.authenticationFailed), fatal: .authenticationFailed(.serverNotProven))
    }
    handshakeTimer.cancel()
    isProven = true
    limits = hello.limits
    helloFrame = []
    greeting = nil
    core?.opened(
      self,
      ServerDescription(
        server: hello.server, storeID: hello.storeID, limits: hello.limits, actor: answer.actor, roles: answer.roles))
  }

  private func sendHandshake(_ message: RequestMessage) {
    var writer = ByteWriter(capacity: 128)
    do throws(ProtocolFault) {
      try message.encode(requestNumber: Self.handshakeRequestNumber, into: &writer)
      if case .hello = message { helloFrame = Array(writer.bytes) }
      send(ByteBuffer(copying: writer.bytes))
    } catch {
      end(.fault(error), fatal: ClientError(unsendable: error))
    }
  }

  /// SHA-256 of the server's own certificate under TLS, which ties the proofs to this channel; zero in clear.
  private func channelBinding() throws(ProtocolFault) -> Bytes32 {
    guard configuration.usesTLS else { return .zero }
    let certificate = try? context?.pipeline.syncOperations.nioSSL_peerCertificate()
    guard let bytes = try? certificate?.toDERBytes() else { throw .authenticationFailed }
    return SHA256Hasher.sha256(of: bytes.span.bytes).bytes32
  }
}

extension ByteBuffer {
  init(copying bytes: RawSpan) {
    self = ByteBufferAllocator().buffer(capacity: bytes.byteCount)
    writeBytes(bytes)
  }
}

extension PinClient.Credential {
  /// What this side must send as its proof; zero where a certificate was it.
  fileprivate func proof(of transcript: AuthenticationTranscript, by side: AuthenticationTranscript.Side) -> Bytes32 {
    switch self {
    case .key(let key): hmacSHA256(under: key.secret, transcript.bytes(signedBy: side)).bytes32
    case .certificate: .zero
    }
  }
}

extension Digest256 {
  fileprivate var bytes32: Bytes32 {
    guard let bytes = Bytes32(bytes) else { preconditionFailure("a digest has 32 bytes") }
    return bytes
  }
}

extension Refusal {
  /// Whether a server that says this at hello may take the client a little later.
  fileprivate var isForNow: Bool { parts.status.disposition == .retry }
}
