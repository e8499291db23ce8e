import PinBytes
import PinWords

// Answer of vend, dispense and reprint:
//   16 reservation 16 · 32 dispensed at u64 · 40 first index u32 · 44 next index u32 · 48 total u32 · 52 card count u16
//   54 print count u16 · 56 state u8 · 57 reserved 1 · 58 line count u16 · 60 reserved 4
//   64 lines, 48 bytes each:
//      0 unit price u64 · 8 face value u64 · 16 discount u64 · 24 tax u64 · 32 product u32 · 36 count u32
//      40 currency u32 · 44 condition u8 · 45 name length u8 · 46 instructions length u8 · 47 reserved 1
//   then cards, each:
//      0 card id u64 · 8 expiry u32 · 12 line u16 · 14 serial length u8 · 15 PIN length u8 · 16 serial, PIN
//   then for each line its name, instructions
//
// With one line, as in every vend, the first card stands at 112. The texts come last so that it does.

/// A line of a delivery, with what a receipt says of its product.
public struct DeliveryLine: Hashable, Sendable {
  static let byteCount = 48

  /// The line as it was granted.
  public var granted: GrantedLine
  /// What one card is worth, in minor units.
  public var faceValueMinor: UInt64
  /// The product's name.
  public var name: String
  /// How to redeem the card.
  public var instructions: String

  public init(granted: GrantedLine, faceValueMinor: UInt64, name: String, instructions: String) {
    self.granted = granted
    self.faceValueMinor = faceValueMinor
    self.name = name
    self.instructions = instructions
  }

  func write(to writer: inout ByteWriter) {
    writer.write(granted.unitPriceMinor)
    writer.write(faceValueMinor)
    writer.write(granted.line.discountMinor)
    writer.write(granted.line.taxMinor)
    writer.write(granted.line.product.rawValue)
    writer.write(granted.line.count)
    writer.write(granted.currency.code)
    writer.write(granted.line.condition.rawValue)
    writer.write(name.shortByteCount)
    writer.write(instructions.shortByteCount)
    writer.writeZeros(1)
  }

  /// Reads all but the texts, and how long those are.
  static func read(
    from reader: inout BodyReader
  ) throws(ProtocolFault) -> (line: DeliveryLine, nameLength: UInt8, instructionsLength: UInt8) {
    let unitPrice = try reader.integer(UInt64.self)
    let faceValue = try reader.integer(UInt64.self)
    let discount = try reader.integer(UInt64.self)
    let tax = try reader.integer(UInt64.self)
    let product = try reader.identity(ProductID.self)
    let count = try reader.integer(UInt32.self)
    let currency = try reader.currency()
    let condition = try reader.choice(Condition.self, .condition)
    let nameLength = try reader.integer(UInt8.self)
    let instructionsLength = try reader.integer(UInt8.self)
    try reader.reserved(1)
    let line = Line(product: product, count: count, condition: condition, discountMinor: discount, taxMinor: tax)
    let granted = GrantedLine(line: line, unitPriceMinor: unitPrice, currency: currency)
    return (
      DeliveryLine(granted: granted, faceValueMinor: faceValue, name: "", instructions: ""), nameLength,
      instructionsLength
    )
  }
}

/// What a delivery's answer says beside its lines and cards.
public struct DeliveryHead: Hashable, Sendable {
  public var reservation: RequestID
  public var state: ReservationState
  /// When the PINs became disclosed; 0 if they did not.
  public var dispensedAtMilliseconds: UInt64
  /// The place of the answer's first card in the delivery, from 0.
  public var firstIndex: UInt32
  /// Where to go on with `Reprint`; `total` after the last. Cards no longer in the delivery are passed over, so that this
  /// may be more than the first index and the cards told.
  public var nextIndex: UInt32
  /// How many cards the reservation has, those that came back included.
  public var total: UInt32
  /// How often these PINs had been told before: more than 0 is printed as DUPLICATE with this number.
  public var printCount: UInt16

  public init(
    reservation: RequestID, state: ReservationState, dispensedAtMilliseconds: UInt64, firstIndex: UInt32,
    nextIndex: UInt32, total: UInt32, printCount: UInt16
  ) {
    self.reservation = reservation
    self.state = state
    self.dispensedAtMilliseconds = dispensedAtMilliseconds
    self.firstIndex = firstIndex
    self.nextIndex = nextIndex
    self.total = total
    self.printCount = printCount
  }
}

