import CLibcrypto

/// SHA-256 over any number of pieces, again and again in one OpenSSL context: no allocation a hash.
///
/// For one thread at a time.
package struct SHA256Hasher: ~Copyable {
  private let context: OpaquePointer

  package init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest context") }
    self.context = context
    requireSuccess(EVP_DigestInit_ex2(context, Algorithms.shared.sha256, nil), "start of a digest")
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  package mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { update($0) }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    requireSuccess(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count), "digest")
  }

  /// The digest of everything since the last `finish`; the next one starts empty.
  package mutating func finish() -> Digest256 {
    let digest = Digest256 { buffer in
      let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
      requireSuccess(EVP_DigestFinal_ex(context, output, nil), "end of a digest")
    }
    requireSuccess(EVP_DigestInit_ex2(context, nil, nil), "start of a digest")
    return digest
  }

  /// The digest of `bytes` alone; the hasher must be at its start.
  package mutating func hash(_ bytes: RawSpan) -> Digest256 {
    update(bytes)
    return finish()
  }

  /// The digest of `bytes`, in a context of its own: for once in a while.
  package static func sha256(of bytes: RawSpan) -> Digest256 {
    var hasher = SHA256Hasher()
    return hasher.hash(bytes)
  }
}
