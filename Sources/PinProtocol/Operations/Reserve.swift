import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 hold seconds u32 · 20 cashier u32 · 24 tender u8 · 25 reserved 1 · 26 line count u16 · 28 reserved 4
//   32 lines, 32 bytes each
// Answer:
//   16 deadline u64 · 24 card count u32 · 28 state u8 · 29 reserved 1 · 30 line count u16 · 32 granted lines, 48 bytes each

extension Reserve: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let holdSeconds = try reader.integer(UInt32.self)
    let cashier = try reader.integer(UInt32.self)
    let tender = try reader.choice(Tender.self, .tender)
    try reader.reserved(1)
    let count = try reader.integer(UInt16.self)
    try reader.reserved(4)
    self.init(id: id, holdSeconds: holdSeconds, sale: Sale(cashier: cashier, tender: tender), lines: [])
    for _ in 0..<count { lines.append(try Line(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(holdSeconds)
    writer.write(sale.cashier)
    writer.write(sale.tender.rawValue)
    writer.writeZeros(1)
    writer.write(UInt16(lines.count))
    writer.writeZeros(4)
    for line in lines { line.write(to: &writer) }
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(holdSeconds <= limits.longestHoldSeconds, .holdTime)
    try require(lines.count >= 1 && lines.count <= Int(limits.linesPerRequest), .lines)
    for line in lines { try line.check(maximumCount: limits.cardsPerLine) }
  }
}

/// What was granted: prices are fixed from here on.
public struct ReserveAnswer: Hashable, Sendable {
  /// 0 for none.
  public var deadlineMilliseconds: UInt64
  public var cardCount: UInt32
  public var state: ReservationState
  public var lines: [GrantedLine]

  public init(deadlineMilliseconds: UInt64, cardCount: UInt32, state: ReservationState, lines: [GrantedLine]) {
    self.deadlineMilliseconds = deadlineMilliseconds
    self.cardCount = cardCount
    self.state = state
    self.lines = lines
  }
}

extension ReserveAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let deadline = try reader.integer(UInt64.self)
    let cardCount = try reader.integer(UInt32.self)
    let state = try reader.choice(ReservationState.self, .reservation)
    try reader.reserved(1)
    let count = try reader.integer(UInt16.self)
    self.init(deadlineMilliseconds: deadline, cardCount: cardCount, state: state, lines: [])
    for _ in 0..<count { lines.append(try GrantedLine(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(deadlineMilliseconds)
    writer.write(cardCount)
    writer.write(state.rawValue)
    writer.writeZeros(1)
    writer.write(UInt16(lines.count))
    for line in lines { line.write(to: &writer) }
  }
}
