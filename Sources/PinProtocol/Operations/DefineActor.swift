import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 actor u32 · 20 roles u16 · 22 revoked u8 · 23 name length u8 · 24 key change u8 · 25 reserved 7
//   32 old key ends at u64 · 40 limits, 44 bytes, and their products · name
// Answer:
//   16 actor u32 · 20 key length u8 (0 or 32) · 21 reserved 3 · 24 key

extension DefineActor: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let actor = try reader.identity(ActorID.self)
    let roles = Roles(rawValue: try reader.integer())
    let isRevoked = try reader.flag()
    let nameLength = try reader.integer(UInt8.self)
    let keyChangeNumber = try reader.integer(UInt8.self)
    try reader.reserved(7)
    guard let keyChange = KeyChange(number: keyChangeNumber, timeMilliseconds: try reader.integer()) else {
      throw .invalid(.key)
    }
    let limits = try ActorLimits(from: &reader)
    let description = ActorDescription(
      id: actor, name: try reader.text(nameLength, .name), roles: roles, isRevoked: isRevoked, limits: limits)
    self.init(id: id, actor: description, keyChange: keyChange)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(actor.id.rawValue)
    writer.write(actor.roles.rawValue)
    writer.write(actor.isRevoked)
    writer.write(actor.name.shortByteCount)
    writer.write(keyChange.number)
    writer.writeZeros(7)
    writer.write(keyChange.timeMilliseconds)
    actor.limits.write(to: &writer)
    writer.write(text: actor.name)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(!actor.roles.isEmpty && Roles.all.isSuperset(of: actor.roles), .roles)
    try checkActorName(actor.name)
    if let field = actor.limits.invalidField { throw .invalid(field) }
  }
}

/// The actor that was added or changed, and its new key if it got one: told once, here, and never again.
public struct DefineActorAnswer: Hashable, Sendable {
  public var actor: ActorID
  public var key: Bytes32?

  public init(actor: ActorID, key: Bytes32? = nil) {
    self.actor = actor
    self.key = key
  }
}

extension DefineActorAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(actor: try reader.identity())
    let keyLength = try reader.integer(UInt8.self)
    try require(keyLength == 0 || keyLength == 32, .frame)
    try reader.reserved(3)
    if keyLength == 32 { key = try reader.bytes32() }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(actor.rawValue)
    writer.write(UInt8(key == nil ? 0 : 32))
    writer.writeZeros(3)
    if let key { writer.write(key) }
  }
}
