import NIOCore
import NIOSSL
import PinEngine
import PinProtocol
import PinWords

/// Whose session it is, and what it stands on.
struct SessionActor {
  let id: ActorID
  /// The key that proved it, which must not end; 0 for a certificate.
  let keyNumber: UInt64
  /// When its certificate ends, milliseconds since 1970 UTC; nil for a key.
  let certificateEndsAtMilliseconds: UInt64?
  /// Nil if it may ask as often as it likes.
  var rate: RequestRate?
}

/// One client's connection: reads its frames, keeps its requests in order, and writes their answers.
///
/// It lives on its event loop's thread alone. What it does is spread over the files beside this one:
///
///     Connection+Frames     bytes in, frames out, and when not to read
///     Connection+Session    hello and authenticate
///     Connection+Requests   what each request becomes
///     Connection+Answers    answers in order, PINs opened into them, bytes out
///     Connection+Asides     requests that are not the writer's
final class Connection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Answers are written out when so many bytes of them have gathered; while the client does not read them, no more are
  /// encoded.
  static let outgoingByteLimit = 64 << 10

  let loop: ServingLoop
  /// Its place in the loop's list: free for another only when nobody can name it any more.
  let index: Int
  /// What it is called in logs.
  let name: String
  /// How the server was told to be reached: what proofs are bound to, zero in clear.
  let channelBinding: Bytes32
  let isSecured: Bool
  var context: ChannelHandlerContext?

  var session = SessionState.awaitingHello
  /// What hello said, until it is proved.
  var claim: (name: String, method: AuthenticationMethod)?
  /// Who it turned out to be.
  var actor: SessionActor?

  /// Bytes that came and could not be taken yet.
  var incoming = ByteBuffer()
  /// Whether the channel asked to read while nothing more could be taken.
  var isReadWithheld = false

  var slots = RequestSlots()
  /// Answers whose turn has not come, by their slot's number.
  var early: [UInt32: ReadyAnswer] = [:]
  /// How many answers are on their way to this connection; it keeps its index until they have come.
  var awaitedCount = 0
  /// Whether a request runs that later ones wait for.
  var runsAside = false
  var aside: Task<Void, Never>?
  /// The answer to a failed proof, until it is time.
  var heldBack: Scheduled<Void>?

  var outgoing = ByteBuffer()
  var isWritable = true
  /// Whether it is on the loop's list of those to be settled.
  var isTouched = false
  /// Whether it closes as soon as everything is answered.
  var closesWhenAnswered = false
  /// Since when it only waits for the client to close.
  var closingSince: NIODeadline?
  let openedAt = NIODeadline.now()
  var lastHeard = NIODeadline.now()

  init(loop: ServingLoop, index: Int, name: String, transport: TransportContext?) {
    self.loop = loop
    self.index = index
    self.name = name
    channelBinding = transport?.channelBinding ?? .zero
    isSecured = transport != nil
  }

  var isOpen: Bool { context != nil }
  /// Whether it has yet to say who it is.
  var isStranger: Bool { isOpen && actor == nil }

  // MARK: What the channel tells

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    isWritable = context.channel.isWritable
    loop.arrived(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) { forget() }

  func channelInactive(context: ChannelHandlerContext) {
    forget()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    take(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) { settle() }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    if isWritable {
      lastHeard = .now()
      loop.touch(self)
    }
    context.fireChannelWritabilityChanged()
  }

  func read(context: ChannelHandlerContext) {
    if mayRead { context.read() } else { isReadWithheld = true }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    loop.logger.debug(
      "connection failed", metadata: ["connection": "\(name)", "error": "\(error)"])
    context.close(promise: nil)
  }

  // MARK: Ending

  /// Writes nothing more and closes once the client has had what was written: a close that cuts its last answer off
  /// would leave it in the dark.
  func closeGently() {
    guard closingSince == nil, let context else { return }
    closingSince = .now()
    _ = session.failed(.malformedFrame)
    incoming = ByteBuffer()
    // TLS has a goodbye of its own, which the client answers: it must be read like all else that still comes.
    context.close(mode: isSecured ? .all : .output, promise: nil)
    if isReadWithheld, isOpen {
      isReadWithheld = false
      context.read()
    }
  }

  /// Closes as soon as all that was taken is answered, and takes nothing more.
  func closeWhenAnswered() {
    closesWhenAnswered = true
    loop.touch(self)
  }

  /// Closes at once, whatever the client does: TLS's goodbye would wait for its answer.
  func closeNow() {
    guard let context else { return }
    let tls = isSecured ? try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) : nil
    (tls ?? context).close(promise: nil)
  }

  private func forget() {
    guard context != nil else { return }
    context = nil
    aside?.cancel()
    heldBack?.cancel()
    early.removeAll()
    incoming = ByteBuffer()
    outgoing = ByteBuffer()
    loop.closed(self)
  }
}
