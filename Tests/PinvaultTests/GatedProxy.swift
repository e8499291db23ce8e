import Foundation
import Synchronization
import Testing

/// Stands between clients and the server, and lets only so many bytes of the first client through until it is opened: what
/// that client does is then under way for as long as a test likes, however fast the machine.
final class GatedProxy: Sendable {
  let port: Int
  private let listener: Int32
  private let target: UInt16
  private let gateByteCount: Int
  private let isOpened = Mutex(false)

  init(to address: String, lettingThrough gateByteCount: Int) throws {
    target = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
    self.gateByteCount = gateByteCount
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var any = Self.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &any) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    try #require(isListening)
    self.listener = listener
    port = Int(UInt16(bigEndian: any.sin_port))
    Thread.detachNewThread { [self] in acceptAll() }
  }

  /// Lets everything through from now on.
  func open() { isOpened.withLock { $0 = true } }

  /// Takes no more clients; those it has go on.
  func end() {
    open()
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private func acceptAll() {
    var gate = gateByteCount
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { break }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = Self.loopback(port: target)
      let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isConnected else {
        close(server)
        close(client)
        continue
      }
      let limit = gate
      gate = .max
      Thread.detachNewThread { [self] in pump(from: client, to: server, lettingThrough: limit) }
      Thread.detachNewThread { [self] in pump(from: server, to: client, lettingThrough: .max) }
    }
    close(listener)
  }

  /// Passes bytes on until one side ends, which ends the other. Descriptors stay open to the test's end: two threads use them.
  private func pump(from source: Int32, to target: Int32, lettingThrough limit: Int) {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var passed = 0
    while true {
      while passed >= limit, !isOpened.withLock({ $0 }) { usleep(2000) }
      let count = read(source, &bytes, bytes.count)
      guard count > 0, send(target, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
      passed += count
    }
    shutdown(source, Int32(SHUT_RDWR))
    shutdown(target, Int32(SHUT_RDWR))
  }
}
