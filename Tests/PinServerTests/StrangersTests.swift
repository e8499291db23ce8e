import Logging
import NIOCore
import PinProtocol
import PinSealing
import Testing

@testable import PinServer

@Suite("Who has not said who he is takes little room, and cannot fill the log", .timeLimit(.minutes(30)))
struct StrangersTests {
  @Test("Of too many strangers the oldest goes, and who authenticates stays")
  func oldestGoes() async throws {
    try await ServerRig.with {
      $0.maximumStrangers = 3
    } _: { rig in
      let known = try await rig.connect(as: rig.administrator)
      var strangers: [WireClient] = []
      for _ in 0..<4 {
        let stranger = try await WireClient.connect(port: rig.addresses.port)
        _ = try await stranger.hello("root")
        strangers.append(stranger)
      }
      #expect(await strangers[0].isClosedByServer())
      // A newcomer finds a place however many strangers there are, by the oldest's leaving.
      let newcomer = try await rig.connect(as: rig.administrator)
      #expect(try await newcomer.ask(.ping).status == .done)
      #expect(try await known.ask(.ping).status == .done)
      #expect(await strangers[1].isClosedByServer())
      // Those that authenticated count no more: the last two are still there.
      #expect(try await strangers[3].ask(.ping).fault == .notAuthenticated)
    }
  }

  @Test("Under TLS, too, no more go than there are too many, and at once")
  func securedStrangers() async throws {
    let certificates = try Certificates.make()
    let security = certificates.security
    try await ServerRig.with {
      $0.security = security
      $0.maximumStrangers = 3
    } _: { rig in
      func connect() async throws -> WireClient {
        try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
      }
      var strangers: [WireClient] = []
      for _ in 0..<5 {
        let stranger = try await connect()
        _ = try await stranger.hello("root")
        strangers.append(stranger)
      }
      for gone in strangers[..<2] { #expect(await gone.isClosedByServer()) }
      let newcomer = try await connect()
      try await newcomer.authenticate(
        as: "root", key: rig.administrator.key, channelBinding: try certificates.channelBinding())
      #expect(try await newcomer.ask(.ping).status == .done)
      #expect(try await strangers[4].ask(.ping).fault == .notAuthenticated)
    }
    try certificates.remove()
  }

  @Test("Of each kind of line ten are written in a minute, and then how many there were besides")
  func logGate() {
    var gate = LogGate()
    let start = NIODeadline.uptimeNanoseconds(1)
    let written = (0..<1000).filter { _ in gate.takes(.authenticationFailed, at: start) }
    #expect(written.count == 10)
    let takesAnotherKind = gate.takes(.outlived, at: start)
    #expect(takesAnotherKind, "another kind has lines of its own")
    let early = gate.endMinute(at: start + .seconds(59))
    #expect(early.isEmpty)
    let heldBack = gate.endMinute(at: start + .seconds(60))
    #expect(heldBack.map(\.kind) == [.authenticationFailed] && heldBack.map(\.heldBack) == [990])
    #expect(!gate.isCounting)
    let takesAgain = gate.takes(.authenticationFailed, at: start + .seconds(61))
    #expect(takesAgain)
  }
}
