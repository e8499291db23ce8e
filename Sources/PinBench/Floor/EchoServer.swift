import CLinux
import Foundation
import Glibc
import Synchronization

/// Answers each request of a fixed size with as many bytes as an answer has, from one thread, and does nothing else: what a
/// server that only has sockets to serve could do at best.
package final class EchoServer: Sendable {
  package let port: UInt16
  private let sizes: EchoSizes
  private let listener: CInt
  private let isEnding = Atomic(false)
  private let hasEnded = DispatchSemaphore(value: 0)

  /// Listens on this machine alone, on a port that is free.
  package init(_ sizes: EchoSizes) throws(BenchmarkError) {
    precondition(sizes.request > 0 && sizes.answer > 0)
    self.sizes = sizes
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard listener >= 0 else { throw .system("socket") }
    do throws(BenchmarkError) { port = try Self.listen(listener) } catch {
      close(listener)
      throw error
    }
    Thread { [self] in serve() }.start()
  }

  private static func listen(_ listener: CInt) throws(BenchmarkError) -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var byteCount = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
      let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
      return bind(listener, pointer, byteCount) == 0 && Glibc.listen(listener, 1024) == 0
        && getsockname(listener, pointer, &byteCount) == 0
    }
    guard isBound else { throw .system("listen") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Ends the thread, and closes every connection.
  package func stop() {
    isEnding.store(true, ordering: .relaxed)
    hasEnded.wait()
    close(listener)
  }

  /// What of a connection's request has come, and what of its answers has not gone.
  private struct Connection {
    var received = 0
    var owed = 0
    var awaitsRoom = false
  }

  private func serve() {
    let poll = epoll_create1(0)
    var connections: [CInt: Connection] = [:]
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    watch(poll, listener, EPOLL_CTL_ADD)
    while !isEnding.load(ordering: .relaxed) {
      let count = epoll_wait(poll, &events, CInt(events.count), 50)
      for event in events.prefix(Int(max(count, 0))) {
        let descriptor = event.data.fd
        guard descriptor != listener else {
          accept(poll, &connections)
          continue
        }
        guard var connection = connections[descriptor] else { continue }
        if exchange(descriptor, &connection, buffer, poll) {
          connections[descriptor] = connection
        } else {
          connections[descriptor] = nil
          close(descriptor)
        }
      }
    }
    for descriptor in connections.keys { close(descriptor) }
    close(poll)
    buffer.deallocate()
    hasEnded.signal()
  }

  private func accept(_ poll: CInt, _ connections: inout [CInt: Connection]) {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      var isOn: CInt = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
      connections[descriptor] = Connection()
      watch(poll, descriptor, EPOLL_CTL_ADD)
    }
  }

  /// One read, and all answers it asks for; false when the connection is over.
  private func exchange(
    _ descriptor: CInt, _ connection: inout Connection, _ buffer: UnsafeMutableRawBufferPointer, _ poll: CInt
  ) -> Bool {
    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    guard count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR) else { return false }
    connection.received += max(count, 0)
    connection.owed += connection.received / sizes.request * sizes.answer
    connection.received %= sizes.request
    while connection.owed > 0 {
      // What is sent is whatever was received: it means nothing.
      let sent = send(descriptor, buffer.baseAddress, min(connection.owed, buffer.count), Int32(MSG_NOSIGNAL))
      if sent < 0 {
        guard errno == EAGAIN || errno == EINTR else { return false }
        break
      }
      connection.owed -= sent
    }
    guard connection.awaitsRoom != (connection.owed > 0) else { return true }
    connection.awaitsRoom.toggle()
    watch(poll, descriptor, EPOLL_CTL_MOD, forRoom: connection.awaitsRoom)
    return true
  }

  private func watch(_ poll: CInt, _ descriptor: CInt, _ operation: CInt, forRoom: Bool = false) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (forRoom ? EPOLLOUT.rawValue : 0)
    event.data.fd = descriptor
    epoll_ctl(poll, operation, descriptor, &event)
  }
}
