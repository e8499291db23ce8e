/// Seals documents: what may be purged one by one, and is bound to the id that names it.
///
///     0 nonce (12, random)  12 the document under AES-256-GCM with the id as associated data, then the tag (16)
///
/// The nonce is random: fine for some thousand million documents under one key.
package enum DocumentSealing {
  package static let addedByteCount = CipherContexts.nonceByteCount + CipherContexts.tagByteCount

  /// The sealed bytes of a document that is not empty.
  package static func seal(_ clear: [UInt8], id: [UInt8], under key: SecretKey) -> [UInt8] {
    precondition(!clear.isEmpty, "an empty document is none")
    var contexts = CipherContexts(direction: .sealing)
    var sealed = randomBytes(count: CipherContexts.nonceByteCount)
    sealed += [UInt8](repeating: 0, count: clear.count + CipherContexts.tagByteCount)
    sealed.withUnsafeMutableBytes { sealed in
      clear.withUnsafeBytes { clear in
        id.withUnsafeBytes { id in
          contexts.seal(
            clear, under: key, nonce: sealed.baseAddress!, associatedData: id,
            to: sealed.baseAddress! + CipherContexts.nonceByteCount)
        }
      }
    }
    return sealed
  }

  /// The document, or `SealingError` if these are not the bytes that were sealed for this id under this key.
  package static func open(_ sealed: [UInt8], id: [UInt8], under key: SecretKey) throws(SealingError) -> [UInt8] {
    guard sealed.count > addedByteCount else { throw .length(sealed.count) }
    var contexts = CipherContexts(direction: .opening)
    var clear = [UInt8](repeating: 0, count: sealed.count - addedByteCount)
    let isAuthentic = clear.withUnsafeMutableBytes { clear in
      sealed.withUnsafeBytes { sealed in
        id.withUnsafeBytes { id in
          contexts.open(
            UnsafeRawBufferPointer(rebasing: sealed[CipherContexts.nonceByteCount...]), under: key,
            nonce: sealed.baseAddress!, associatedData: id, to: clear.baseAddress!)
        }
      }
    }
    guard isAuthentic else { throw .notAuthentic }
    return clear
  }
}

extension SecretKey {
  /// A key for one purpose, made of this one: HMAC-SHA-256 of the purpose's name under it.
  package func derived(_ purpose: String) -> SecretKey {
    hmacSHA256(under: self, Array(purpose.utf8)).withBytes { SecretKey(bytes: $0) }
  }
}
