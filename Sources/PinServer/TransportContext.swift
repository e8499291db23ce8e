import NIOSSL
import PinProtocol
import PinSealing

/// TLS as this server does it: 1.3 alone, with the digest that sessions are bound to.
struct TransportContext: Sendable {
  let context: NIOSSLContext
  /// SHA-256 of the server's own certificate's DER: what proofs are bound to.
  let channelBinding: Bytes32

  /// Reads certificate and key, and checks that they belong together.
  init(_ security: TransportSecurity) throws(ServerError) {
    let chain = try reading(security.certificateChainPath) {
      try NIOSSLCertificate.fromPEMFile(security.certificateChainPath)
    }
    guard let leaf = chain.first else {
      throw .certificate(path: security.certificateChainPath, reason: "it holds no certificate")
    }
    let key = try reading(security.privateKeyPath) {
      try NIOSSLPrivateKey(file: security.privateKeyPath, format: .pem)
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv13
    if let path = security.clientAuthorityPath {
      configuration.trustRoots = .certificates(try reading(path) { try NIOSSLCertificate.fromPEMFile(path) })
      configuration.certificateVerification =
        security.requiresClientCertificate ? .noHostnameVerification : .optionalVerification
    }
    // Copied, since a configuration that a throwing closure captures must not change any more.
    let complete = configuration
    context = try reading(security.certificateChainPath) { try NIOSSLContext(configuration: complete) }
    let der = try reading(security.certificateChainPath) { try leaf.toDERBytes() }
    channelBinding = Bytes32(SHA256Hasher.sha256(of: der.span.bytes))
  }
}

private func reading<Value>(_ path: String, _ read: () throws -> Value) throws(ServerError) -> Value {
  do { return try read() } catch { throw .certificate(path: path, reason: describe(error)) }
}

extension Bytes32 {
  init(_ digest: Digest256) {
    guard let bytes = Bytes32(digest.bytes) else { preconditionFailure("a digest has 32 bytes") }
    self = bytes
  }
}

extension NIOSSLCertificate {
  /// Whether it was issued to this actor: by common name, or as a DNS name or URI among its alternative names.
  func names(actor: String) -> Bool {
    if subjectName.contains(where: { $0.type == .commonName && $0.value == actor }) { return true }
    return _subjectAlternativeNames().contains { name in
      guard name.nameType == .dnsName || name.nameType == .uri else { return false }
      return name.contents.withUnsafeBufferPointer { $0.elementsEqual(actor.utf8) }
    }
  }
}
