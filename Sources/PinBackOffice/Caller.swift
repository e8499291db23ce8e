import Foundation
import HTTPSeats
import Hummingbird
import NIOCore
import PinEngine
import PinOrders
import PinSealing
import PinWords

/// A request's context: who asks, once that is known, and from where.
struct Caller: RequestContext {
  /// How an actor proved itself.
  enum Means {
    case nothing
    case key
    /// With its token.
    case session(String)
    case token
  }

  var coreContext: CoreRequestContextStorage
  var asker = OrderDesk.Asker(actor: .store, keyNumber: 0)
  var means = Means.nothing
  /// Whoever has one address of IPv6 has a network of them.
  let address: String
  let connection: ObjectIdentifier

  init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
    connection = ObjectIdentifier(source.channel)
    address = Self.network(source.channel.remoteAddress)
  }

  /// The longest body, in bytes.
  var maxUploadSize: Int { 256 << 10 }

  private static func network(_ address: SocketAddress?) -> String {
    guard case .v6(let address) = address else { return address?.ipAddress ?? "" }
    return withUnsafeBytes(of: address.address.sin6_addr) {
      String(hexadecimal: UnsafeRawBufferPointer(rebasing: $0.prefix(8)).bytes)
    }
  }
}

/// Who asks: by a session or a token (RFC 6750), or by the actor's name and what its key makes for this purpose alone as
/// password (RFC 7617), so that the key itself never travels, and what travels here opens no session on the terminals' port.
///
/// Whatever it is, an actor that is revoked is not let in, from the answer to its revocation on.
struct Authentication: RouterMiddleware {
  let desk: OrderDesk
  let sessions: Sessions
  let guesses: Guesses
  let seats: Seats

  func handle(
    _ request: Request, context: Caller, next: (Request, Caller) async throws -> Response
  ) async throws -> Response {
    var context = context
    let header = request.headers[.authorization] ?? ""
    if header.lowercased().hasPrefix("bearer ") {
      try await bear(String(header.dropFirst(7)), &context)
    } else if let (name, password) = Self.credentials(header) {
      try await check(name, password, &context)
    } else {
      throw Problem.unauthenticated
    }
    seats.know(context.connection)
    return try await next(request, context)
  }

  /// Who has a session or a token. It is not guessed, so that there is nothing to hold back.
  private func bear(_ token: String, _ context: inout Caller) async throws {
    if let session = sessions.use(token, at: desk.nowMilliseconds) {
      // It ends with the password that opened it, and that with the person's key.
      guard desk.engine.password(of: session.actor)?.id == session.password else {
        sessions.close(token)
        throw Problem.unauthenticated
      }
      context.asker = OrderDesk.Asker(actor: session.actor, keyNumber: 0)
      context.means = .session(token)
    } else if let credential = try desk.credential(token: token) {
      context.asker = OrderDesk.Asker(actor: credential.actor, keyNumber: 0)
      context.means = .token
    } else {
      throw Problem.unauthenticated
    }
  }

  private func check(_ name: String, _ password: String, _ context: inout Caller) async throws {
    guard let actor = desk.engine.catalogue.actor(named: name), !actor.description.isRevoked,
      let presented = [UInt8](hexadecimal: password), presented.count == Digest256.byteCount,
      let key = Self.key(of: actor, Digest256(bytes: presented.span.bytes)),
      actor.hasKey(key.number, at: desk.engine.head.timeMilliseconds)
    else { throw await guesses.turnAway(name: name, from: context.address, at: desk.nowMilliseconds) }
    context.asker = OrderDesk.Asker(actor: actor.description.id, keyNumber: key.number)
    context.means = .key
  }

  private static func key(of actor: Catalogue.Actor, _ proof: Digest256) -> Catalogue.ActorKey? {
    [actor.key, actor.oldKey].compactMap { $0 }.first { officePassword(of: $0.secret).constantTimeEquals(proof) }
  }

  private static func credentials(_ header: String) -> (name: String, password: String)? {
    guard header.lowercased().hasPrefix("basic "),
      let decoded = Data(base64Encoded: String(header.dropFirst(6))), let text = String(data: decoded, encoding: .utf8),
      let colon = text.lastIndex(of: ":")
    else { return nil }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }
}

/// What an actor's key makes as its password at the back office.
package func officePassword(of key: SecretKey) -> Digest256 {
  hmacSHA256(under: key, Array("pinvault-back-office-password-1".utf8))
}
