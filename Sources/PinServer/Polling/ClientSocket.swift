import CLinux
import Glibc
import NIOCore
import PinBytes

/// One client's socket on its loop: bytes in, bytes out, in clear or under TLS.
///
/// It belongs to its loop's thread.
final class ClientSocket: PollHandler {
  private let loop: ServingLoop
  private let descriptor: CInt
  private let session: TransportSession?
  private unowned let connection: Connection
  private var isShakingHands: Bool
  /// What the socket would not take yet.
  private var waiting = ByteQueue()
  private var watched: UInt32 = 0
  private var isOpen = true
  /// Whether TLS can go on only when there is room to write.
  private var sessionWantsRoom = false
  /// Whether TLS may hold bytes that nobody has read, of which `epoll` does not tell.
  private var mayHoldBytes = false
  /// Whether the loop was asked to come again for them.
  private var isComingAgain = false
  /// Whether nothing more is sent after what waits.
  private var isFinishing = false

  /// Takes a descriptor, which is its own from now on.
  init(_ descriptor: CInt, _ transport: TransportContext?, on loop: ServingLoop, of connection: Connection) {
    self.descriptor = descriptor
    self.loop = loop
    self.connection = connection
    session = transport.map { TransportSession($0, descriptor) }
    isShakingHands = session != nil
  }

  deinit { if isOpen { Glibc.close(descriptor) } }

  /// Begins to serve it.
  func open() throws(SystemFault) {
    watched = EPOLLIN.rawValue
    try loop.poll.watch(descriptor, for: watched, self)
  }

  /// Whether everything that was sent has gone out.
  var isWritable: Bool { waiting.isEmpty }

  /// Who is at the other end; nil when that cannot be told.
  var address: String? { peer?.ipAddress }

  /// The network of 64 bits that an address of IPv6 is in, in hexadecimal; nil for any other.
  var network: String? {
    guard case .v6(let address) = peer else { return nil }
    return withUnsafeBytes(of: address.address.sin6_addr) {
      String(hexadecimal: UnsafeRawBufferPointer(rebasing: $0.prefix(8)).bytes)
    }
  }

