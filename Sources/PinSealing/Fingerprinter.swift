/// What tells that a vendor has sent a PIN before, without telling the PIN: 16 bytes of a keyed hash.
package struct Fingerprint: Hashable, Sendable {
  package static let byteCount = 16

  /// The bytes in memory order, eight to a word.
  private var word0, word1: UInt64

  init(truncating digest: Digest256) {
    (word0, word1) = digest.withBytes {
      ($0.unsafeLoadUnaligned(as: UInt64.self), $0.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
  }

  /// Lends the 16 bytes.
  package func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(of: self) { (bytes) throws(Failure) in try body(bytes.bytes) }
  }

  package var bytes: [UInt8] {
    withUnsafeBytes(of: self) { Array($0) }
  }
}

/// Fingerprints PINs under the store's fingerprint key, in one reused context.
///
/// HMAC-SHA-256 over the vendor (four bytes, big-endian) and the PIN, cut to 16 bytes. Without the key the few digits of a
/// PIN could be found from a hash by trying them all. For one thread at a time.
package struct Fingerprinter: ~Copyable {
  private let key: SecretKey
  private var authenticator = MessageAuthenticator()

  package init(key: SecretKey) {
    self.key = key
  }

  package mutating func fingerprint(vendor: UInt32, pin: RawSpan) -> Fingerprint {
    let code = authenticator.authenticate(under: key) { hasher in
      withUnsafeBytes(of: vendor.bigEndian) { hasher.update($0) }
      hasher.update(pin)
    }
    return Fingerprint(truncating: code)
  }
}
