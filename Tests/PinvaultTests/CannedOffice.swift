import Foundation
import Testing

/// A back office that says the same to whoever asks first, whatever that is: to have an answer break off where a test likes.
final class CannedOffice: Sendable {
  let url: String
  private let listener: Int32
  private let answered = AsyncStream<String>.makeStream()

  enum Ending { case closing, silence }

  /// Takes the first client, in the background.
  init(answering answer: String, then ending: Ending) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 1) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    try #require(isListening)
    self.listener = listener
    url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    Thread.detachNewThread { [answered] in
      let client = accept(listener, nil, nil)
      guard client >= 0 else { return answered.continuation.finish() }
      var (request, buffer) = ("", [UInt8](repeating: 0, count: 4096))
      while !request.contains("\r\n\r\n") {
        let count = read(client, &buffer, buffer.count)
        guard count > 0 else { break }
        request += String(decoding: buffer[..<count], as: UTF8.self)
      }
      _ = send(client, answer, answer.utf8.count, CInt(MSG_NOSIGNAL))
      answered.continuation.yield(request)
      answered.continuation.finish()
      // Until the other side hangs up.
      if ending == .silence { while read(client, &buffer, buffer.count) > 0 {} }
      close(client)
    }
  }

  /// Waits until somebody has asked, and was answered; returns what was asked, "" if nobody could.
  @discardableResult
  func hasAnswered() async -> String { await answered.stream.first { _ in true } ?? "" }

  func end() { shutdown(listener, Int32(SHUT_RDWR)) }
}
