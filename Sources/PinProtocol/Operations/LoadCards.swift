import PinBytes
import PinWords

// Request:
//   0 purchase u32 · 4 chunk u32 · 8 card count u16 · 10 reserved 6
//   16 cards, each: 0 expiry u32 · 4 serial length u8 · 5 PIN length u8 · 6 serial, PIN
// Answer:
//   16 accepted u16 · 18 refusal count u16 · 20 reserved 4 · 24 refusals, 8 bytes each:
//      0 index u16 · 2 reason u8 · 3 reserved 1 · 4 purchase u32

/// A chunk of a purchase's cards.
public struct LoadCards: Hashable, Sendable {
  public struct Card: Hashable, Sendable {
    public var expiry: Day
    public var serial: String
    public var pin: PIN

    public init(expiry: Day, serial: String, pin: PIN) {
      self.expiry = expiry
      self.serial = serial
      self.pin = pin
    }
  }

  public var purchase: PurchaseID
  /// 0 for the first, rising by one.
  public var chunk: UInt32
  /// 1 to `Limits.cardsPerChunk`. A serial or PIN that is empty or too long is refused alone, by the answer.
  public var cards: [Card]

  public init(purchase: PurchaseID, chunk: UInt32, cards: [Card]) {
    self.purchase = purchase
    self.chunk = chunk
    self.cards = cards
  }
}

extension LoadCards: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(purchase: try reader.identity(), chunk: try reader.integer(), cards: [])
    let count = try reader.integer(UInt16.self)
    try reader.reserved(6)
    for _ in 0..<count {
      let expiry = try reader.day()
      let serialLength = try reader.integer(UInt8.self)
      let pinLength = try reader.integer(UInt8.self)
      let serial = try reader.text(serialLength, .serial)
      cards.append(Card(expiry: expiry, serial: serial, pin: PIN(try reader.text(pinLength, .pin))))
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(purchase.rawValue)
    writer.write(chunk)
    writer.write(UInt16(cards.count))
    writer.writeZeros(6)
    for card in cards {
      writer.write(card.expiry.daysSince1970)
      writer.write(card.serial.shortByteCount)
      writer.write(card.pin.text.shortByteCount)
      writer.write(text: card.serial)
      writer.write(text: card.pin.text)
    }
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(purchase.rawValue != 0, .purchase)
    try require(cards.count >= 1 && cards.count <= Int(limits.cardsPerChunk), .count)
    for card in cards {
      try require(card.serial.utf8.count <= 255, .serial)
      try require(card.pin.text.utf8.count <= 255, .pin)
    }
  }
}

/// A chunk read card by card where it lies, so that no PIN is copied before it is sealed.
///
///     var chunk = try ChunkReader(body, limits: limits)
///     while let card = try chunk.next() { seal(card.pin) }
public struct ChunkReader: ~Escapable {
  /// A card where it lies in the chunk.
  public struct Card: ~Escapable {
    public let expiry: Day
    public let serial: RawSpan
    public let pin: RawSpan

    @_lifetime(copy serial, copy pin)
    init(expiry: Day, serial: RawSpan, pin: RawSpan) {
      self.expiry = expiry
      self.serial = serial
      self.pin = pin
    }
  }

  public let purchase: PurchaseID
  public let chunk: UInt32
  /// How many cards there are in all.
  public let cardCount: Int
  private var cardsLeft: Int
  private var reader: BodyReader

  /// Reads what comes before the cards.
  @_lifetime(copy body)
  public init(_ body: RawSpan, limits: Limits) throws(ProtocolFault) {
    var reader = BodyReader(body)
    purchase = try reader.identity()
    chunk = try reader.integer()
    cardCount = Int(try reader.integer(UInt16.self))
    try reader.reserved(6)
    try require(purchase.rawValue != 0, .purchase)
    try require(cardCount >= 1 && cardCount <= Int(limits.cardsPerChunk), .count)
    cardsLeft = cardCount
    self.reader = reader
  }

  /// The next card, or nil after the last, when it has also been checked that nothing follows it.
  @_lifetime(copy self)
  public mutating func next() throws(ProtocolFault) -> Card? {
    guard cardsLeft > 0 else {
      try reader.finish()
      return nil
    }
    cardsLeft -= 1
    let expiry = try reader.day()
    let serialLength = try reader.integer(UInt8.self)
    let pinLength = try reader.integer(UInt8.self)
    let serial = try reader.bytes(Int(serialLength))
    return Card(expiry: expiry, serial: serial, pin: try reader.bytes(Int(pinLength)))
  }
}

/// How a chunk went.
public struct LoadCardsAnswer: Hashable, Sendable {
  public var accepted: UInt16
  /// In the order of their indexes.
  public var refusals: [LoadRefusal]

  public init(accepted: UInt16, refusals: [LoadRefusal] = []) {
    self.accepted = accepted
    self.refusals = refusals
  }
}

extension LoadCardsAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(accepted: try reader.integer())
    let count = try reader.integer(UInt16.self)
    try reader.reserved(4)
    for _ in 0..<count {
      let index = try reader.integer(UInt16.self)
      let reason = try reader.choice(LoadRefusal.Reason.self, .reason)
      try reader.reserved(1)
      refusals.append(LoadRefusal(index: index, reason: reason, purchase: try reader.identity()))
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(accepted)
    writer.write(UInt16(refusals.count))
    writer.writeZeros(4)
    for refusal in refusals {
      writer.write(refusal.index)
      writer.write(refusal.reason.rawValue)
      writer.writeZeros(1)
      writer.write(refusal.purchase.rawValue)
    }
  }
}