/// Cards handed over, with all that a receipt needs. Holds PINs: keep it no longer than needed.
public struct Delivery: Hashable, Sendable {
  public struct Card: Hashable, Sendable {
    public var id: CardID
    /// Which of the delivery's lines it belongs to.
    public var line: UInt16
    public var expiry: Day
    public var serial: String
    public var pin: PIN

    public init(id: CardID, line: UInt16, expiry: Day, serial: String, pin: PIN) {
      self.id = id
      self.line = line
      self.expiry = expiry
      self.serial = serial
      self.pin = pin
    }
  }

  public var head: DeliveryHead
  public var lines: [DeliveryLine]
  /// Empty if the delivery can no longer be opened: `head.state` says why.
  public var cards: [Card]

  public init(head: DeliveryHead, lines: [DeliveryLine], cards: [Card]) {
    self.head = head
    self.lines = lines
    self.cards = cards
  }
}

extension Delivery: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let reservation = try reader.requestID()
    let dispensedAt = try reader.integer(UInt64.self)
    let firstIndex = try reader.integer(UInt32.self)
    let nextIndex = try reader.integer(UInt32.self)
    let total = try reader.integer(UInt32.self)
    let cardCount = try reader.integer(UInt16.self)
    let printCount = try reader.integer(UInt16.self)
    let state = try reader.choice(ReservationState.self, .reservation)
    try reader.reserved(1)
    let lineCount = try reader.integer(UInt16.self)
    try reader.reserved(4)
    self.init(
      head: DeliveryHead(
        reservation: reservation, state: state, dispensedAtMilliseconds: dispensedAt, firstIndex: firstIndex,
        nextIndex: nextIndex, total: total, printCount: printCount), lines: [], cards: [])
    var textLengths: [(name: UInt8, instructions: UInt8)] = []
    for _ in 0..<lineCount {
      let (line, nameLength, instructionsLength) = try DeliveryLine.read(from: &reader)
      lines.append(line)
      textLengths.append((nameLength, instructionsLength))
    }
    for _ in 0..<cardCount { cards.append(try Card(from: &reader, lineCount: lineCount)) }
    for index in lines.indices {
      lines[index].name = try reader.text(textLengths[index].name, .name)
      lines[index].instructions = try reader.text(textLengths[index].instructions, .instructions)
    }
  }

  func write(to writer: inout ByteWriter) {
    head.write(to: &writer, cardCount: UInt16(cards.count), lineCount: UInt16(lines.count))
    for line in lines { line.write(to: &writer) }
    for card in cards { card.write(to: &writer) }
    for line in lines {
      writer.write(text: line.name)
      writer.write(text: line.instructions)
    }
  }
}

extension DeliveryHead {
  static let byteCount = 48
  static let cardCountOffset = 36

  func write(to writer: inout ByteWriter, cardCount: UInt16, lineCount: UInt16) {
    writer.write(reservation)
    writer.write(dispensedAtMilliseconds)
    writer.write(firstIndex)
    writer.write(nextIndex)
    writer.write(total)
    writer.write(cardCount)
    writer.write(printCount)
    writer.write(state.rawValue)
    writer.writeZeros(1)
    writer.write(lineCount)
    writer.writeZeros(4)
  }
}

extension Delivery.Card {
  static let byteCount = 16

  init(from reader: inout BodyReader, lineCount: UInt16) throws(ProtocolFault) {
    let id = try reader.identity(CardID.self)
    let expiry = try reader.day()
    let line = try reader.integer(UInt16.self)
    try require(line < lineCount, .lines)
    let serialLength = try reader.integer(UInt8.self)
    let pinLength = try reader.integer(UInt8.self)
    try require(pinLength > 0, .pin)
    let serial = try reader.text(serialLength, .serial)
    self.init(id: id, line: line, expiry: expiry, serial: serial, pin: PIN(try reader.text(pinLength, .pin)))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id.rawValue)
    writer.write(expiry.daysSince1970)
    writer.write(line)
    writer.write(serial.shortByteCount)
    writer.write(pin.text.shortByteCount)
    writer.write(text: serial)
    writer.write(text: pin.text)
  }
}
