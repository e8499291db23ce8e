import NIOCore
import NIOPosix
import NIOSSL
import PinBytes
import PinProtocol
import PinSealing
import PinWords
import Synchronization

/// A server that does what a test tells it to, over a real socket: one visit after another, one step for each request.
final class ScriptedServer: Sendable {
  /// How a connection begins.
  enum Handshake: Sendable {
    case honest
    /// The actor is not taken.
    case refused
    /// The server does not have the actor's key.
    case unproven
    /// Nothing is answered.
    case silent
    /// Hello is refused for now.
    case turnedAway
  }

  /// What to do with the next request.
  enum Step: Sendable {
    /// Answer as `respond` says.
    case respond
    case answer(AnswerMessage.Outcome)
    /// Close without an answer.
    case cut
    /// Send so many bytes of the right answer, then close.
    case cutAfter(byteCount: Int)
    /// Never answer, and keep the connection open.
    case ignore
    /// Send the right answer once `release` is called.
    case hold
    /// Answer under another request number.
    case wrongNumber
    /// Close the sending side without an answer.
    case halfClose
    /// Answer with a body that ends too soon.
    case shortBody
  }

  /// One connection: how it begins, and what comes of each of its requests; `respond` after the last step.
  struct Visit: Sendable {
    var handshake = Handshake.honest
    var steps: [Step] = []
    var storeID = RequestID(high: 1, low: 1)
    /// What the server says its certificate's digest is, if not the truth.
    var channelBinding: Bytes32?
  }

  struct Received: Sendable {
    var visit: Int
    var frame: [UInt8]
    var message: RequestMessage
  }

  typealias Respond = @Sendable (RequestMessage) -> AnswerMessage.Outcome

  fileprivate struct Log {
    var visits = 0
    var ended = 0
    var received: [Received] = []
    var held: [@Sendable () -> Void] = []
    var waiters: [(condition: @Sendable (Log) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
  }

  let script: [Visit]
  let limits: Limits
  let key: SecretKey
  let respond: Respond
  private let log = Mutex(Log())
  private let listener: any Channel
  var port: UInt16 { UInt16(listener.localAddress?.port ?? 0) }

  /// Listens on a free port of 127.0.0.1; connections after the script's last are honest and answer everything.
  init(
    _ script: [Visit] = [], key: SecretKey = testKey, limits: Limits = Limits(), tls: TLSConfiguration? = nil,
    respond: @escaping Respond = usualOutcome
  ) async throws {
    self.script = script
    self.limits = limits
    self.key = key
    self.respond = respond
    let context = try tls.map { try NIOSSLContext(configuration: $0) }
    let place = Place()
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let server = place.server.withLock({ $0 }) else { return }
          if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
          try channel.pipeline.syncOperations.addHandler(VisitHandler(server, visit: server.beginVisit()))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    place.server.withLock { $0 = self }
  }

  private final class Place: Sendable {
    let server = Mutex<ScriptedServer?>(nil)
  }

  func close() async throws { try await listener.close() }

  // MARK: What happened

  var received: [Received] { log.withLock { $0.received } }
  var visitCount: Int { log.withLock { $0.visits } }

  /// Waits until so many requests have come, over all connections.
  func receives(_ count: Int) async { await wait { $0.received.count >= count } }
  func endsVisits(_ count: Int) async { await wait { $0.ended >= count } }

  /// Sends the answers that are held.
  func release() {
    let held = log.withLock { log in
      defer { log.held = [] }
      return log.held
    }
    for send in held { send() }
  }

  private func wait(until condition: @escaping @Sendable (Log) -> Bool) async {
    await withCheckedContinuation { continuation in
      change { $0.waiters.append((condition, continuation)) }
    }
  }

  private func change(_ body: (inout Log) -> Void) {
    let ready = log.withLock { log in
      body(&log)
      let waiters = log.waiters
      log.waiters = waiters.filter { !$0.condition(log) }
      return waiters.filter { $0.condition(log) }
    }
    for waiter in ready { waiter.continuation.resume() }
  }

  private func beginVisit() -> Int {
    log.withLock { log in
      log.visits += 1
      return log.visits - 1
    }
  }

  fileprivate func note(_ received: Received) { change { $0.received.append(received) } }
  fileprivate func noteEnd() { change { $0.ended += 1 } }
  fileprivate func hold(_ send: @escaping @Sendable () -> Void) { change { $0.held.append(send) } }
}

/// One connection of the scripted server.
private final class VisitHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let server: ScriptedServer
  private let number: Int
  private let visit: ScriptedServer.Visit
  private var steps: ArraySlice<ScriptedServer.Step>
  private var session = SessionState.awaitingHello
  private var received = ByteBuffer()
  private var sequence: UInt64 = 0

  init(_ server: ScriptedServer, visit number: Int) {
    self.server = server
    self.number = number
    visit = number < server.script.count ? server.script[number] : ScriptedServer.Visit()
    steps = visit.steps[...]
  }

  func channelInactive(context: ChannelHandlerContext) { server.noteEnd() }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var incoming = unwrapInboundIn(data)
    received.writeBuffer(&incoming)
    while context.channel.isActive, received.readableBytes >= FrameHeader.byteCount {
      guard let header = try? FrameHeader(requestIn: received.readableBytesSpan, limit: server.limits.frameBytes) else {
        return context.close(promise: nil)
      }
      guard let frame = received.readBytes(length: Int(header.length)) else { return }
      take(header, frame, context)
    }
  }

