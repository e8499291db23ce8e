import ChildProcess
import Foundation
import NIOSSL
import PinProtocol
import PinSealing
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinServer

@Suite("TLS", .timeLimit(.minutes(30)))
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

  @Test("A session that a certificate opened closes when the certificate ends, and one opened with a key does not")
  func certificateEnds() async throws {
    let certificates = try Certificates.make()
    try certificates.issue("till-1", subject: "/CN=till-1")
    var security = certificates.security
    security.clientAuthorityPath = certificates.path("authority.pem")
    let configured = security
    let clock = MovedClock()
    let rig = try await ServerRig({ $0.security = configured }, clock: clock)
    let till = try await rig.actor("till-1")
    let client = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client("till-1"))
    _ = try await client.hello("till-1", method: .certificate)
    #expect(try await client.ask(.authenticate(Authenticate(proof: .zero))).status == .done)
    #expect(try await client.ask(.shiftTotals).status == .done)
    let keyed = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
    try await keyed.authenticate(as: till.name, key: till.key, channelBinding: try certificates.channelBinding())
    // The store's time is that of its last event at least.
    clock.ahead.withLock { $0 = 400 * 86_400_000 }
    _ = try await rig.product("ACME-10")
    #expect(await client.isClosedByServer(), "nothing is asked: the time alone ends it")
    #expect(try await keyed.ask(.shiftTotals).status == .done)
    try await rig.stop()
    try certificates.remove()
  }

  /// The system's clock, that a test sets ahead.
  private final class MovedClock: StoreClock {
    private let system = SystemClock()
    let ahead = Mutex<UInt64>(0)
    func nowMilliseconds() -> UInt64 { system.nowMilliseconds() + ahead.withLock { $0 } }
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
