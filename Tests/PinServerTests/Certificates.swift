import ChildProcess
import Foundation
import NIOSSL
import PinProtocol
import PinSealing

@testable import PinServer

/// Certificates of an authority that lives for one test, made by the `openssl` tool.
struct Certificates {
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