  private func take(_ header: FrameHeader, _ frame: [UInt8], _ context: ChannelHandlerContext) {
    let body = frame.span.bytes.extracting(FrameHeader.byteCount..<frame.count)
    guard let operation = try? header.operation(),
      let message = try? RequestMessage.decode(operation, body: body, limits: server.limits)
    else { return context.close(promise: nil) }
    switch session.received(operation) {
    case .greet: greet(header, frame, context)
    case .checkProof(let transcript): check(message, header, transcript, context)
    case .serve: serve(header, frame, message, context)
    case .refuse, .drop: context.close(promise: nil)
    }
  }

  private func greet(_ header: FrameHeader, _ frame: [UInt8], _ context: ChannelHandlerContext) {
    var generator = SystemRandomNumberGenerator()
    switch visit.handshake {
    case .silent: return
    case .turnedAway: return send(encode(.refused(.busy(retryAfterMilliseconds: 1)), header), context, thenClose: true)
    case .honest, .refused, .unproven: break
    }
    let answer = encode(
      .done(
        .hello(
          HelloAnswer(
            storeID: visit.storeID, nonce: .random(using: &generator), limits: server.limits, server: "scripted"))),
      header)
    let digest = SHA256Hasher.sha256(
      of: AuthenticationTranscript.helloBytes(request: frame.span.bytes, answer: answer.span.bytes).span.bytes)
    session.greeted(
      AuthenticationTranscript(
        helloDigest: Bytes32(digest.bytes) ?? .zero, channelBinding: visit.channelBinding ?? ownBinding(context)))
    send(answer, context)
  }

  private func check(
    _ message: RequestMessage, _ header: FrameHeader, _ transcript: AuthenticationTranscript,
    _ context: ChannelHandlerContext
  ) {
    guard case .authenticate(let authenticate) = message else { return }
    func proof(_ side: AuthenticationTranscript.Side) -> Bytes32 {
      Bytes32(hmacSHA256(under: server.key, transcript.bytes(signedBy: side)).bytes) ?? .zero
    }
    // A server that is not the real one takes any proof.
    let isTaken =
      switch visit.handshake {
      case .refused: false
      case .unproven: true
      default: authenticate.proof == proof(.client) || visit.channelBinding != nil || authenticate.proof == .zero
      }
    guard isTaken else { return send(encode(.fault(.authenticationFailed), header), context, thenClose: true) }
    session.proved()
    let own = authenticate.proof == .zero ? .zero : visit.handshake == .unproven ? proof(.client) : proof(.server)
    send(
      encode(.done(.authenticate(AuthenticateAnswer(proof: own, actor: ActorID(7), roles: .terminal))), header), context
    )
  }

  private func serve(
    _ header: FrameHeader, _ frame: [UInt8], _ message: RequestMessage, _ context: ChannelHandlerContext
  ) {
    let step = steps.popFirst() ?? .respond
    let right = { self.encode(self.server.respond(message), header) }
    if case .hold = step {
      let answer = right()
      let channel = context.channel
      server.hold { channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil) }
    }
    // Before it is answered, so that whoever has the answer finds the request in the log.
    server.note(ScriptedServer.Received(visit: number, frame: frame, message: message))
    switch step {
    case .respond: send(right(), context)
    case .answer(let outcome): send(encode(outcome, header), context)
    case .cut: context.close(promise: nil)
    case .cutAfter(let byteCount): send(Array(right().prefix(byteCount)), context, thenClose: true)
    case .ignore, .hold: break
    case .wrongNumber:
      var other = header
      other.requestNumber &+= 1
      send(encode(server.respond(message), other), context)
    case .halfClose: context.close(mode: .output, promise: nil)
    case .shortBody: send(shortened(right()), context)
    }
  }

  /// The answer without its last byte, in a frame that says so.
  private func shortened(_ answer: [UInt8]) -> [UInt8] {
    var short = Array(answer.dropLast())
    let length = UInt32(short.count)
    for index in 0..<4 { short[index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index)) }
    return short
  }

  private func encode(_ outcome: AnswerMessage.Outcome, _ header: FrameHeader) -> [UInt8] {
    sequence += 1
    var writer = ByteWriter()
    let message = AnswerMessage(sequence: sequence, timeMilliseconds: 1_000, outcome: outcome)
    do throws(ProtocolFault) {
      try message.encode(
        operationNumber: header.operationNumber, requestNumber: header.requestNumber, into: &writer)
    } catch {
      preconditionFailure("a test's answer fits a frame")
    }
    return Array(writer.bytes)
  }

  private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext, thenClose: Bool = false) {
    context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
    if thenClose { context.close(promise: nil) }
  }

  private func ownBinding(_ context: ChannelHandlerContext) -> Bytes32 {
    guard (try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil,
      let certificate = try? NIOSSLCertificate(bytes: Array(TestCertificates.server.utf8), format: .pem),
      let bytes = try? certificate.toDERBytes()
    else { return .zero }
    return Bytes32(SHA256Hasher.sha256(of: bytes.span.bytes).bytes) ?? .zero
  }
}
