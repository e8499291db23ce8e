import CLibssl
import Glibc

/// TLS on one client's socket: the server's side, never waiting. It belongs to its loop's thread.
final class TransportSession {
  private let session: OpaquePointer

  init(_ transport: TransportContext, _ descriptor: CInt) {
    guard let session = SSL_new(transport.context), SSL_set_fd(session, descriptor) == 1 else {
      preconditionFailure("OpenSSL has no memory for a session")
    }
    SSL_set_accept_state(session)
    self.session = session
  }

  deinit { SSL_free(session) }

  /// How far the handshake is.
  enum Progress {
    case done
    case mustWait(forRoom: Bool)
    case ended
    case failed(String)
  }

  func shakeHands() -> Progress {
    ERR_clear_error()
    let result = SSL_do_handshake(session)
    if result == 1 { return .done }
    return switch transfer(result) {
    case .mustWait(let forRoom): .mustWait(forRoom: forRoom)
    case .failed(let reason): .failed(reason)
    case .ended, .moved: .ended
    }
  }

  func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
    ERR_clear_error()
    return transfer(SSL_read(session, room.baseAddress, CInt(clamping: room.count)))
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    ERR_clear_error()
    return transfer(SSL_write(session, bytes.baseAddress, CInt(clamping: bytes.count)))
  }

  /// Tells the other end that nothing more comes.
  func sayGoodbye() {
    ERR_clear_error()
    SSL_shutdown(session)
  }

  private func transfer(_ result: CInt) -> Transfer {
    if result > 0 { return .moved(Int(result)) }
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: return .mustWait(forRoom: false)
    case SSL_ERROR_WANT_WRITE: return .mustWait(forRoom: true)
    case SSL_ERROR_ZERO_RETURN: return .ended
    case SSL_ERROR_SYSCALL: return .ended
    default:
      guard let reason = ERR_reason_error_string(ERR_peek_error()) else { return .ended }
      return .failed(String(cString: reason))
    }
  }

  /// The client's certificate, which the handshake has verified; nil if it gave none.
  var peerCertificate: PeerCertificate? {
    guard let certificate = SSL_get1_peer_certificate(session) else { return nil }
    defer { X509_free(certificate) }
    return PeerCertificate(certificate)
  }
}

/// What a client's certificate says of its owner.
struct PeerCertificate {
  /// Common names, and the DNS names and URIs among the alternative ones.
  let names: [String]
  /// The last second it is good for, since 1970 UTC.
  let notValidAfter: Int

  /// Whether it was issued to this actor: by common name, or as a DNS name or URI among its alternative names.
  func names(actor: String) -> Bool { names.contains(actor) }

  fileprivate init(_ certificate: OpaquePointer) {
    names = Self.commonNames(certificate) + Self.alternativeNames(certificate)
    var time = tm()
    notValidAfter = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 ? timegm(&time) : 0
  }

  private static func commonNames(_ certificate: OpaquePointer) -> [String] {
    var names: [String] = []
    let subject = X509_get_subject_name(certificate)
    var index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
    while index >= 0 {
      var bytes: UnsafeMutablePointer<UInt8>?
      let byteCount = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)))
      if byteCount >= 0, let bytes {
        let text = UnsafeBufferPointer(start: bytes, count: Int(byteCount))
        String(validating: text, as: UTF8.self).map { names.append($0) }
        CRYPTO_free(bytes, nil, 0)
      }
      index = X509_NAME_get_index_by_NID(subject, NID_commonName, index)
    }
    return names
  }

  private static func alternativeNames(_ certificate: OpaquePointer) -> [String] {
    guard let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
    let list = OpaquePointer(found)
    defer { GENERAL_NAMES_free(list) }
    var names: [String] = []
    for index in 0..<OPENSSL_sk_num(list) {
      guard let name = OPENSSL_sk_value(list, index)?.assumingMemoryBound(to: GENERAL_NAME.self),
        name.pointee.type == GEN_DNS || name.pointee.type == GEN_URI,
        let value = GENERAL_NAME_get0_value(name, nil)
      else { continue }
      let text = value.assumingMemoryBound(to: ASN1_STRING.self)
      let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
      String(validating: bytes, as: UTF8.self).map { names.append($0) }
    }
    return names
  }
}
