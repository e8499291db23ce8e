import Foundation
import Synchronization
import Testing

/// Stands between a client and the server, and loses all answers from the client's nth frame on; the frame goes through.
///
/// `@unchecked Sendable`: its one mutable property but the atomic is set before the threads start.
final class LossyProxy: @unchecked Sendable {
  private(set) var port = 0
  private let listener: Int32
  private let target: UInt16
  private let lostFrom: Int
  private let keepsOpen: Bool
  /// Whether an answer was lost.
  let hasLost = Atomic(false)

  /// - Parameter keepsOpen: whether the connection stays after that, until the client closes it.
  init(to address: String, losingAnswersFrom frame: Int, keepsOpen: Bool = false) throws {
    self.keepsOpen = keepsOpen
    target = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
    lostFrom = frame
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var any = Self.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listening = withUnsafeMutablePointer(to: &any) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 4) == 0 && getsockname(listener, address, &length) == 0
      }
    }
    try #require(listening)
    port = Int(UInt16(bigEndian: any.sin_port))
    Thread.detachNewThread { [self] in serveOne() }
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// Serves the first connection; after it, nobody can connect.
  private func serveOne() {
    let client = accept(listener, nil, nil)
    close(listener)
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(port: target)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // The client sends a frame and waits for its answer, so that what is read at once is one frame.
    for frame in 1... {
      guard forward(from: client, to: server) else { break }
      if frame == lostFrom {
        // Its answer is read and thrown away, so that it is known to have been done.
        var answer = [UInt8](repeating: 0, count: 65_536)
        _ = read(server, &answer, answer.count)
        hasLost.store(true, ordering: .releasing)
        while keepsOpen, read(client, &answer, answer.count) > 0 {}
        break
      }
      guard forward(from: server, to: client) else { break }
    }
    close(server)
    close(client)
  }

  private func forward(from source: Int32, to target: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = read(source, &bytes, bytes.count)
    return count > 0 && write(target, bytes, count) == count
  }
}
