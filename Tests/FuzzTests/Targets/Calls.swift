import PinProtocol
import PinWords

@testable import PinClient

extension FuzzTarget {
  /// The client's table of calls under a server that answers what it likes, when it likes, and over many connections.
  ///
  /// Beside the table runs a note of what was sent and lost: a change that may have been made must never be told as one
  /// that was not. Input: what happens, one byte after another.
  static let calls = FuzzTarget(name: "calls", longestInput: 256) { bytes in
    var input = Input(bytes)
    var story = Story()
    while !input.isEmpty { try story.goOn(&input) }
    try story.end()
  }
}

private struct Story: ~Copyable {
  /// What is known of a call beside the table.
  private struct Note {
    let message: RequestMessage
    /// Copies of it went out over connections that broke before they were answered.
    var isLost = false
    var isInFlight = false
    var isTold = false
  }

  private var table = CallTable<Int>()
  private var notes: [Note] = []
  private var isOpen = false
  private var now: UInt64 = 0

  private static let messages: [RequestMessage] = [
    .vend(Vend(id: RequestID(high: 1, low: 2), sale: Sale(), line: Line(product: ProductID(1), count: 1))),
    .confirm(RequestID(high: 1, low: 2)), .reverse(RequestID(high: 1, low: 2)), .lookUp(RequestID(high: 1, low: 2)),
    .loadCards(LoadCards(purchase: PurchaseID(1), chunk: 0, cards: [])),
    .loadCards(LoadCards(purchase: PurchaseID(1), chunk: 1, cards: [])), .backup(Backup(path: "/b")), .statistics,
  ]

  mutating func goOn(_ input: inout Input) throws {
    now += UInt64(input.byte()) * 1_000_000
    switch input.number(below: 9) {
    case 0, 1: add(input.number(below: Self.messages.count), patience: input.byte())
    case 2, 3, 4: if isOpen { try send() }
    case 5, 6: if isOpen { try answer(&input) }
    case 7: try lose()
    default: try endSome(&input)
    }
    // Before the connection's owner does anything else it connects again.
    if !isOpen, input.byte() & 1 == 1 {
      isOpen = true
      table.opened(window: input.number(below: 4))
    }
    try hold(table.isEmpty == (table.waiting.isEmpty && table.inFlight.isEmpty), "the table is empty and is not")
  }

  mutating func end() throws {
    try tell(table.failAll(.notConnected(.closed)))
    try hold(notes.allSatisfy(\.isTold), "a call ended without anybody being told")
  }

  private mutating func add(_ message: Int, patience: UInt8) {
    let deadline = now + UInt64(patience) * 10_000_000
    let call = Call(
      number: UInt64(notes.count), message: Self.messages[message], deadlineNanoseconds: deadline,
      completion: notes.count)
    notes.append(Note(message: Self.messages[message]))
    table.add(call)
  }

  private mutating func send() throws {
    guard case .send(let message, let number) = table.next(atNanoseconds: now) else { return }
    try hold(notes[Int(number)].message == message, "a call is sent as another one")
    notes[Int(number)].isInFlight = true
    table.sent(atNanoseconds: now)
  }

  /// An answer of any kind to the request whose turn it is, or to another.
  private mutating func answer(_ input: inout Input) throws {
    let first = table.inFlight.first
    let isInTurn = input.byte() > 7
    let number = isInTurn ? first?.requestNumber ?? 0 : UInt32(input.byte())
    let operation = isInTurn ? first?.message.operation.rawValue ?? 0 : input.byte()
    let status = input.byte()
    let body = input.bytes(36)
    let answer: Result<AnswerMessage, ProtocolFault>
    do throws(ProtocolFault) {
      let frame = makeFrame(operation, status: status, body: body)
      let header = try FrameHeader(frame, isAnswer: true, limit: .max)
      answer = .success(try AnswerMessage.decode(header, body: body.span.bytes))
    } catch {
      answer = .failure(error)
    }
    let action = table.answered(
      requestNumber: number, operationNumber: operation, answer, atNanoseconds: now)
    switch action {
    case .tell(let ending):
      try hold(first?.requestNumber == number, "an answer to one call was told to another")
      notes[Int(number)].isInFlight = false
      if let ending { try tell([ending], answer: answer) }
    case .retry:
      try hold(first?.requestNumber == number, "an answer to one call sends another again")
      notes[Int(number)].isInFlight = false
      // Whoever says stopping may have done it before.
      if case .success(let message) = answer, message.outcome == .refused(.stopping) {
        notes[Int(number)].isLost = true
      }
    case .lose: try lose()
    }
  }

  private mutating func lose() throws {
    isOpen = false
    for index in notes.indices where notes[index].isInFlight {
      notes[index].isInFlight = false
      notes[index].isLost = true
    }
    try tell(table.lost())
  }

  private mutating func endSome(_ input: inout Input) throws {
    switch input.number(below: 3) {
    case 0: try tell(table.expire(atNanoseconds: now, disconnection: isOpen ? nil : .endedByServer))
    case 1: try tell(table.cancel(number: UInt64(input.byte())))
    default: if !isOpen { try tell(table.failWaiting(.notConnected(.closed))) }
    }
  }

  private mutating func tell(
    _ endings: [Ending<Int>], answer: Result<AnswerMessage, ProtocolFault>? = nil
  ) throws {
    for ending in endings {
      let note = notes[ending.completion]
      try hold(!note.isTold, "a call was told twice")
      notes[ending.completion].isTold = true
      switch ending.result {
      case .success(let message):
        try hold(answer == .success(message), "an answer was told that did not come")
      case .failure(let error):
        let mayBeMade = note.message.changeKey != nil && (note.isLost || note.isInFlight)
        guard mayBeMade else { continue }
        if case .unknownOutcome = error { continue }
        guard case .refused(let refusal) = error, refusal.holdsForEarlierCopies else {
          throw Broken(description: "a change that may have been made ended with \(error)")
        }
      }
    }
  }
}
