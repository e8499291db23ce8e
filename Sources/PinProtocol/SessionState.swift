import PinWords

/// Where a session stands: the same states for both ends, moved by what comes in.
///
///     awaitingHello ── hello ──▶ awaitingProof ── authenticate ──▶ open ── any fault, or the end ──▶ closing
///
/// It does no I/O: each move gives back what its owner is to do. Made for one connection, on that connection's thread.
public enum SessionState: ~Copyable, Sendable {
  /// The server has not had a hello; the client has not had its answer.
  case awaitingHello
  /// Hello is answered; the client must prove itself (and then the server).
  case awaitingProof(AuthenticationTranscript)
  /// Both have proved themselves.
  case open
  /// A fault was found: nothing that comes in is looked at any more.
  case closing

  public enum Phase: Sendable, CaseIterable { case awaitingHello, awaitingProof, open, closing }

  /// The state without what it holds.
  public var phase: Phase {
    switch self {
    case .awaitingHello: .awaitingHello
    case .awaitingProof: .awaitingProof
    case .open: .open
    case .closing: .closing
    }
  }
}

// The server's side

extension SessionState {
  /// What a server does with a request whose header is in.
  public enum ServerAction: Hashable, Sendable {
    /// Decode the hello and answer it; then tell `greeted`.
    case greet
    /// Decode the proof and compare it with the one for this transcript; then tell `proved` or `failed`.
    case checkProof(AuthenticationTranscript)
    /// Decode it and answer it.
    case serve
    /// Answer with this fault, and close once that is sent.
    case refuse(ProtocolFault)
    /// The session is over: drop it.
    case drop
  }

  /// A request of this operation came in.
  public mutating func received(_ operation: Operation) -> ServerAction {
    switch consume self {
    case .awaitingHello:
      guard operation == .hello else { break }
      self = .awaitingHello
      return .greet
    case .awaitingProof(let transcript):
      guard operation == .authenticate else { break }
      self = .awaitingProof(transcript)
      return .checkProof(transcript)
    case .open:
      guard operation != .hello, operation != .authenticate else { break }
      self = .open
      return .serve
    case .closing:
      self = .closing
      return .drop
    }
    self = .closing
    return .refuse(.notAuthenticated)
  }

  /// The hello was answered; the transcript is over both frames.
  public mutating func greeted(_ transcript: AuthenticationTranscript) {
    switch consume self {
    case .awaitingHello: self = .awaitingProof(transcript)
    default: self = .closing
    }
  }

  /// The proof was right: answer with the server's own.
  public mutating func proved() {
    switch consume self {
    case .awaitingProof: self = .open
    default: self = .closing
    }
  }

  /// Something that came in was not as it must be, whatever the state.
  ///
  /// Before the session is open every fault ends it; after that only those that `closesConnection`.
  public mutating func failed(_ fault: ProtocolFault) -> ServerAction {
    switch consume self {
    case .open where !fault.closesConnection:
      self = .open
      return .refuse(fault)
    case .closing:
      self = .closing
      return .drop
    default:
      self = .closing
      return .refuse(fault)
    }
  }
}

// The client's side

extension SessionState {
  /// What a client does with an answer.
  public enum ClientAction: Hashable, Sendable {
    /// Sign this transcript as the client, and send authenticate.
    case sendProof(AuthenticationTranscript)
    /// The server is who it should be: send what waits.
    case start
    /// Hand the answer to who asked for it.
    case deliver
    /// Close the connection: the other side is at fault, or said that this one is.
    case close(ProtocolFault)
  }

  /// Hello was answered with `done`; the transcript is over both frames.
  public mutating func helloAnswered(_ transcript: AuthenticationTranscript) -> ClientAction {
    switch consume self {
    case .awaitingHello:
      self = .awaitingProof(transcript)
      return .sendProof(transcript)
    default:
      self = .closing
      return .close(.malformedFrame)
    }
  }

  /// Authenticate was answered with `done`, with a proof that is, or is not, the server's for the transcript.
  public mutating func proofAnswered(isServersOwn: Bool) -> ClientAction {
    switch consume self {
    case .awaitingProof where isServersOwn:
      self = .open
      return .start
    default:
      self = .closing
      return .close(.authenticationFailed)
    }
  }

  /// Any other answer came in.
  public mutating func answered(_ status: Status) -> ClientAction {
    switch consume self {
    case .open where !status.closesConnection:
      self = .open
      return .deliver
    default:
      self = .closing
      return .close(ProtocolFault(closing: status))
    }
  }
}

extension ProtocolFault {
  /// The fault to close with when an answer of this status ends the session.
  fileprivate init(closing status: Status) {
    self = ProtocolFault(status: status, subject: 0, detail: 0) ?? .authenticationFailed
  }
}
