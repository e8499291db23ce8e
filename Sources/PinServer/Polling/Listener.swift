import CLinux
import Glibc
import NIOCore

/// The listening socket: accepts on one loop, and deals connections out to all of them in turn.
///
/// `@unchecked Sendable`: what changes is touched on its loop's thread alone.
final class Listener: PollHandler, @unchecked Sendable {
  private let descriptor: CInt
  private let loop: PollLoop
  /// Takes a descriptor of a client's that has been accepted.
  private let take: (CInt) -> Void
  private var isListening = true
  /// The port that it got.
  let port: Int

  /// The most that are accepted before those that are here have their turn: in a storm of connections that come and go, one
  /// that has something to say must be heard before so many come that it is the oldest stranger.
  private static let acceptsPerTurn = 32
  /// How long nothing is accepted after the system had no room for another connection.
  private static let pause = TimeAmount.milliseconds(200)
  /// What the system keeps for a client that does not read its answers: by itself it takes megabytes for each.
  private static let sendBufferByteCount: CInt = 256 << 10

  /// Binds; throws `ServerError.addressInUse` or `.cannotListen`.
  init(
    address: String, port: Int, on loop: PollLoop, take: @escaping (CInt) -> Void
  ) throws(ServerError) {
    self.loop = loop
    self.take = take
    do throws(SystemFault) {
      (descriptor, self.port) = try Self.bound(address, port)
    } catch {
      if error.code == EADDRINUSE { throw .addressInUse(address: address, port: port) }
      throw .cannotListen(address: address, port: port, reason: error.reason)
    }
  }

  deinit { if isListening { close(descriptor) } }

  /// Begins to accept, on the loop's thread.
  func start() throws(SystemFault) { try loop.watch(descriptor, for: EPOLLIN.rawValue, self) }

  /// Accepts no more, on the loop's thread.
  func stop() {
    guard isListening else { return }
    isListening = false
    loop.forget(descriptor)
    close(descriptor)
  }

  func ready(_ events: UInt32) {
    for _ in 0..<Self.acceptsPerTurn where isListening {
      let accepted = linux_accept(descriptor)
      guard accepted < 0 else {
        prepare(accepted)
        take(accepted)
        continue
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return pause()
      default: return
      }
    }
  }

  /// The clients wait in the system's queue; trying without end would leave no time for those that are here.
  private func pause() {
    try? loop.change(descriptor, to: 0)
    loop.schedule(in: Self.pause) { [self] in
      if isListening { try? loop.change(descriptor, to: EPOLLIN.rawValue) }
    }
  }

  private func prepare(_ accepted: CInt) {
    var isOn: CInt = 1
    setsockopt(accepted, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
    var byteCount = Self.sendBufferByteCount
    setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &byteCount, socklen_t(MemoryLayout<CInt>.size))
  }

  private static func bound(_ address: String, _ port: Int) throws(SystemFault) -> (CInt, Int) {
    let resolved: SocketAddress
    do { resolved = try SocketAddress.makeAddressResolvingHost(address, port: port) } catch {
      throw SystemFault("resolve", code: SystemFault.unknownHost)
    }
    let family = resolved.protocol == .inet6 ? AF_INET6 : AF_INET
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw SystemFault("socket") }
    var isOn: CInt = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<CInt>.size))
    let result = resolved.withSockAddr { address, byteCount in bind(descriptor, address, socklen_t(byteCount)) }
    guard result == 0, listen(descriptor, 1024) == 0 else {
      let fault = SystemFault("listen")
      close(descriptor)
      throw fault
    }
    return (descriptor, Self.port(of: descriptor))
  }

  private static func port(of descriptor: CInt) -> Int {
    var storage = sockaddr_storage()
    var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes in
      getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &byteCount)
      // The port stands at the same place for both families.
      return Int(bytes.assumingMemoryBound(to: sockaddr_in.self)[0].sin_port.bigEndian)
    }
  }
}

extension SystemFault {
  fileprivate static let unknownHost: CInt = -1

  /// In the words an operator knows.
  var reason: String {
    code == Self.unknownHost ? "no address is known for this name" : String(cString: strerror(code))
  }
}
