import Foundation
import PinSealing

/// What a password or a token is checked against: a document, which is purged when the credential ends.
enum CredentialDocument: Codable, Equatable {
  /// A password's, with what it was made with.
  case scrypt(n: UInt64, r: UInt64, p: UInt64, salt: String, hash: String)
  /// A token's: it has 256 random bits, and nobody guesses those.
  case sha256(String)

  init(_ hash: PasswordHash) {
    self = .scrypt(
      n: hash.cost.n, r: hash.cost.r, p: hash.cost.p, salt: String(hexadecimal: hash.salt.span.bytes),
      hash: String(hexadecimal: hash.bytes.span.bytes))
  }

  init(token: [UInt8]) { self = .sha256(SHA256Hasher.sha256(of: token.span.bytes).description) }

  var passwordHash: PasswordHash? {
    guard case .scrypt(let n, let r, let p, let salt, let hash) = self, let salt = [UInt8](hexadecimal: salt),
      let hash = [UInt8](hexadecimal: hash)
    else { return nil }
    return PasswordHash(cost: PasswordHash.Cost(n: n, r: r, p: p), salt: salt, bytes: hash)
  }

  func matches(token: [UInt8]) -> Bool {
    guard case .sha256(let hash) = self, let bytes = [UInt8](hexadecimal: hash), bytes.count == Digest256.byteCount
    else { return false }
    return SHA256Hasher.sha256(of: token.span.bytes).constantTimeEquals(Digest256(bytes: bytes.span.bytes))
  }
}

/// A password as somebody chose it. It has no description.
package struct Password: Sendable, CustomStringConvertible, CustomReflectable {
  /// In one form of Unicode, however it was typed (NFKC).
  let bytes: [UInt8]

  package init(_ text: String) { bytes = Array(text.precomposedStringWithCompatibilityMapping.utf8) }

  /// Long enough for a password that is alone: 12 to 256 bytes.
  var isLongEnough: Bool { (12...256).contains(bytes.count) }

  package var description: String { "Password(hidden)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
