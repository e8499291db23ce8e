import PinBytes
import PinWords

// Request of shift totals: nothing. Of close shift: an id, see Standing.swift.
// Answer of both:
//   16 opened at u64 · 24 number u32 · 28 total count u16 · 30 reserved 2 · 32 totals, 64 bytes each:
//      0 gross u64 · 8 discount u64 · 16 tax u64 · 24 reversed u64 · 32 returned u64 · 40 currency u32 · 44 sales u32
//      48 cards u32 · 52 reversals u32 · 56 reversed cards u32 · 60 returned cards u32

extension Shift: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let openedAt = try reader.integer(UInt64.self)
    self.init(number: try reader.integer(), openedAtMilliseconds: openedAt, totals: [])
    let count = try reader.integer(UInt16.self)
    try reader.reserved(2)
    for _ in 0..<count { totals.append(try ShiftTotal(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(openedAtMilliseconds)
    writer.write(number)
    writer.write(UInt16(totals.count))
    writer.writeZeros(2)
    for total in totals { total.write(to: &writer) }
  }
}

extension ShiftTotal {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let gross = try reader.integer(UInt64.self)
    let discount = try reader.integer(UInt64.self)
    let tax = try reader.integer(UInt64.self)
    let reversed = try reader.integer(UInt64.self)
    let returned = try reader.integer(UInt64.self)
    self.init(currency: try reader.currency())
    (grossMinor, discountMinor, taxMinor, reversedMinor, returnedMinor) = (gross, discount, tax, reversed, returned)
    sales = try reader.integer()
    cards = try reader.integer()
    reversals = try reader.integer()
    reversedCards = try reader.integer()
    returnedCards = try reader.integer()
  }

  func write(to writer: inout ByteWriter) {
    for amount in [grossMinor, discountMinor, taxMinor, reversedMinor, returnedMinor] { writer.write(amount) }
    for number in [currency.code, sales, cards, reversals, reversedCards, returnedCards] { writer.write(number) }
  }
}
