import PinBytes
import PinProtocol
import PinWords

extension FuzzTarget {
  /// The 12 bytes that every frame begins with, in both directions.
  ///
  /// Input: whether it is an answer's · the longest frame taken, u32 · the bytes.
  static let header = FuzzTarget(name: "header", longestInput: 64) { bytes in
    var input = Input(bytes)
    let isAnswer = input.byte() & 1 == 1
    let limit = input.integer(UInt32.self)
    let rest = input.rest
    guard let header = try? FrameHeader(rest, isAnswer: isAnswer, limit: limit) else { return }
    try hold(header.length >= 12 && header.length <= limit, "a frame longer than was allowed is announced")
    try hold(isAnswer || header.status == .done && !header.isRepeat, "a request has a status or a flag")
    // Each field stands in one place, so the header says nothing but these bytes.
    var writer = ByteWriter()
    writer.write(header.length)
    writer.write([protocolVersion, header.operationNumber, header.status.rawValue, header.isRepeat ? 1 : 0])
    writer.write(header.requestNumber)
    try hold(Array(writer.bytes) == Array(rest.prefix(12)), "a header reads as another one")
  }

  /// A request's body, as a server reads it.
  ///
  /// Input: operation · which limits · the body.
  static let request = FuzzTarget(name: "request", longestInput: 2048) { bytes in
    var input = Input(bytes)
    let operation = input.choice(Operation.self)
    let limits = Limits.forFuzzing(input.byte())
    try checkRequest(operation, body: input.rest, limits)
  }

  /// An answer, as a client reads it from a server that means harm.
  ///
  /// Input: operation · status · flags · the body.
  static let answer = FuzzTarget(name: "answer", longestInput: 2048) { bytes in
    var input = Input(bytes)
    let operation = input.choice(Operation.self)
    let (status, flags) = (input.byte(), input.byte())
    let body = input.rest
    let frame = makeFrame(operation.rawValue, status: status, flags: flags, body: body)
    guard let header = try? FrameHeader(frame, isAnswer: true, limit: .max),
      let message = try? AnswerMessage.decode(header, body: body.span.bytes)
    else { return }
    try hold(message.status == header.status && message.isRepeat == header.isRepeat, "the answer is another one")
    var writer = ByteWriter()
    try message.encode(
      operationNumber: operation.rawValue, requestNumber: 7, into: &writer, limits: .forFuzzing(0, frameBytes: .max))
    let encoded = Array(writer.bytes)
    try hold(
      encoded == frame || message.hasItsOwnRetryTime && encoded.dropLast(4) == frame.dropLast(4),
      "the answer to \(operation.name) encodes as other bytes than those it was read from")
  }
}

/// What must hold of a request, whether it is taken or not.
func checkRequest(_ operation: Operation, body: [UInt8], _ limits: Limits) throws {
  let decoded: RequestMessage?
  do throws(ProtocolFault) {
    decoded = try RequestMessage.decode(operation, body: body.span.bytes, limits: limits)
  } catch {
    try hold(error.status != .done, "a fault counts as done")
    decoded = nil
  }
  if operation == .loadCards { try checkChunk(body, decoded, limits) }
  guard let decoded else { return }
  try hold(decoded.operation == operation, "the request is another one")
  var writer = ByteWriter()
  try decoded.encode(requestNumber: 7, into: &writer, limits: limits.allowing(frameBytes: .max))
  try hold(
    Array(writer.bytes) == makeFrame(operation.rawValue, body: body),
    "\(operation.name) encodes as other bytes than those it was read from")
}

/// A chunk read in place must be the chunk read at once; only texts that are not UTF-8 are left to who seals them.
private func checkChunk(_ body: [UInt8], _ decoded: RequestMessage?, _ limits: Limits) throws {
  var cards: [LoadCards.Card] = []
  var isText = true
  var isWhole = false
  do throws(ProtocolFault) {
    var chunk = try ChunkReader(body.span.bytes, limits: limits)
    while let card = try chunk.next() {
      guard let serial = String(validating: card.serial), let pin = String(validating: card.pin) else {
        isText = false
        continue
      }
      cards.append(LoadCards.Card(expiry: card.expiry, serial: serial, pin: PIN(pin)))
    }
    isWhole = true
  } catch {}
  if case .loadCards(let chunk)? = decoded {
    try hold(isWhole && chunk.cards == cards, "a chunk read in place is another one")
  } else {
    try hold(!isWhole || !isText, "a chunk is taken in place that is refused at once")
  }
}

func makeFrame(_ operation: UInt8, status: UInt8 = 0, flags: UInt8 = 0, body: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  writer.write(UInt32(12 + body.count))
  writer.write([1, operation, status, flags])
  writer.write(UInt32(7))
  writer.write(body)
  return Array(writer.bytes)
}

extension FrameHeader {
  init(_ bytes: [UInt8], isAnswer: Bool, limit: UInt32) throws(ProtocolFault) {
    if isAnswer {
      try self.init(answerIn: bytes.span.bytes, limit: limit)
    } else {
      try self.init(requestIn: bytes.span.bytes, limit: limit)
    }
  }
}

extension Limits {
  /// The usual limits, or narrow ones.
  static func forFuzzing(_ choice: UInt8, frameBytes: UInt32 = 65_536) -> Limits {
    var limits = Limits()
    limits.frameBytes = frameBytes
    guard choice & 1 == 1 else { return limits }
    (limits.cardsPerLine, limits.cardsPerAnswer, limits.linesPerRequest) = (3, 2, 2)
    (limits.extentsPerRequest, limits.lotsPerPurchase, limits.cardsPerChunk) = (2, 2, 2)
    limits.longestHoldSeconds = 60
    return limits
  }

  func allowing(frameBytes: UInt32) -> Limits {
    var limits = self
    limits.frameBytes = frameBytes
    return limits
  }
}

extension AnswerMessage {
  /// Of a refusal that is for now: how soon to try again is the server's to say, and the value keeps its own.
  var hasItsOwnRetryTime: Bool {
    if case .refused = outcome { true } else { false }
  }
}
