import LMDB
import PinBytes
import PinStore
import PinWords

/// Passwords and tokens: who has which. What they are checked against is in documents.
///
///     credential   0 id  16 actor u32  20 kind  21 is ended  22 zero u16  24 made at u64  32 ends at u64
///                  40 document: id (16), digest (32)  88 name, text
extension Machine {
  /// The most tokens of one actor that were not ended.
  static let mostTokens = 32

  mutating func decideChangeCredential(
    _ change: CredentialChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let field = change.invalidField { return Reply(.refused(.invalid(field))) }
    let fields = change.fields
    if let reply = try knownChange(change.id, .changeCredential, fields, asker, state) { return reply }
    var credential: Credential
    var replaced: Credential?
    switch change.act {
    case .setPassword(let owner, let document):
      credential = Credential(id: change.id, actor: owner, kind: .password, madeAtMilliseconds: now, document: document)
      replaced = credentials.password(of: owner)
    case .addToken(let owner, let name, let endsAt, let document):
      credential = Credential(
        id: change.id, actor: owner, kind: .token, madeAtMilliseconds: now, endsAtMilliseconds: endsAt,
        document: document, name: name)
    case .end(let id):
      guard let found = credentials[id] else { return Reply(.orderRefused(.unknownCredential)) }
      credential = found
      credential.isEnded = true
      replaced = found
    }
    guard let owner = actor(credential.actor) else { return Reply(.refused(.unknownActor)) }
    guard mayChange(credential, of: owner, asker) else { return Reply(.refused(.notPermitted)) }
    if !credential.isEnded, credential.kind == .token {
      guard credential.works(at: now) else { return Reply(.refused(.invalid(.deadline))) }
      let others = credentials.of(owner.id).filter { $0.kind == .token }
      guard !others.contains(where: { $0.name == credential.name }) else { return Reply(.refused(.nameTaken)) }
      guard others.count < Self.mostTokens else {
        return Reply(.orderRefused(.tooManyTokens(limit: UInt32(Self.mostTokens))))
      }
    }
    var result = ByteWriter(capacity: 128)
    credential.write(to: &result)
    if let replaced { result.write(replaced.document.id) }
    Self.beginChange(.credentialChanged, change.id, fields, result: result, by: asker.id, &block)
    return try endChange(.changeCredential, result: result, now, &block, &state)
  }

  /// Everybody changes its own; an administrator those of others. But whoever named the second person's password alone would
  /// be that second person: while changes need one, nobody but itself gives a key custodian a password or a token.
  private func mayChange(_ credential: Credential, of owner: ActorDescription, _ asker: Asker) -> Bool {
    if owner.id == asker.id { return true }
    guard asker.roles.contains(.administrator) else { return false }
    return credential.isEnded || !(counters.approvalRule.isOn && owner.roles.contains(.keyCustodian))
  }

  mutating func applyCredentialChanged(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let credential = trusting(ChangeEvent(event).result) { (reader) throws(ByteShortage) in try Credential(&reader) }
    if credential.isEnded { return try removeCredential(credential.id, &state) }
    if credential.kind == .password, let before = credentials.password(of: credential.actor) {
      try removeCredential(before.id, &state)
    }
    credentials[credential.id] = credential
    changedCredentials.append(credential.id)
    record.removeAll()
    credential.write(to: &record)
    let key = credential.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.credentials)
  }

  mutating func removeCredential(_ id: RequestID, _ state: inout WriteTransaction) throws(LMDBError) {
    credentials[id] = nil
    changedCredentials.append(id)
    let key = id.key
    _ = try state.remove(key.span.bytes, in: tables.credentials)
  }
}

extension CredentialChange {
  /// What is done: the first field's byte.
  enum ActNumber: UInt8 {
    case setPassword = 1
    case addToken = 2
    case end = 3
  }

  var fields: FieldList {
    var fields = FieldList()
    switch act {
    case .setPassword(let owner, let document):
      fields.add(.act, ActNumber.setPassword.rawValue)
      fields.add(.actor, owner.rawValue)
      fields.add(document)
    case .addToken(let owner, let name, let endsAt, let document):
      fields.add(.act, ActNumber.addToken.rawValue)
      fields.add(.actor, owner.rawValue)
      fields.add(.name, name)
      fields.add(.deadline, endsAt)
      fields.add(document)
    case .end(let id):
      fields.add(.act, ActNumber.end.rawValue)
      fields.add(.credential, id)
    }
    return fields
  }

  fileprivate var invalidField: Field? {
    switch act {
    case .setPassword(_, let document): document.isName ? nil : .document
    case .addToken(_, let name, _, let document): name.isShortWord ? (document.isName ? nil : .document) : .name
    case .end(let id): id == .zero ? .credential : nil
    }
  }
}

extension Credential {
  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(actor.rawValue)
    writer.write(kind.rawValue)
    writer.write(UInt8(isEnded ? 1 : 0))
    writer.write(UInt16(0))
    writer.write(madeAtMilliseconds)
    writer.write(endsAtMilliseconds)
    document.write(to: &writer)
    writer.write(shortString: name)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = try reader.readRequestID()
    let actor = ActorID(try reader.read())
    guard let kind = Kind(rawValue: try reader.read()) else { throw ByteShortage() }
    let isEnded = try reader.readFlag()
    try reader.readZeros(2)
    self.init(
      id: id, actor: actor, kind: kind, isEnded: isEnded, madeAtMilliseconds: try reader.read(),
      endsAtMilliseconds: try reader.read(), document: try DocumentName(&reader), name: try reader.readShortString())
  }
}

extension JournalFacts {
  static func readCredentialChanged(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let credential = try Credential(&reader)
    let replaced = try change.replaced(&reader)
    // What is asked and what came of it name the same.
    let isSame =
      try credential.isEnded
      ? change.requestID(.credential) == credential.id
      : change.number(.actor, as: UInt32.self) == credential.actor.rawValue
    guard isSame else { throw ByteShortage() }
    return .credentialChanged(credential, replaces: replaced)
  }

  static func json(_ credential: Credential, replaces: [RequestID]) -> KeyValuePairs<String, OrderedJSON> {
    [
      "owner": .number(credential.actor), "credential": .id(credential.id),
      "credential_kind": .text("\(credential.kind)"),
      "is_ended": .flag(credential.isEnded), "name": .text(credential.name),
      "made": .time(credential.madeAtMilliseconds), "ends": .time(orNone: credential.endsAtMilliseconds),
      "document": credential.document.json, "replaces": .list(replaces.map { .id($0) }),
    ]
  }
}

extension Engine {
  /// Passwords and tokens that were not ended, as of the last synced batch.
  package var credentials: [RequestID: Credential] { context.credentials.withLock { $0.all } }

  package func credential(_ id: RequestID) -> Credential? { context.credentials.withLock { $0[id] } }

  /// An actor's password and tokens.
  package func credentials(of actor: ActorID) -> [Credential] { context.credentials.withLock { $0.of(actor) } }

  /// The actor's password; nil if it has none.
  package func password(of actor: ActorID) -> Credential? { context.credentials.withLock { $0.password(of: actor) } }

  /// Gives an actor a password or a token, what it is checked against being a document that is durable by now; or ends one.
  package func change(_ change: CredentialChange, as actor: ActorID, keyNumber: UInt64) async -> Answered {
    let command = Command.internalCommand(InternalCommand(.changeCredential(change)))
    guard case .end = change.act else { return await perform(command, as: actor, keyNumber: keyNumber) }
    return await performReplacing(command, id: change.id, as: actor, keyNumber: keyNumber)
  }
}
