import PinBytes
import PinWords

// Request, 4 bytes:
//   0 after actor u32
// Answer: a page of actors, each:
//   0 actor u32 · 4 roles u16 · 6 revoked u8 · 7 name length u8 · 8 old key u8 · 9 reserved 7 · 16 old key ends at u64
//   24 limits, 44 bytes, and their products · name

/// Actors with a greater id than this; 0 for the first.
public struct ActorsQuery: Hashable, Sendable {
  public var after: ActorID
  public init(after: ActorID = ActorID(0)) { self.after = after }
}

extension ActorsQuery: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self.init(after: try reader.identity()) }
  func write(to writer: inout ByteWriter) { writer.write(after.rawValue) }
  func check(_ limits: Limits) throws(ProtocolFault) {}
}

extension ActorDescription: CodedPageRecord {
  public var encodedByteCount: Int { 24 + limits.encodedByteCount + name.utf8.count }

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.identity(ActorID.self)
    let roles = Roles(rawValue: try reader.integer())
    try require(Roles.all.isSuperset(of: roles), .roles)
    let isRevoked = try reader.flag()
    let nameLength = try reader.integer(UInt8.self)
    let hasOldKey = try reader.flag()
    try reader.reserved(7)
    let oldKey = OldKey(endsAtMilliseconds: try reader.integer())
    try require(hasOldKey || oldKey.endsAtMilliseconds == 0, .key)
    let limits = try ActorLimits(from: &reader)
    if let field = limits.invalidField { throw .invalid(field) }
    self.init(
      id: id, name: try reader.text(nameLength, .name), roles: roles, isRevoked: isRevoked, limits: limits,
      oldKey: hasOldKey ? oldKey : nil)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id.rawValue)
    writer.write(roles.rawValue)
    writer.write(isRevoked)
    writer.write(name.shortByteCount)
    writer.write(oldKey != nil)
    writer.writeZeros(7)
    writer.write(oldKey?.endsAtMilliseconds ?? 0)
    limits.write(to: &writer)
    writer.write(text: name)
  }
}
