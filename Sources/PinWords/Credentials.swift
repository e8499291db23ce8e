/// What proves an actor at the back office other than its key: its password, or a token that it gave to a program.
///
/// What it is checked against lies in a document, which goes when it ends: neither the journal nor the state holds a hash.
public struct Credential: Hashable, Sendable {
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// An actor has one at most: a new one ends the one before it.
    case password = 1
    case token = 2
  }

  /// The id of the change that made it.
  public var id: RequestID
  public var actor: ActorID
  public var kind: Kind
  public var isEnded: Bool
  public var madeAtMilliseconds: UInt64
  /// When it ends by itself; 0 for not by itself.
  public var endsAtMilliseconds: UInt64
  public var document: DocumentName
  /// A token's, unlike those of the actor's other tokens; empty for a password.
  public var name: String

  public init(
    id: RequestID, actor: ActorID, kind: Kind, isEnded: Bool = false, madeAtMilliseconds: UInt64,
    endsAtMilliseconds: UInt64 = 0, document: DocumentName, name: String = ""
  ) {
    self.id = id
    self.actor = actor
    self.kind = kind
    self.isEnded = isEnded
    self.madeAtMilliseconds = madeAtMilliseconds
    self.endsAtMilliseconds = endsAtMilliseconds
    self.document = document
    self.name = name
  }

  public func works(at timeMilliseconds: UInt64) -> Bool {
    !isEnded && (endsAtMilliseconds == 0 || timeMilliseconds < endsAtMilliseconds)
  }
}

/// Gives an actor a password or a token, or ends one.
public struct CredentialChange: Sendable {
  public enum Act: Sendable {
    case setPassword(of: ActorID, DocumentName)
    /// The name: 1 to 64 bytes of plain text.
    case addToken(of: ActorID, name: String, endsAtMilliseconds: UInt64, DocumentName)
    case end(RequestID)
  }

  public var id: RequestID
  public var act: Act

  public init(id: RequestID, act: Act) {
    self.id = id
    self.act = act
  }
}
