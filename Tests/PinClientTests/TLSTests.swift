import Glibc
import NIOSSL
import PinProtocol
import PinSealing
import PinWords
import Testing

@testable import PinClient

/// Under TLS the proofs are tied to the server's own certificate, and a certificate may be the proof.
@Suite struct TLSTests {
  @Test("calls work over TLS, with the proofs bound to the server's certificate")
  func honest() async throws {
    let roots = try TemporaryFile(TestCertificates.authority)
    let server = try await ScriptedServer(tls: serverTLS())
    let client = client(of: server, tls: .rootsFile(roots.path))
    #expect(try await client.vend(vend(1)).value == delivery(of: RequestID(high: 9, low: 1)))
    await client.close()
    try await server.close()
  }

  @Test(
    "a proof for another channel is none: somebody sits in between",
    arguments: [Bytes32.zero, Bytes32([UInt8](repeating: 1, count: 32))!])
  func otherChannel(binding: Bytes32) async throws {
    let roots = try TemporaryFile(TestCertificates.authority)
    let server = try await ScriptedServer([.init(channelBinding: binding)], tls: serverTLS())
    let client = client(of: server, tls: .rootsFile(roots.path))
    let sale = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(sale == .authenticationFailed(.serverNotProven))
    #expect(server.received.isEmpty)
    await client.close()
    try await server.close()
  }

  @Test("a certificate that is not believed ends the connection before hello")
  func otherAuthority() async throws {
    let roots = try TemporaryFile(TestCertificates.otherAuthority)
    let server = try await ScriptedServer(tls: serverTLS())
    let client = client(of: server, tls: .rootsFile(roots.path))
    let error = await failure { () throws(ClientError) in try await client.connect() }
    guard case .notConnected(.tls) = error else { throw Unexpected(error: error) }
    #expect(server.received.isEmpty)
    await client.close()
    try await server.close()
  }

  @Test("a roots file that is not there is said at once")
  func missingRoots() async throws {
    let server = try await ScriptedServer(tls: serverTLS())
    let client = client(of: server, tls: .rootsFile("/nowhere/roots.pem"))
    let error = await failure { () throws(ClientError) in try await client.ping() }
    guard case .notConnected(.tls) = error else { throw Unexpected(error: error) }
    await client.close()
    try await server.close()
  }

  @Test("a certificate of the client's own is a proof")
  func clientCertificate() async throws {
    let roots = try TemporaryFile(TestCertificates.authority)
    let chain = try TemporaryFile(TestCertificates.client)
    let privateKey = try TemporaryFile(TestCertificates.clientKey)
    let server = try await ScriptedServer(tls: serverTLS(verifiesClients: true))
    let client = PinClient(
      PinClient.Configuration(
        host: "127.0.0.1", port: server.port, actorName: "till-7",
        credential: .certificate(chainFile: chain.path, privateKeyFile: privateKey.path), tls: .rootsFile(roots.path)))
    _ = try await client.ping()
    await client.close()
    try await server.close()
  }

  @Test("a certificate without TLS is refused before anything is sent")
  func certificateWithoutTLS() async throws {
    let server = try await ScriptedServer()
    let client = PinClient(
      PinClient.Configuration(
        host: "127.0.0.1", port: server.port, actorName: "till-7",
        credential: .certificate(chainFile: "a.pem", privateKeyFile: "a.key")))
    let error = await failure { () throws(ClientError) in try await client.ping() }
    #expect(error == .authenticationFailed(.certificateWithoutTLS))
    #expect(server.visitCount == 0)
    await client.close()
    try await server.close()
  }

  @Test(
    "TLS is off by itself for this machine alone",
    arguments: [
      ("localhost", false), ("127.0.0.1", false), ("127.8.9.10", false), ("::1", false), ("128.0.0.1", true),
      ("127.0.0.1.example", true), ("localhost.example", true), ("127.example", true), ("10.0.0.1", true), ("", true),
    ])
  func automatic(host: String, isOn: Bool) {
    let configuration = PinClient.Configuration(host: host, actorName: "a", key: ActorKey(testKey))
    #expect(configuration.usesTLS == isOn)
  }
}

private func serverTLS(verifiesClients: Bool = false) throws -> TLSConfiguration {
  var configuration = TLSConfiguration.makeServerConfiguration(
    certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(TestCertificates.server.utf8), format: .pem))],
    privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TestCertificates.serverKey.utf8), format: .pem)))
  if verifiesClients {
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([
      try NIOSSLCertificate(bytes: Array(TestCertificates.authority.utf8), format: .pem)
    ])
  }
  return configuration
}

/// A file that goes away with its last reference.
final class TemporaryFile {
  let path: String

  init(_ text: String) throws {
    var template = Array("\(temporaryDirectory)/pinclient-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let bytes = Array(text.utf8) + [UInt8(ascii: "\n")]
    let count = write(descriptor, bytes, bytes.count)
    Glibc.close(descriptor)
    try #require(count == bytes.count)
  }

  deinit { unlink(path) }
}
