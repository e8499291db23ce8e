import NIOCore
import PinBytes
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
final class Connection {
  /// Answers are written out when so many bytes of them have gathered; while the client does not read them, no more are
  /// encoded.
  static let outgoingByteLimit = 64 << 10

  /// Room for answers that an idle connection keeps.
  static let keptByteCount = 1024

  let loop: ServingLoop
  /// Its place in the loop's list: free for another only when nobody can name it any more.
  let index: Int
  /// What it is called in logs.
  let name: String
  /// How the server was told to be reached: what proofs are bound to, zero in clear.
  let channelBinding: Bytes32
  let isSecured: Bool
  /// Nil when it is closed.
  private(set) var socket: ClientSocket?

  var session = SessionState.awaitingHello
  /// What hello said, until it is proved.
  var claim: (name: String, method: AuthenticationMethod)?
  /// Who it turned out to be.
  var actor: SessionActor?

  /// Bytes that came and could not be taken yet.
  var incoming = ByteQueue()

  var slots = RequestSlots()
  /// Answers whose turn has not come, by their slot's number.
  var early: [UInt32: ReadyAnswer] = [:]
  /// How many answers are on their way to this connection; it keeps its index until they have come.
  var awaitedCount = 0
  /// Whether a request runs that later ones wait for.
  var runsAside = false
  var aside: Task<Void, Never>?
  /// The answer to a failed proof, until it is time.
  var heldBack: PollTimer?

  var outgoing = ByteQueue()
  /// Whether it is on the loop's list of those to be settled.
  var isTouched = false
  /// Whether it closes as soon as everything is answered.
  var closesWhenAnswered = false
  /// Since when it only waits for the client to close.
  var closingSince: NIODeadline?
  /// What has come since its session was over, all of it unread.
  var discardedByteCount = 0
  let openedAt = NIODeadline.now()
  var lastHeard = NIODeadline.now()

  init(loop: ServingLoop, index: Int, name: String, descriptor: CInt, transport: TransportContext?) {
    self.loop = loop
    self.index = index
    self.name = name
    channelBinding = transport?.channelBinding ?? .zero
    isSecured = transport != nil
    socket = ClientSocket(descriptor, transport, on: loop, of: self)
  }

  var isOpen: Bool { socket != nil }
  /// Whether it has yet to say who it is.
  var isStranger: Bool { isOpen && actor == nil }
  /// Whether the client has taken all that was written out.
  var isWritable: Bool { socket?.isWritable ?? false }

  /// Begins to serve the client.
  func open() {
    do throws(SystemFault) { try socket?.open() } catch { failed("\(error)") }
  }

  // MARK: What the socket tells

  /// There is room again for what could not be written out.
  func hasRoom() {
    lastHeard = .now()
    loop.touch(self)
  }

  /// The client has closed the connection.
  func lost() { forget() }

  func failed(_ reason: String) {
    loop.logger.debug("connection failed", metadata: ["connection": "\(name)", "error": "\(reason)"])
    forget()
  }

  // MARK: Ending

  /// Writes nothing more and closes once the client has had what was written: a close that cuts its last answer off
  /// would leave it in the dark.
  func closeGently() {
    guard closingSince == nil, let socket else { return }
    closingSince = .now()
    _ = session.failed(.malformedFrame)
    incoming = ByteQueue()
    socket.finishSending()
  }

  /// Closes as soon as all that was taken is answered, and takes nothing more.
  func closeWhenAnswered() {
    closesWhenAnswered = true
    loop.touch(self)
  }

  /// Closes at once.
  func closeNow() { forget() }

  private func forget() {
    guard let socket else { return }
    self.socket = nil
    socket.close()
    aside?.cancel()
    heldBack?.cancel()
    early.removeAll()
    incoming = ByteQueue()
    outgoing = ByteQueue()
    loop.closed(self)
  }
}
