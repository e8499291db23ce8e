import CLibcrypto

/// HMAC-SHA-256 (RFC 2104) in one reused digest context.
///
/// OpenSSL's own HMAC copies two contexts a message, each with an allocation; hashing the padded key again is cheaper for
/// messages as short as ours. For one thread at a time.
package struct MessageAuthenticator: ~Copyable {
  private var hasher = SHA256Hasher()

  package init() {}

  /// The code under `key` of all that `message` feeds to the hasher.
  package mutating func authenticate(
    under key: SecretKey, message: (inout SHA256Hasher) -> Void
  ) -> Digest256 {
    hashPaddedKey(key, pad: 0x36)
    message(&hasher)
    let inner = hasher.finish()
    hashPaddedKey(key, pad: 0x5c)
    inner.withBytes { hasher.update($0) }
    return hasher.finish()
  }

  /// The first block of either hash: the key, filled up with zeros to 64 bytes, each byte xor `pad`.
  private mutating func hashPaddedKey(_ key: SecretKey, pad: UInt8) {
    var block = (
      UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0)
    )
    let padWord = UInt64(pad) &* 0x0101_0101_0101_0101
    withUnsafeMutableBytes(of: &block) { block in
      key.withBytes { block.copyMemory(from: $0) }
      let words = block.assumingMemoryBound(to: UInt64.self)
      for index in words.indices { words[index] ^= padWord }
      hasher.update(UnsafeRawBufferPointer(block))
      OPENSSL_cleanse(block.baseAddress, block.count)
    }
  }
}

/// HMAC-SHA-256 of the parts in a row, in contexts of its own: for once in a while, such as a session's proof.
///
/// The parts run together: what tells them apart (fixed lengths, or a length before each) is the caller's to put in.
package func hmacSHA256(under key: SecretKey, _ parts: [UInt8]...) -> Digest256 {
  var authenticator = MessageAuthenticator()
  return authenticator.authenticate(under: key) { hasher in
    for part in parts { hasher.update(part.span.bytes) }
  }
}

/// HMAC-SHA-256 of one message read in place.
package func hmacSHA256(under key: SecretKey, _ message: RawSpan) -> Digest256 {
  var authenticator = MessageAuthenticator()
  return authenticator.authenticate(under: key) { $0.update(message) }
}
