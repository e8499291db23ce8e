import PinBytes
import PinProtocol
import PinWords

/// One connection of the load: what goes out, what comes in, and the requests that wait for their answers, in order.
final class LoadConnection {
  let transport: Transport
  var outgoing = SocketBuffer()
  private var incoming = SocketBuffer()
  var slots: [OperationSlot]
  /// Slots whose request is under way, in the order the requests were sent in; a ring.
  private var waiting: [Int32]
  private var firstWaiting = 0
  private(set) var waitingCount = 0
  /// Slots with nothing under way.
  var idle: [Int32]
  /// Whether the event loop is to say when there is room to send.
  var awaitsRoom = false

  init(_ target: BenchmarkTarget, inFlight: Int) throws(BenchmarkError) {
    transport = try Transport(port: target.port, usesTLS: target.usesTLS)
    try Session.open(on: transport, target)
    try transport.stopWaiting()
    slots = Array(repeating: OperationSlot(), count: inFlight)
    waiting = Array(repeating: 0, count: inFlight)
    idle = (0..<Int32(inFlight)).reversed()
  }

  func sent(_ slot: Int) {
    precondition(waitingCount < waiting.count)
    waiting[(firstWaiting + waitingCount) % waiting.count] = Int32(slot)
    waitingCount += 1
  }

  /// Sends what the socket takes; gives back whether something is left.
  func flush() throws(BenchmarkError) -> Bool {
    while outgoing.count > 0 {
      let sent = try outgoing.drain { (bytes) throws(BenchmarkError) in try transport.send(bytes) }
      if sent == 0 { return true }
    }
    return false
  }

  /// Reads all there is, and hands each answer on with the slot it is for.
  func receive(_ take: (Int, AnswerView) throws(BenchmarkError) -> Void) throws(BenchmarkError) {
    while true {
      var received = 0
      try incoming.fill(atLeast: 64 << 10) { (room) throws(BenchmarkError) in
        received = try transport.receive(into: room)
        return received
      }
      guard received > 0 else { return }
      _ = try incoming.drain { (bytes) throws(BenchmarkError) in
        var offset = 0
        while let byteCount = try Self.frameByteCount(bytes.extracting(offset...)) {
          guard waitingCount > 0 else { throw BenchmarkError("an answer came that nobody asked for") }
          let slot = Int(waiting[firstWaiting])
          firstWaiting = (firstWaiting + 1) % waiting.count
          waitingCount -= 1
          try take(slot, AnswerView(frame: bytes.extracting(offset..<offset + byteCount)))
          offset += byteCount
        }
        return offset
      }
    }
  }

  /// How long the first frame is; nil if it is not there to its end.
  private static func frameByteCount(_ bytes: RawSpan) throws(BenchmarkError) -> Int? {
    guard bytes.byteCount >= FrameHeader.byteCount else { return nil }
    let byteCount = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(as: UInt32.self)))
    guard byteCount >= FrameHeader.byteCount + 16 else { throw BenchmarkError("an answer is too short") }
    return bytes.byteCount >= byteCount ? byteCount : nil
  }
}

/// An answer as it came, read in place: only what a benchmark checks.
struct AnswerView: ~Escapable {
  private let frame: RawSpan

  @_lifetime(copy frame)
  init(frame: RawSpan) { self.frame = frame }

  var status: UInt8 { frame.unsafeLoad(fromByteOffset: 6, as: UInt8.self) }
  var isRepeat: Bool { frame.unsafeLoad(fromByteOffset: 7, as: UInt8.self) & 1 != 0 }
  var requestNumber: UInt32 { UInt32(bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)) }

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
