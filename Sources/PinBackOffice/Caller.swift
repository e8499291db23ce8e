import Foundation
import Hummingbird
import PinEngine
import PinOrders
import PinSealing
import PinWords

/// A request's context: who asks, once that is known.
struct Caller: RequestContext {
  var coreContext: CoreRequestContextStorage
  var asker = OrderDesk.Asker(actor: .store, keyNumber: 0)
  var isKnown = false

  init(source: Source) { coreContext = CoreRequestContextStorage(source: source) }

  /// The longest body, in bytes.
  var maxUploadSize: Int { 256 << 10 }
}

/// Basic authentication (RFC 7617): the actor's name, and as the password what its key makes for this purpose alone.
///
/// So the key itself never travels, and what travels here opens no session on the terminals' port.
struct Authentication: RouterMiddleware {
  let engine: Engine

  func handle(
    _ request: Request, context: Caller, next: (Request, Caller) async throws -> Response
  ) async throws -> Response {
    guard let (name, password) = Self.credentials(request.headers[.authorization]),
      let actor = engine.catalogue.actor(named: name), !actor.description.isRevoked,
      let presented = [UInt8](hexadecimal: password), presented.count == Digest256.byteCount
    else { throw Problem.unauthenticated }
    let proof = Digest256(bytes: presented.span.bytes)
    let keys = [actor.key, actor.oldKey].compactMap { $0 }
    guard let key = keys.first(where: { officePassword(of: $0.secret).constantTimeEquals(proof) }),
      actor.hasKey(key.number, at: engine.head.timeMilliseconds)
    else { throw Problem.unauthenticated }
    var context = context
    context.asker = OrderDesk.Asker(actor: actor.description.id, keyNumber: key.number)
    context.isKnown = true
    return try await next(request, context)
  }

  private static func credentials(_ header: String?) -> (name: String, password: String)? {
    guard let header, header.lowercased().hasPrefix("basic "),
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
