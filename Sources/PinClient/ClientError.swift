import PinProtocol
import PinWords

/// Why a call has no answer. Holds no secret, and neither does its description.
public enum ClientError: Error, Hashable, Sendable {
  /// The server said no: nothing was changed. But `cardDamaged` says that the sale stands: reverse it, or ask again.
  case refused(Refusal)
  /// The change was sent and its answer did not come: it may or may not have been made.
  ///
  /// Ask with `lookUp` by its id, or make the same call with the same id again: both are safe.
  case unknownOutcome(UnsettledChange)
  /// There was no connection, and nothing was changed.
  case notConnected(Disconnection)
  /// One side could not prove itself to the other; nothing was changed.
  case authenticationFailed(AuthenticationFailure)
  /// The time limit passed; nothing was changed.
  case timeLimit(Operation)
  /// The two sides do not understand each other; nothing was changed.
  case protocolFault(ProtocolFault)
  /// The task was cancelled; nothing was changed.
  case cancelled(Operation)
}

/// A change that may have been made.
public struct UnsettledChange: Hashable, Sendable {
  /// What the server knows the change by.
  public enum Key: Hashable, Sendable {
    /// Look it up by this id.
    case id(RequestID)
    /// It belongs to this purchase: commit or abandon it again, or send the chunk again.
    case purchase(PurchaseID)
    /// It is a backup, which carries no id and is not sent twice: look at this path on the server.
    case path(String)
  }

  public var operation: Operation
  public var key: Key
  /// What the server said to the last copy of the request, where that does not tell what became of an earlier one.
  ///
  /// An earlier copy, sent over a connection that broke, may still be on its way: look it up later, or, for a sale that
  /// nobody waits for any more, reverse it, which holds for all copies.
  public var refusal: Refusal?

  public init(operation: Operation, key: Key, refusal: Refusal? = nil) {
    self.operation = operation
    self.key = key
    self.refusal = refusal
  }

  /// The id to look up, or nil if the change does not go by one.
  public var id: RequestID? { if case .id(let id) = key { id } else { nil } }
}

/// Why there is no connection.
public enum Disconnection: Error, Hashable, Sendable {
  /// No connection could be made; the system's own words.
  case unreachable(String)
  /// The TLS handshake failed, or the settings for it are wrong.
  case tls(String)
  /// The connection broke; the system's own words.
  case lost(String)
  /// The server closed the connection.
  case endedByServer
  /// The server has no place for this client now.
  case turnedAway(Refusal)
  /// The server took the connection but not part in the handshake, or stopped answering.
  case silent
  /// What came over the connection was not to be understood.
  case fault(ProtocolFault)
  /// The server serves another store than at first, the one of this id: a backup that lacks the last events was
  /// restored. What was sold after it is not known there. Tell the operator; a new client goes on with that store.
  case otherStore(RequestID)
  /// The client was closed by its owner.
  case closed
}

/// Which side did not prove itself.
public enum AuthenticationFailure: Hashable, Sendable {
  /// The server does not take this actor: its name or key is wrong, or it was revoked.
  case refused
  /// The server did not prove that it has the actor's key: it may be an impostor. Nothing was sent to it.
  case serverNotProven
  /// A certificate is the proof, but TLS is off.
  case certificateWithoutTLS
}

extension ClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let refusal): "refused: \(refusal)"
    case .unknownOutcome(let change): "\(change)"
    case .notConnected(let disconnection): "not connected: \(disconnection)"
    case .authenticationFailed(let failure): "authentication failed: \(failure)"
    case .timeLimit(let operation): "\(operation.name): no answer within the time limit"
    case .protocolFault(let fault): "the server and this client do not understand each other: \(fault)"
    case .cancelled(let operation): "\(operation.name): cancelled"
    }
  }
}

extension UnsettledChange: CustomStringConvertible {
  public var description: String {
    let way =
      switch key {
      case .id(let id): "look up \(id), or send it again with this id"
      case .purchase(let purchase): "send it again for purchase \(purchase)"
      case .path(let path): "look at \(path) on the server"
      }
    let last = if let refusal { "the last copy was refused (\(refusal)), but" } else { "" }
    return "\(operation.name): an answer did not come;\(last) it may have been made; \(way)"
  }
}

extension Disconnection: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let reason): "the server cannot be reached (\(reason))"
    case .tls(let reason): "TLS failed (\(reason))"
    case .lost(let reason): "the connection broke (\(reason))"
    case .endedByServer: "the server closed the connection"
    case .turnedAway(let refusal): "the server takes nobody now (\(refusal))"
    case .silent: "the server is silent"
    case .fault(let fault): "what the server sent is not to be understood (\(fault))"
    case .otherStore(let id):
      "the server has another store than before (\(id)): it was restored, and does not know what was sold last"
    case .closed: "the client was closed"
    }
  }
}

extension AuthenticationFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused: "the server does not take this actor with this key or certificate"
    case .serverNotProven: "the server did not prove that it has the actor's key; it was told nothing"
    case .certificateWithoutTLS: "a certificate proves nothing without TLS"
    }
  }
}
