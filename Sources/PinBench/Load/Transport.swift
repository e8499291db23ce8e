import CLibssl
import CLinux
import Glibc

/// A benchmark could not go on: one line that says why.
package struct BenchmarkError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }

  static func system(_ operation: String) -> BenchmarkError {
    BenchmarkError("\(operation): \(String(cString: strerror(errno)))")
  }
}

/// A socket to this machine's server, in clear or under TLS. For one thread.
final class Transport {
  let descriptor: CInt
  private let tls: OpaquePointer?
  var usesTLS: Bool { tls != nil }
  /// What has gone out and come in since nothing waits, without what TLS adds.
  private(set) var sentByteCount = 0
  private(set) var receivedByteCount = 0

  /// Connects and shakes hands; waits for both.
  init(port: UInt16, usesTLS: Bool) throws(BenchmarkError) {
    descriptor = try Self.connected(port)
    tls = usesTLS ? try Self.shakenHands(descriptor) : nil
  }

  deinit {
    if let tls { SSL_free(tls) }
    close(descriptor)
  }

  /// From now on nothing waits.
  func stopWaiting() throws(BenchmarkError) {
    guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw .system("fcntl") }
    (sentByteCount, receivedByteCount) = (0, 0)
  }

  /// How many bytes went out; 0 when there is no room now.
  func send(_ bytes: RawSpan) throws(BenchmarkError) -> Int {
    let count = bytes.withUnsafeBytes { bytes -> Int in
      guard let tls else { return Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
      return Int(SSL_write(tls, bytes.baseAddress, CInt(clamping: bytes.count)))
    }
    if count > 0 {
      sentByteCount += count
      return count
    }
    guard mustWait(count) else { throw .system("send") }
    return 0
  }

  /// How many bytes came in; 0 when there are none now.
  func receive(into room: UnsafeMutableRawBufferPointer) throws(BenchmarkError) -> Int {
    let count =
      if let tls {
        Int(SSL_read(tls, room.baseAddress, CInt(clamping: room.count)))
      } else {
        recv(descriptor, room.baseAddress, room.count, 0)
      }
    if count > 0 {
      receivedByteCount += count
      return count
    }
    guard count < 0 || tls != nil, mustWait(count) else { throw BenchmarkError("the server closed a connection") }
    return 0
  }

  /// SHA-256 of the server's certificate; zero in clear.
  func channelBinding() throws(BenchmarkError) -> [UInt8] {
    guard let tls else { return [] }
    guard let certificate = SSL_get1_peer_certificate(tls) else { throw BenchmarkError("no certificate") }
    defer { X509_free(certificate) }
    let byteCount = i2d_X509(certificate, nil)
    var bytes = [UInt8](repeating: 0, count: Int(max(byteCount, 0)))
    bytes.withUnsafeMutableBufferPointer { buffer in
      var next = buffer.baseAddress
      _ = i2d_X509(certificate, &next)
    }
    return bytes
  }

  private func mustWait(_ count: Int) -> Bool {
    guard let tls else { return errno == EAGAIN || errno == EINTR }
    let reason = SSL_get_error(tls, CInt(clamping: count))
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE
  }

  private static func connected(_ port: UInt16) throws(BenchmarkError) -> CInt {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafeBytes(of: &address) {
      connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
    guard result == 0 else {
      defer { close(descriptor) }
      throw .system("connect to 127.0.0.1:\(port)")
    }
    var isOn: CInt = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
    return descriptor
  }

  /// No certificate is checked: the session's proofs are bound to it, and the server is this benchmark's own.
  private static func shakenHands(_ descriptor: CInt) throws(BenchmarkError) -> OpaquePointer {
    guard let context = SSL_CTX_new(TLS_client_method()), let tls = SSL_new(context) else {
      throw BenchmarkError("OpenSSL has no TLS client")
    }
    defer { SSL_CTX_free(context) }
    // Part of what is given may go out, and the rest from another place.
    SSL_ctrl(tls, SSL_CTRL_MODE, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER), nil)
    guard SSL_set_fd(tls, descriptor) == 1, SSL_connect(tls) == 1 else {
      SSL_free(tls)
      throw BenchmarkError("the TLS handshake failed")
    }
    return tls
  }
}
