import Dispatch
import Foundation
import Glibc
import NIOCore
import PinProtocol
import Synchronization
import Testing

@testable import PinServer

@Suite("Each connection has its turn, and no more", .timeLimit(.minutes(30)))
struct TurnsTests {
  /// What one turn may read of a connection: what is read at once, and once more if the first brought less.
  private static let largestTurnBytes: UInt64 = 2 * 16 << 10

  @Test("A stranger who talks on after he was refused is read in bounded turns, and closed after so many bytes")
  func talkingOn() async throws {
    try await ServerRig.with { rig in
      let talker = try Talker(port: rig.addresses.port)
      let letGo = await rig.holdLoop()
      let first = talker.fill()
      #expect(first > Self.largestTurnBytes, "more waits than a turn may read, or this shows nothing")
      letGo()
      await talker.talkUntilClosed()
      let server = await rig.server.meter.read().server
      #expect(server.largestTurnBytes <= Self.largestTurnBytes)
      let limit = UInt64(Connection.strangersDiscardedByteLimit)
      #expect((limit...limit + Self.largestTurnBytes).contains(server.bytesIn))
    }
  }

  @Test("Under TLS, too; and what the session holds of it then is read in the next turn, though the socket is empty")
  func secured() async throws {
    let certificates = try Certificates.make()
    try await ServerRig.with {
      $0.security = certificates.security
    } _: { rig in
      let client = try await WireClient.connect(port: rig.addresses.port, tls: try certificates.client())
      try await client.authenticate(
        as: "root", key: rig.administrator.key, channelBinding: try certificates.channelBinding())
      let count = 100
      let letGo = await rig.holdLoop()
      // A record each, so that one reading of the socket takes more of them than one turn opens.
      for _ in 0..<count { try await client.send([.ping]) }
      letGo()
      for _ in 0..<count { #expect(try await client.receive()?.status == .done) }
    }
    try certificates.remove()
  }
}

/// A stranger whose first four bytes are no frame's, and who does not care.
private final class Talker: Sendable {
  private let descriptor: CInt

  init(port: Int) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw RigError.unexpected("connect: \(errno)") }
  }

  deinit { close(descriptor) }

  private static let block = [UInt8](repeating: 0, count: 64 << 10)

  /// Sends as much as the system takes by itself.
  func fill() -> Int {
    var total = 0
    while true {
      let count = Glibc.send(descriptor, Self.block, Self.block.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
      guard count > 0 else { return total }
      total += count
    }
  }

  /// Sends as fast as the server takes it, until that has closed.
  func talkUntilClosed() async {
    await withCheckedContinuation { done in
      DispatchQueue.global().async { [self] in
        while Glibc.send(descriptor, Self.block, Self.block.count, CInt(MSG_NOSIGNAL)) > 0 {}
        done.resume()
      }
    }
  }
}

extension ServerRig {
  /// Keeps the loop's thread from its work until what is given back is called.
  fileprivate func holdLoop() async -> @Sendable () -> Void {
    let hold = DispatchSemaphore(value: 0)
    await withCheckedContinuation { held in
      server.meter.watched[0].poll.execute {
        held.resume()
        hold.wait()
      }
    }
    return { hold.signal() }
  }
}
