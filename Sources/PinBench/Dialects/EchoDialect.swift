import Glibc

/// How long requests and answers are, in bytes.
package struct EchoSizes: Sendable {
  package var request: Int
  package var answer: Int

  package init(request: Int, answer: Int) {
    self.request = request
    self.answer = answer
  }
}

/// Frames that mean nothing: what the sockets and the load itself can do.
final class EchoDialect: Dialect {
  private let sizes: EchoSizes
  private let frame: [UInt8]

  init(_ sizes: EchoSizes) {
    self.sizes = sizes
    frame = Array(repeating: 0, count: sizes.request)
  }

  func open(on transport: Transport) {}

  func append(_ request: Request, to outgoing: inout SocketBuffer) {
    let frame = frame
    outgoing.append(frame.span.bytes)
  }

  func answerByteCount(_ bytes: RawSpan) -> Int? { bytes.byteCount >= sizes.answer ? sizes.answer : nil }

  func read(_ answer: RawSpan, of step: Step, card: (Int?) -> Void) -> AnswerHead { .done }
}
