import CLibcrypto

/// The algorithms this module uses, fetched from OpenSSL once: looking one up costs more than sealing a PIN.
///
/// `@unchecked Sendable`: the fetched objects are immutable, counted atomically by OpenSSL, and never freed.
final class Algorithms: @unchecked Sendable {
  static let shared = Algorithms()

  let aes256GCM: OpaquePointer
  let sha256: OpaquePointer

  private init() {
    guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil), let digest = EVP_MD_fetch(nil, "SHA2-256", nil) else {
      preconditionFailure("this OpenSSL has no AES-256-GCM or no SHA-256")
    }
    aes256GCM = cipher
    sha256 = digest
  }
}

/// Stops the process when OpenSSL refuses what cannot fail: going on would mean unsealed or wrongly sealed PINs.
@inline(__always)
func requireSuccess(_ returnCode: Int32, _ what: @autoclosure () -> StaticString) {
  precondition(returnCode == 1, "OpenSSL failed: \(what())")
}

/// Fills `bytes` from OpenSSL's random generator.
package func fillWithRandomBytes(_ bytes: inout [UInt8]) {
  requireSuccess(RAND_bytes(&bytes, Int32(bytes.count)), "random bytes")
}

/// `count` bytes from OpenSSL's random generator, for nonces and challenges; keys come from `SecretKey.random()`.
package func randomBytes(count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  fillWithRandomBytes(&bytes)
  return bytes
}

/// Whether two byte strings are the same, in a time that depends only on their lengths.
package func constantTimeEqual(_ one: RawSpan, _ other: RawSpan) -> Bool {
  guard one.byteCount == other.byteCount else { return false }
  return one.withUnsafeBytes { one in
    other.withUnsafeBytes { other in
      one.isEmpty || CRYPTO_memcmp(one.baseAddress, other.baseAddress, one.count) == 0
    }
  }
}
