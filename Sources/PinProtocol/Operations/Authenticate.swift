import PinBytes
import PinWords

// Request:
//   0 proof 32
// Answer:
//   16 proof 32 · 48 actor u32 · 52 roles u16 · 54 reserved 2

/// The client's proof; 32 zero bytes where the certificate is the proof.
public struct Authenticate: Hashable, Sendable {
  public var proof: Bytes32
  public init(proof: Bytes32) { self.proof = proof }
}

extension Authenticate: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self.init(proof: try reader.bytes32()) }
  func write(to writer: inout ByteWriter) { writer.write(proof) }
  func check(_ limits: Limits) throws(ProtocolFault) {}
}

/// The server's proof, and who the client is to it.
public struct AuthenticateAnswer: Hashable, Sendable {
  /// 32 zero bytes where the server's certificate is its proof.
  public var proof: Bytes32
  public var actor: ActorID
  public var roles: Roles

  public init(proof: Bytes32, actor: ActorID, roles: Roles) {
    self.proof = proof
    self.actor = actor
    self.roles = roles
  }
}

extension AuthenticateAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let proof = try reader.bytes32()
    let actor = try reader.identity(ActorID.self)
    let roles = Roles(rawValue: try reader.integer())
    try require(Roles.all.isSuperset(of: roles), .roles)
    try reader.reserved(2)
    self.init(proof: proof, actor: actor, roles: roles)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(proof)
    writer.write(actor.rawValue)
    writer.write(roles.rawValue)
    writer.writeZeros(2)
  }
}
