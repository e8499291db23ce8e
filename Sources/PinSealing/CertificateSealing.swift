import CLibcrypto

/// Seals for whoever has the key of a certificate, and for nobody else: CMS (RFC 5652) with AES-256-GCM (RFC 5084), so that
/// what was changed on the way does not open. `openssl cms -decrypt` opens it.
package struct CertificateSealing: Sendable {
  private let certificate: [UInt8]

  /// A certificate in PEM, whose key can be encrypted to; nil for anything else.
  package init?(pem: [UInt8]) {
    certificate = pem
    guard seal([0]) != nil else { return nil }
  }

  /// Content for the certificate's key alone, in DER.
  package func seal(_ content: [UInt8]) -> [UInt8]? {
    defer { ERR_clear_error() }
    guard let source = Self.memory(certificate), let plain = Self.memory(content) else { return nil }
    defer {
      BIO_free(source)
      BIO_free(plain)
    }
    guard let recipient = PEM_read_bio_X509(source, nil, nil, nil) else { return nil }
    defer { X509_free(recipient) }
    let flags = UInt32(CMS_BINARY | CMS_PARTIAL)
    guard let message = CMS_encrypt(nil, nil, EVP_aes_256_gcm(), flags) else { return nil }
    defer { CMS_ContentInfo_free(message) }
    var encoded: UnsafeMutablePointer<UInt8>?
    guard CMS_add1_recipient_cert(message, recipient, 0) != nil, CMS_final(message, plain, nil, flags) == 1,
      case let count = i2d_CMS_ContentInfo(message, &encoded), count > 0, let encoded
    else { return nil }
    defer { CRYPTO_free(encoded, #file, #line) }
    return Array(UnsafeBufferPointer(start: encoded, count: Int(count)))
  }

  private static func memory(_ bytes: [UInt8]) -> OpaquePointer? {
    guard let memory = BIO_new(BIO_s_mem()) else { return nil }
    var written = 0
    guard bytes.isEmpty || BIO_write_ex(memory, bytes, bytes.count, &written) == 1 else {
      BIO_free(memory)
      return nil
    }
    return memory
  }
}
