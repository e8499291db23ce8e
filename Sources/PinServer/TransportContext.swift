import CLibssl
import Glibc
import PinProtocol
import PinSealing

/// TLS as this server does it: 1.3 alone, with the digest that sessions are bound to.
///
/// `@unchecked Sendable`: once made it is only read, and OpenSSL counts a context's users with a lock.
final class TransportContext: @unchecked Sendable {
  let context: OpaquePointer
  /// SHA-256 of the server's own certificate's DER: what proofs are bound to.
  let channelBinding: Bytes32

  /// Reads certificate and key, and checks that they belong together.
  init(_ security: TransportSecurity) throws(ServerError) {
    guard let made = SSL_CTX_new(TLS_server_method()) else { preconditionFailure("OpenSSL has no TLS") }
    do throws(ServerError) {
      channelBinding = try Self.identify(made, security)
      if let path = security.clientAuthorityPath {
        try Self.ask(made, for: path, isRequired: security.requiresClientCertificate)
      }
    } catch {
      SSL_CTX_free(made)
      throw error
    }
    SSL_CTX_ctrl(made, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
    // Part of what is given may go out, and the rest from another place; an idle session keeps no buffers.
    let mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    SSL_CTX_ctrl(made, SSL_CTRL_MODE, Int(mode) | Int(SSL_MODE_RELEASE_BUFFERS), nil)
    // What was opened is wiped as soon as it is handed on.
    SSL_CTX_set_options(made, OPENSSL_SSL_OP_CLEANSE_PLAINTEXT)
    // A record's head and body come in one call.
    SSL_CTX_set_default_read_buffer_len(made, 0)
    SSL_CTX_ctrl(made, SSL_CTRL_SET_READ_AHEAD, 1, nil)
    // Every session proves itself anew.
    SSL_CTX_ctrl(made, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    SSL_CTX_set_num_tickets(made, 0)
    context = made
  }

  deinit { SSL_CTX_free(context) }

  /// Sets what the server proves itself with, and gives its certificate's digest.
  private static func identify(
    _ context: OpaquePointer, _ security: TransportSecurity
  ) throws(ServerError) -> Bytes32 {
    let (chain, key) = (security.certificateChainPath, security.privateKeyPath)
    try confirmReadable(chain)
    guard SSL_CTX_use_certificate_chain_file(context, chain) == 1 else {
      throw .certificate(path: chain, reason: "not a PEM file of certificates")
    }
    try confirmReadable(key)
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, SSL_CTX_check_private_key(context) == 1
    else { throw .certificate(path: key, reason: "not a PEM file of a private key, or not the certificate's") }
    var encoded: UnsafeMutablePointer<UInt8>?
    let byteCount = i2d_X509(SSL_CTX_get0_certificate(context), &encoded)
    guard byteCount > 0, let encoded else { throw .certificate(path: chain, reason: "its certificate has no encoding") }
    defer { CRYPTO_free(encoded, nil, 0) }
    let der = RawSpan(_unsafeStart: UnsafeRawPointer(encoded), byteCount: Int(byteCount))
    return Bytes32(SHA256Hasher.sha256(of: der))
  }

  /// Asks clients for a certificate of this authority's.
  private static func ask(
    _ context: OpaquePointer, for path: String, isRequired: Bool
  ) throws(ServerError) {
    try confirmReadable(path)
    guard SSL_CTX_load_verify_file(context, path) == 1, let names = SSL_load_client_CA_file(path) else {
      throw .certificate(path: path, reason: "not a PEM file of certificates")
    }
    SSL_CTX_set_client_CA_list(context, names)
    // An authority that others have signed is one, too.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
  }

  private static func confirmReadable(_ path: String) throws(ServerError) {
    guard access(path, R_OK) != 0 else { return }
    let reason = errno == ENOENT ? "no such file" : String(cString: strerror(errno))
    throw .certificate(path: path, reason: reason)
  }
}

extension Bytes32 {
  init(_ digest: Digest256) {
    guard let bytes = Bytes32(digest.bytes) else { preconditionFailure("a digest has 32 bytes") }
    self = bytes
  }
}
