import ChildProcess
import Foundation
import NIOSSL
import PinProtocol
import PinSealing
import PinWords
import Testing

@testable import PinServer

/// Certificates of an authority that lives for one test, made by the `openssl` tool.
private struct Certificates {
  let folder: String

  /// An authority, and the server's certificate for `localhost`.
  static func make() throws -> Certificates {
    let folder = try FileManager.default.url(
      for: .itemReplacementDirectory, in: .userDomainMask, appropriateFor: URL(filePath: NSTemporaryDirectory()),
      create: true)
    let certificates = Certificates(folder: folder.path(percentEncoded: false))
    try certificates.run(
      ["req", "-x509"] + newKey("authority") + ["-out", "authority.pem", "-days", "30", "-subj", "/CN=authority"])
    try certificates.issue("server", subject: "/CN=server", alternatives: "DNS:localhost")
    return certificates
  }

  private static func newKey(_ name: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key"]
  }

  func issue(_ name: String, subject: String, alternatives: String? = nil, days: Int = 30) throws {
    try run(["req"] + Self.newKey(name) + ["-out", "\(name).csr", "-subj", subject])
    var arguments = [
      "x509", "-req", "-in", "\(name).csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
      "-days", "\(days)", "-out", "\(name).pem",
    ]
    if let alternatives {
      try Data("subjectAltName=\(alternatives)\n".utf8).write(to: URL(filePath: path("\(name).ext")))
      arguments += ["-extfile", "\(name).ext"]
    }
    try run(arguments)
  }

  func path(_ name: String) -> String { folder + "/" + name }

  private func run(_ arguments: [String]) throws {
    guard try Program.run("openssl", arguments, in: folder).status == 0 else {
      throw RigError.unexpected("openssl \(arguments)")
    }
  }

  var security: TransportSecurity {
    TransportSecurity(certificateChainPath: path("server.pem"), privateKeyPath: path("server.key"))
  }

  /// What a client trusts and shows.
  func client(_ name: String? = nil) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(path("authority.pem"))
    if let name {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map { .certificate($0) }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem))
    }
    return try NIOSSLContext(configuration: configuration)
  }

  /// What sessions with the server are bound to.
  func channelBinding() throws -> Bytes32 {
    let chain = try NIOSSLCertificate.fromPEMFile(path("server.pem"))
    let der = try chain[0].toDERBytes()
    return Bytes32(SHA256Hasher.sha256(of: der.span.bytes))
  }

  func remove() throws { try FileManager.default.removeItem(atPath: folder) }
}

@Suite("TLS", .timeLimit(.minutes(10)))
struct TransportTests {
  @Test("A key proves itself over TLS, bound to the server's certificate")
  func key() async throws {
    let certificates = try Certificates.make()
    try await ServerRig.with {
      $0.security = certificates.security
    } _: { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 1)
      let till = try await rig.actor("till-1")
      let client = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
      try await client.authenticate(as: till.name, key: till.key, channelBinding: try certificates.channelBinding())
      #expect(try await client.ask(.vend(product)).delivery?.cards.count == 1)

      let relayed = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
      let transcript = try await relayed.hello(till.name, channelBinding: .zero)
      let proof = Bytes32(hmacSHA256(under: till.key, transcript.bytes(signedBy: .client)))
      let reply = try await relayed.ask(.authenticate(Authenticate(proof: proof)))
      #expect(reply.fault == .authenticationFailed)
      #expect(await relayed.isClosedByServer())
    }
    try certificates.remove()
  }

  @Test("A client's certificate proves the actor it names, and no other", arguments: [false, true])
  func mutual(isRequired: Bool) async throws {
    let certificates = try Certificates.make()
    try certificates.issue("till-1", subject: "/CN=till-1")
    try certificates.issue("shop", subject: "/CN=Web shop", alternatives: "DNS:shop")
    try certificates.issue("late", subject: "/CN=till-1", days: -1)
    var security = certificates.security
    security.clientAuthorityPath = certificates.path("authority.pem")
    security.requiresClientCertificate = isRequired
    let configured = security
    try await ServerRig.with {
      $0.security = configured
    } _: { rig in
      _ = try await rig.actor("till-1")
      _ = try await rig.actor("shop", .storefront)
      func status(of certificate: String?, as actor: String) async throws -> Status {
        let tls = try certificates.client(certificate)
        let client = try await WireClient.connect(port: rig.addresses.port, tls: tls)
        _ = try await client.hello(actor, method: .certificate)
        return try await client.ask(.authenticate(Authenticate(proof: .zero))).status
      }
      #expect(try await status(of: "till-1", as: "till-1") == .done)
      #expect(try await status(of: "shop", as: "shop") == .done)
      #expect(try await status(of: "till-1", as: "shop") == .authenticationFailed)
      #expect(try await status(of: "shop", as: "till-1") == .authenticationFailed)
      let late = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client("late"))
      #expect(await late.isClosedByServer(), "an expired certificate is refused by TLS")

      if isRequired {
        let bare = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
        #expect(await bare.isClosedByServer())
      } else {
        #expect(try await status(of: nil, as: "till-1") == .authenticationFailed)
      }
    }
    try certificates.remove()
  }

  @Test("A certificate that cannot be used is one clear line")
  func unusable() async throws {
    let certificates = try Certificates.make()
    var missing = certificates.security
    missing.certificateChainPath = certificates.path("nothing.pem")
    var mismatched = certificates.security
    mismatched.privateKeyPath = certificates.path("authority.key")
    for security in [missing, mismatched] {
      await #expect(throws: ServerError.self) { try await ServerRig { $0.security = security } }
    }
    try certificates.remove()
  }
}
