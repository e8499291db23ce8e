import PinBytes
import PinWords

// Request:
//   0 id 16 · 16 reservation 16 · 32 extent count u16 · 34 reserved 6 · 40 extents, 16 bytes each
// Answer:
//   16 cards returned u32 · 20 credit count u16 · 22 reserved 2 · 24 credits, 16 bytes each:
//      0 amount u64 · 8 currency u32 · 12 cards u32

extension Return: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let reservation = try reader.requestID()
    let count = try reader.integer(UInt16.self)
    try reader.reserved(6)
    self.init(id: id, reservation: reservation, extents: try [Extent](from: &reader, count: count))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(reservation)
    writer.write(UInt16(extents.count))
    writer.writeZeros(6)
    extents.write(to: &writer)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(reservation != .zero, .reservation)
    try extents.check(0...Int(limits.extentsPerRequest))
  }
}

/// What came back, and what the buyer gets for it.
public struct ReturnAnswer: Hashable, Sendable {
  /// What is credited in one currency: amounts of two currencies are never summed.
  public struct Credit: Hashable, Sendable {
    public var amountMinor: UInt64
    public var currency: Currency
    public var cards: UInt32

    public init(amountMinor: UInt64, currency: Currency, cards: UInt32) {
      self.amountMinor = amountMinor
      self.currency = currency
      self.cards = cards
    }
  }

  public var cardsReturned: UInt32
  public var credits: [Credit]

  public init(cardsReturned: UInt32, credits: [Credit]) {
    self.cardsReturned = cardsReturned
    self.credits = credits
  }
}

extension ReturnAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(cardsReturned: try reader.integer(), credits: [])
    let count = try reader.integer(UInt16.self)
    try reader.reserved(2)
    for _ in 0..<count {
      let amount = try reader.integer(UInt64.self)
      credits.append(Credit(amountMinor: amount, currency: try reader.currency(), cards: try reader.integer()))
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(cardsReturned)
    writer.write(UInt16(credits.count))
    writer.writeZeros(2)
    for credit in credits {
      writer.write(credit.amountMinor)
      writer.write(credit.currency.code)
      writer.write(credit.cards)
    }
  }
}
