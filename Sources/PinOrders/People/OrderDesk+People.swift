import Foundation
import PinEngine
import PinSealing
import PinWords

/// People: actors who prove themselves by a password, and the tokens that actors give to programs.
///
/// A person is an actor like any other, with the same name, roles and limits; what is done is done under that name.
extension OrderDesk {
  /// Sets an actor's password; the one before it and its hash are gone.
  package func setPassword(
    _ password: Password, of owner: ActorID, id: RequestID, _ asker: Asker
  ) async throws -> Done<Credential> {
    guard password.isLongEnough else { throw OrderFault.invalid("password") }
    guard let hash = await passwords.hash(password) else {
      throw OrderFault.refused(.busy(retryAfterMilliseconds: 1000))
    }
    let document = try Self.encoder.encode(CredentialDocument(hash))
    return try await keeping(bytes: document, id: id, asker, .changeCredential) { kept in
      if !kept.isNew { try await confirm(password, is: kept) }
      return try await change(CredentialChange(id: id, act: .setPassword(of: owner, kept.name)), asker)
    }
  }

  /// The same change again has another salt, and must be of the same password.
  private func confirm(_ password: Password, is kept: KeptDocument) async throws(OrderFault) {
    guard let there = try? Self.decoder.decode(CredentialDocument.self, from: Data(kept.bytes)),
      let hash = there.passwordHash
    else { throw .refused(.idReused(.document)) }
    guard let isSame = await passwords.check(password, hash) else {
      throw .refused(.busy(retryAfterMilliseconds: 1000))
    }
    guard isSame else { throw .refused(.idReused(.document)) }
  }

  /// Makes a token, and hands it back this once; nil when the change had been done before.
  package func addToken(
    name: String, endsAtMilliseconds: UInt64, of owner: ActorID, id: RequestID, _ asker: Asker
  ) async throws -> (done: Done<Credential>, token: String?) {
    let secret = randomBytes(count: 32)
    let document = try Self.encoder.encode(CredentialDocument(token: secret))
    var isTold = false
    let done = try await keeping(bytes: document, id: id, asker, .changeCredential) { kept in
      let add = CredentialChange.Act.addToken(of: owner, name: name, endsAtMilliseconds: endsAtMilliseconds, kept.name)
      let done = try await change(CredentialChange(id: id, act: add), asker)
      isTold = !done.isRepeat && kept.isNew
      return done
    }
    return (done, isTold ? "\(Self.tokenPrefix)\(id)_\(String(hexadecimal: secret.span.bytes))" : nil)
  }

  /// Ends a password or a token; what it was checked against is gone.
  package func endCredential(
    _ credential: RequestID, id: RequestID, _ asker: Asker
  ) async throws -> Done<Credential> {
    try await change(CredentialChange(id: id, act: .end(credential)), asker)
  }

  private func change(_ change: CredentialChange, _ asker: Asker) async throws(OrderFault) -> Done<Credential> {
    let answered = await engine.change(change, as: asker.actor, keyNumber: asker.keyNumber)
    return try read(answered) { if case .credential(let credential) = $0 { credential } else { nil } }
  }

  // MARK: Proving

  /// The password that this is, of an actor who is let in; nil if it is none. Takes as long for names that nobody has.
  package func credential(named name: String, password: Password) async throws -> Credential? {
    let actor = engine.catalogue.actor(named: name)?.description
    let credential = actor.flatMap { $0.isRevoked ? nil : engine.password(of: $0.id) }
    let document = try credential.flatMap { try read(CredentialDocument.self, $0.document) }
    guard let isRight = await passwords.check(password, document?.passwordHash) else {
      throw OrderFault.refused(.busy(retryAfterMilliseconds: 1000))
    }
    return isRight ? credential : nil
  }

  /// What each token begins with, so that one that lies about is known for what it is.
  package static let tokenPrefix = "pvt_"

  /// The token that this is, while it works; nil if it is none.
  package func credential(token: String) throws -> Credential? {
    let parts = token.dropFirst(Self.tokenPrefix.count).split(separator: "_", omittingEmptySubsequences: false)
    guard token.hasPrefix(Self.tokenPrefix), parts.count == 2, let id = RequestID(String(parts[0])),
      let secret = [UInt8](hexadecimal: String(parts[1])), let credential = engine.credential(id),
      credential.kind == .token, credential.works(at: nowMilliseconds),
      let document = try read(CredentialDocument.self, credential.document), document.matches(token: secret)
    else { return nil }
    return credential
  }

  /// The store's time, milliseconds since 1970 UTC.
  package var nowMilliseconds: UInt64 {
    max(UInt64(Date().timeIntervalSince1970 * 1000), engine.head.timeMilliseconds)
  }
}
