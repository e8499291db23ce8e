import PinBytes
import PinWords

// Request: an id, see Standing.swift.
// Answer for a reservation:
//   16 kind u8 = 1 · 17 state u8 · 18 tender u8 · 19 reserved 1 · 20 actor u32 · 24 id 16 · 40 reserved at u64
//   48 deadline u64 · 56 dispensed at u64 · 64 cashier u32 · 68 opened count u32 · 72 print count u16 · 74 line count u16
//   76 slice count u16 · 78 reserved 2 · 80 granted lines, 48 bytes each · then slices, 24 bytes each:
//      0 first card id u64 · 8 count u32 · 12 product u32 · 16 lot u32 · 20 line u16 · 22 reserved 2
// Answer for another change:
//   16 kind u8 = 2 · 17 operation u8 · 18 reserved 6 · 24 time u64

extension Found: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    switch try reader.integer(UInt8.self) {
    case 1: self = .reservation(try Reservation(from: &reader))
    case 2:
      let operation = try reader.choice(Operation.self, .operation)
      try reader.reserved(6)
      self = .change(operation, timeMilliseconds: try reader.integer())
    default: throw .invalid(.operation)
    }
  }

  func write(to writer: inout ByteWriter) {
    switch self {
    case .reservation(let reservation):
      writer.write(UInt8(1))
      reservation.write(to: &writer)
    case .change(let operation, let timeMilliseconds):
      writer.write(UInt8(2))
      writer.write(operation.rawValue)
      writer.writeZeros(6)
      writer.write(timeMilliseconds)
    }
  }
}

extension Reservation {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let state = try reader.choice(ReservationState.self, .reservation)
    let tender = try reader.choice(Tender.self, .tender)
    try reader.reserved(1)
    let actor = try reader.identity(ActorID.self)
    let id = try reader.requestID()
    let reservedAt = try reader.integer(UInt64.self)
    let deadline = try reader.integer(UInt64.self)
    let dispensedAt = try reader.integer(UInt64.self)
    let cashier = try reader.integer(UInt32.self)
    let openedCount = try reader.integer(UInt32.self)
    let printCount = try reader.integer(UInt16.self)
    let lineCount = try reader.integer(UInt16.self)
    let sliceCount = try reader.integer(UInt16.self)
    try reader.reserved(2)
    self.init(
      id: id, state: state, actor: actor, sale: Sale(cashier: cashier, tender: tender),
      reservedAtMilliseconds: reservedAt, deadlineMilliseconds: deadline, dispensedAtMilliseconds: dispensedAt,
      openedCount: openedCount, printCount: printCount, lines: [], slices: [])
    for _ in 0..<lineCount { lines.append(try GrantedLine(from: &reader)) }
    for _ in 0..<sliceCount { slices.append(try Slice(from: &reader)) }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(state.rawValue)
    writer.write(sale.tender.rawValue)
    writer.writeZeros(1)
    writer.write(actor.rawValue)
    writer.write(id)
    writer.write(reservedAtMilliseconds)
    writer.write(deadlineMilliseconds)
    writer.write(dispensedAtMilliseconds)
    writer.write(sale.cashier)
    writer.write(openedCount)
    writer.write(printCount)
    writer.write(UInt16(lines.count))
    writer.write(UInt16(slices.count))
    writer.writeZeros(2)
    for line in lines { line.write(to: &writer) }
    for slice in slices { slice.write(to: &writer) }
  }
}

extension Slice {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let first = try reader.identity(CardID.self)
    let count = try reader.integer(UInt32.self)
    let product = try reader.identity(ProductID.self)
    let lot = try reader.identity(LotID.self)
    self.init(line: try reader.integer(), product: product, lot: lot, extent: Extent(first: first, count: count))
    try reader.reserved(2)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(extent.first.rawValue)
    writer.write(extent.count)
    writer.write(product.rawValue)
    writer.write(lot.rawValue)
    writer.write(line)
    writer.writeZeros(2)
  }
}
