import Foundation
import PinEngine
import PinWords

/// The order layer's one door: puts the documents where they belong, and leaves every card and every rule to the engine.
///
///     a change → its document, durable → one event of the engine → what the event says
///
/// Each change carries an id of its own: sent again, it finds its document and its event, and is answered the same.
package struct OrderDesk: Sendable {
  package let engine: Engine
  let vault: CardVault
  let passwords: PasswordChecks
  /// Whether there is a gateway that takes payments at once.
  let hasGateway: Bool
  /// Whether marketing mails can say how to get no more, and from where they are.
  let sendsMarketing: Bool

  package init(
    engine: Engine, vault: CardVault, hasGateway: Bool = false, sendsMarketing: Bool = false,
    passwords: PasswordChecks = PasswordChecks()
  ) {
    self.engine = engine
    self.hasGateway = hasGateway
    self.sendsMarketing = sendsMarketing
    self.vault = vault
    self.passwords = passwords
  }

  /// Who asks: the actor, and the key it came with.
  package struct Asker: Sendable {
    package let actor: ActorID
    package let keyNumber: UInt64
    package init(actor: ActorID, keyNumber: UInt64) {
      self.actor = actor
      self.keyNumber = keyNumber
    }
  }

  // MARK: Documents

  static let encoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return encoder
  }()
  static let decoder = JSONDecoder()

  /// Makes a document durable, has a change made that names it, and says what became of that.
  func keeping<Document: Codable & Equatable, Value>(
    _ document: Document, id: RequestID, _ asker: Asker, _ operation: PinWords.Operation,
    _ change: (DocumentName) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    let bytes = try Self.encoder.encode(document)
    return try await keeping(bytes: bytes, id: id, asker, operation) { kept in
      guard (try? Self.decoder.decode(Document.self, from: Data(kept.bytes))) == document else {
        throw OrderFault.refused(.idReused(.document))
      }
      return try await change(kept.name)
    }
  }

  /// What the change replaced is purged, as the engine says.
  func keeping<Value>(
    bytes: Data, id: RequestID, _ asker: Asker, _ operation: PinWords.Operation,
    _ change: (KeptDocument) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    guard asker.actor == .store || engine.allows(asker.actor, operation) else {
      throw OrderFault.refused(.notPermitted)
    }
    guard id != .zero else { throw OrderFault.refused(.invalid(.id)) }
    let kept: KeptDocument
    switch await engine.keep([UInt8](bytes), id: id) {
    case .failure(let refusal): throw OrderFault.refused(refusal)
    case .success(let document): kept = document
    }
    do {
      let done = try await change(kept)
      engine.settle(id, as: done.isRepeat ? .wasNamed(replacing: done.replaces) : .isNamed(replacing: done.replaces))
      return done
    } catch OrderFault.refused(.stopping) {
      engine.settle(id, as: .unknown)
      throw OrderFault.refused(.stopping)
    } catch OrderFault.refused(.idReused(.document)) where kept.isNew {
      // The change was done before, and its document replaced since.
      engine.settle(id, as: .cameToNothing)
      throw OrderFault.purged
    } catch {
      engine.settle(id, as: .cameToNothing)
      throw error
    }
  }

  func read<Document: Decodable>(_ type: Document.Type, _ name: DocumentName) throws -> Document? {
    try engine.document(name).map { try Self.decoder.decode(type, from: Data($0)) }
  }

  // MARK: Asking

  /// What an event did, and whether it had been done before.
  package struct Done<Value: Sendable>: Sendable {
    package let value: Value
    package let isRepeat: Bool
    package let sequence: UInt64
    /// The documents that it replaced.
    let replaces: [RequestID]
  }

  func ask<Value>(
    _ command: OrderCommand, _ asker: Asker, _ read: (Outcome) -> Value?
  ) async throws(OrderFault) -> Done<Value> {
    try await ask(.orders(command), asker, read)
  }

  func ask<Value>(
    _ command: Command, _ asker: Asker, _ read: (Outcome) -> Value?
  ) async throws(OrderFault) -> Done<Value> {
    try self.read(await engine.perform(command, as: asker.actor, keyNumber: asker.keyNumber), read)
  }

  func read<Value>(_ answered: Answered, _ read: (Outcome) -> Value?) throws(OrderFault) -> Done<Value> {
    switch answered.outcome {
    case .refused(let refusal): throw .refused(refusal)
    case .orderRefused(let refusal): throw .orderRefused(refusal)
    case let outcome:
      guard let value = read(outcome) else { preconditionFailure("a question was answered with something else") }
      return Done(
        value: value, isRepeat: answered.isRepeat, sequence: answered.sequence, replaces: answered.replaces)
    }
  }
}

/// Why the order layer did not do something: nothing was changed.
package enum OrderFault: Error {
  case refused(Refusal)
  case orderRefused(OrderRefusal)
  /// A part of what was sent cannot be so: its name.
  case invalid(String)
  /// The payment card was expired when it was brought.
  case expiredCard
  /// The document that it needs was purged.
  case purged
}

extension RequestID {
  /// Of a change that the store makes by itself.
  static func new() -> RequestID {
    var generator = SystemRandomNumberGenerator()
    return .generate(atMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
  }
}
