/// One connection of the load: what goes out, what comes in, and the requests that wait for their answers, in order.
final class LoadConnection<Speaker: Dialect> {
  let transport: Transport
  var outgoing = SocketBuffer()
  private var incoming = SocketBuffer()
  private let dialect: Speaker
  var slots: [OperationSlot]
  /// Slots whose request is under way, in the order the requests were sent in; a ring.
  private var waiting: [Int32]
  private var firstWaiting = 0
  private(set) var waitingCount = 0
  /// Slots with nothing under way.
  var idle: [Int32]
  /// Whether the event loop is to say when there is room to send.
  var awaitsRoom = false

  init(_ dialect: Speaker, port: UInt16, usesTLS: Bool, inFlight: Int) throws(BenchmarkError) {
    self.dialect = dialect
    transport = try Transport(port: port, usesTLS: usesTLS)
    try dialect.open(on: transport)
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
  func receive(_ take: (Int, RawSpan) throws(BenchmarkError) -> Void) throws(BenchmarkError) {
    while true {
      var (received, isFilled) = (0, false)
      try incoming.fill(atLeast: 64 << 10) { (room) throws(BenchmarkError) in
        received = try transport.receive(into: room)
        isFilled = received == room.count
        return received
      }
      guard received > 0 else { return }
      _ = try incoming.drain { (bytes) throws(BenchmarkError) in
        var offset = 0
        while let byteCount = try dialect.answerByteCount(bytes.extracting(offset...)) {
          guard waitingCount > 0 else { throw BenchmarkError("an answer came that nobody asked for") }
          let slot = Int(waiting[firstWaiting])
          firstWaiting = (firstWaiting + 1) % waiting.count
          waitingCount -= 1
          try take(slot, bytes.extracting(offset..<offset + byteCount))
          offset += byteCount
        }
        return offset
      }
      // A socket that gave less than there was room for has no more.
      if !isFilled, !transport.usesTLS { return }
    }
  }
}
