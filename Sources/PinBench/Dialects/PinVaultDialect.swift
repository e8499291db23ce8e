import PinBytes
import PinProtocol
import PinSealing
import PinWords

/// The protocol of `protocol.md`.
final class PinVaultDialect: Dialect {
  private let actorName: String
  private let key: SecretKey
  private var frames: RequestFrames

  init(_ plan: BenchmarkPlan, actorName: String, key: SecretKey, products: [UInt32]) {
    self.actorName = actorName
    self.key = key
    frames = RequestFrames(plan, products: products)
  }

  func open(on transport: Transport) throws(BenchmarkError) {
    try Session.open(on: transport, actorName: actorName, key: key)
  }

  func append(_ request: Request, to outgoing: inout SocketBuffer) { frames.append(request, to: &outgoing) }

  func answerByteCount(_ bytes: RawSpan) throws(BenchmarkError) -> Int? {
    guard bytes.byteCount >= FrameHeader.byteCount else { return nil }
    let byteCount = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(as: UInt32.self)))
    guard byteCount >= FrameHeader.byteCount + 16 else { throw BenchmarkError("an answer is too short") }
    return bytes.byteCount >= byteCount ? byteCount : nil
  }

  func read(_ answer: RawSpan, of step: Step, card: (Int?) -> Void) throws(BenchmarkError) -> AnswerHead {
    let view = AnswerView(frame: answer)
    let head = AnswerHead(status: view.status, isRepeat: view.isRepeat)
    if head.status == 0, step.isFirstDelivery || step.isRepeat { try view.forEachCard(card) }
    return head
  }
}

/// An answer as it came, read in place: only what a benchmark checks.
private struct AnswerView: ~Escapable {
  private let frame: RawSpan

  @_lifetime(copy frame)
  init(frame: RawSpan) { self.frame = frame }

  var status: UInt8 { frame.unsafeLoad(fromByteOffset: 6, as: UInt8.self) }
  var isRepeat: Bool { frame.unsafeLoad(fromByteOffset: 7, as: UInt8.self) & 1 != 0 }

  /// Hands on each card's number, found by serial and PIN; nil for one whose PIN is not its own.
  func forEachCard(_ body: (Int?) -> Void) throws(BenchmarkError) {
    let head = FrameHeader.byteCount
    try require(head + 64)
    let cardCount = Int(number(head + 52, as: UInt16.self))
    let lineCount = Int(number(head + 58, as: UInt16.self))
    var offset = head + 64 + 48 * lineCount
    for _ in 0..<cardCount {
      try require(offset + 16)
      let serialEnd = offset + 16 + Int(number(offset + 14, as: UInt8.self))
      let pinEnd = serialEnd + Int(number(offset + 15, as: UInt8.self))
      try require(pinEnd)
      body(
        BenchmarkCards.number(
          serial: frame.extracting(offset + 16..<serialEnd), pin: frame.extracting(serialEnd..<pinEnd)))
      offset = pinEnd
    }
  }

  private func require(_ byteCount: Int) throws(BenchmarkError) {
    guard frame.byteCount >= byteCount else { throw BenchmarkError("a delivery is cut short") }
  }

  private func number<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
    Value(bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }
}