  private var peer: SocketAddress? {
    var storage = sockaddr_storage()
    var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes in
      guard
        getpeername(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &byteCount) == 0
      else { return nil }
      switch CInt(bytes.load(as: sockaddr.self).sa_family) {
      case AF_INET: return SocketAddress(bytes.load(as: sockaddr_in.self))
      case AF_INET6: return SocketAddress(bytes.load(as: sockaddr_in6.self))
      default: return nil
      }
    }
  }

  /// The client's certificate, which TLS has verified.
  var peerCertificate: PeerCertificate? { session?.peerCertificate }

  // MARK: Events

  func ready(_ events: UInt32) {
    if events == 0 {
      isComingAgain = false
      guard isOpen, mayHoldBytes else { return }
    }
    if isShakingHands, !shakeHands() { return }
    if events & EPOLLOUT.rawValue != 0 || sessionWantsRoom { drain() }
    guard isOpen else { return }
    if connection.mayRead {
      receive()
    } else if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
      // Nobody is there any more; what he asked and was not taken is nobody's.
      connection.lost()
    }
    if isOpen { loop.touch(connection) }
  }

  /// Goes on with the handshake; false while it is not over.
  private func shakeHands() -> Bool {
    switch session!.shakeHands() {
    case .done: isShakingHands = false
    case .mustWait(let forRoom):
      sessionWantsRoom = forRoom
      watchAsNeeded()
      return false
    case .ended: connection.failed("the handshake was not finished")
    case .failed(let reason): connection.failed("handshake failed: \(reason)")
    }
    sessionWantsRoom = false
    if isOpen { watchAsNeeded() }
    return isOpen
  }

  /// Hands on what has come, as long as the connection takes it, until that is as much as one read may bring: then others have
  /// their turn, however fast the client sends. Of what is left `epoll` tells again, but for what TLS holds.
  private func receive() {
    var byteCount = 0
    defer { loop.counters.largestTurnBytes = max(loop.counters.largestTurnBytes, UInt64(byteCount)) }
    mayHoldBytes = false
    var buffer = ByteQueue()
    swap(&buffer, &loop.poll.readBuffer)
    defer { swap(&buffer, &loop.poll.readBuffer) }
    while isOpen, byteCount < PollLoop.readByteCount {
      guard connection.mayRead else { break }
      var transfer = Transfer.ended
      buffer.append(upTo: PollLoop.readByteCount) { room in
        transfer = session?.read(into: room) ?? read(into: room)
        if case .moved(let count) = transfer { return count }
        return 0
      }
      switch transfer {
      case .moved(let count):
        sessionWantsRoom = false
        byteCount += count
        connection.take(buffer.bytes)
        buffer.removeAll()
        // A socket that gave less has no more; TLS may.
        if session == nil, count < PollLoop.readByteCount { return }
      case .mustWait(let forRoom):
        sessionWantsRoom = forRoom
        return
      case .ended: connection.lost()
      case .failed(let reason): connection.failed(reason)
      }
    }
    mayHoldBytes = session != nil
    comeAgain()
  }

  private func comeAgain() {
    guard isOpen, mayHoldBytes, !isComingAgain, connection.mayRead else { return }
    isComingAgain = true
    loop.poll.comeAgain(to: self)
  }

  private func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
    Transfer(recv(descriptor, room.baseAddress, room.count, 0))
  }

  // MARK: Sending

  /// Sends bytes and leaves none: now as far as the socket takes them, and the rest as soon as it does.
  func send(_ bytes: inout ByteQueue) {
    guard isOpen else { return bytes.removeAll() }
    if waiting.isEmpty, !transmit(&bytes) { return bytes.removeAll() }
    guard !bytes.isEmpty else { return }
    if waiting.isEmpty {
      swap(&bytes, &waiting)
    } else {
      waiting.append(bytes.bytes)
      bytes.removeAll()
    }
    watchAsNeeded()
  }

  /// Sends what had to wait.
  private func drain() {
    guard !waiting.isEmpty else { return }
    guard transmit(&waiting), waiting.isEmpty else { return }
    waiting = ByteQueue()
    if isFinishing { finish() }
    connection.hasRoom()
  }

  /// Sends from the front of a buffer until it is empty or the socket takes no more; false when the connection is lost.
  private func transmit(_ bytes: inout ByteQueue) -> Bool {
    while !bytes.isEmpty {
      let transfer = bytes.bytes.withUnsafeBytes { bytes in
        session?.write(bytes)
          ?? Transfer(Glibc.send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)))
      }
      switch transfer {
      case .moved(let count): bytes.removeFirst(count)
      case .mustWait: return true
      case .ended:
        connection.lost()
        return false
      case .failed(let reason):
        connection.failed(reason)
        return false
      }
    }
    return true
  }

  // MARK: Ending

  /// Tells the client that nothing more comes, once it has had what was sent; what it says until it closes is read.
  func finishSending() {
    guard !isShakingHands else { return connection.lost() }
    isFinishing = true
    if waiting.isEmpty { finish() }
    resume()
  }

  private func finish() {
    // TLS has a goodbye of its own, which the client answers.
    if let session { session.sayGoodbye() } else { shutdown(descriptor, CInt(SHUT_WR)) }
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    if !isShakingHands { session?.sayGoodbye() }
    loop.poll.forget(descriptor)
    Glibc.close(descriptor)
  }

  /// Goes on as the connection now wants it.
  func resume() {
    comeAgain()
    watchAsNeeded()
  }

  /// Has the loop tell of what can be used, and of nothing else.
  private func watchAsNeeded() {
    guard isOpen else { return }
    var wanted: UInt32 = 0
    if connection.mayRead || isShakingHands { wanted |= EPOLLIN.rawValue }
    if !waiting.isEmpty || sessionWantsRoom { wanted |= EPOLLOUT.rawValue }
    guard wanted != watched else { return }
    watched = wanted
    do throws(SystemFault) { try loop.poll.change(descriptor, to: wanted) } catch { connection.failed("\(error)") }
  }
}

/// What became of moving bytes.
enum Transfer {
  case moved(Int)
  case mustWait(forRoom: Bool)
  case ended
  case failed(String)

  /// The result of a system call on a socket that never waits.
  init(_ result: Int) {
    if result > 0 {
      self = .moved(result)
    } else if result == 0 {
      self = .ended
    } else if errno == EAGAIN || errno == EINTR {
      self = .mustWait(forRoom: false)
    } else {
      self = .failed(String(cString: strerror(errno)))
    }
  }
}
