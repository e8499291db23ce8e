import PinBytes
import PinWords

/// A reservation as the `ids` table holds it: a head of fixed offsets that later events change, then what was granted.
///
///     0 kind (1)  1 state  2 flags (1: vended, 2: of an order)  3 tender  4 actor u32  8 reserved at u64  16 deadline u64
///     24 dispensed at u64  32 opened count u32  36 print count u16  38 line count u16  40 cashier u32
///     44 hold seconds u32  48 created by u64  56 changed by u64  64 settled at u64  72 slice count u32  76 zero u32
///     80 lines (40 bytes each), then slices (24 bytes each)
///
/// The body from 72 on is copied from the event as it stands: what was granted never changes.
struct ReservationHead {
  static let byteCount = 72
  static let kind: UInt8 = 1

  var state: ReservationState
  var isVended: Bool
  /// Its cards are an order's: what becomes of them, the order decides.
  var isOrdered = false
  var sale: Sale
  var actor: ActorID
  var reservedAtMilliseconds: UInt64
  /// 0 for none.
  var deadlineMilliseconds: UInt64
  /// 0 until its PINs are disclosed.
  var dispensedAtMilliseconds: UInt64
  var openedCount: UInt32
  var printCount: UInt16
  var lineCount: UInt16
  var holdSeconds: UInt32
  /// The event that made it.
  var createdBy: UInt64
  /// The event that brought it to its state.
  var changedBy: UInt64
  /// When it was given up: it is forgotten some time after. 0 otherwise.
  var settledAtMilliseconds: UInt64

  /// A hold past its deadline is dead, whether or not the sweeper has been here.
  func isDead(at timeMilliseconds: UInt64) -> Bool {
    state == .held && deadlineMilliseconds != 0 && timeMilliseconds >= deadlineMilliseconds
  }

  /// The state as it is told: a dead hold is expired.
  func state(at timeMilliseconds: UInt64) -> ReservationState { isDead(at: timeMilliseconds) ? .expired : state }

  func write(to writer: inout ByteWriter) {
    writer.write(Self.kind)
    writer.write(state.rawValue)
    writer.write(UInt8((isVended ? 1 : 0) | (isOrdered ? 2 : 0)))
    writer.write(sale.tender.rawValue)
    writer.write(actor.rawValue)
    writer.write(reservedAtMilliseconds)
    writer.write(deadlineMilliseconds)
    writer.write(dispensedAtMilliseconds)
    writer.write(openedCount)
    writer.write(printCount)
    writer.write(lineCount)
    writer.write(sale.cashier)
    writer.write(holdSeconds)
    writer.write(createdBy)
    writer.write(changedBy)
    writer.write(settledAtMilliseconds)
  }

  init(
    state: ReservationState, isVended: Bool, sale: Sale, actor: ActorID, reservedAtMilliseconds: UInt64,
    deadlineMilliseconds: UInt64, lineCount: UInt16, holdSeconds: UInt32, createdBy: UInt64
  ) {
    self.state = state
    self.isVended = isVended
    self.sale = sale
    self.actor = actor
    self.reservedAtMilliseconds = reservedAtMilliseconds
    self.deadlineMilliseconds = deadlineMilliseconds
    dispensedAtMilliseconds = 0
    openedCount = 0
    printCount = 0
    self.lineCount = lineCount
    self.holdSeconds = holdSeconds
    self.createdBy = createdBy
    changedBy = createdBy
    settledAtMilliseconds = 0
  }

  init(_ record: RawSpan) {
    guard let state = ReservationState(rawValue: record.unsafeLoad(fromByteOffset: 1, as: UInt8.self)),
      let tender = Tender(rawValue: record.unsafeLoad(fromByteOffset: 3, as: UInt8.self))
    else { preconditionFailure("a reservation is in a state that does not exist") }
    self.state = state
    let flags = record.unsafeLoad(fromByteOffset: 2, as: UInt8.self)
    isVended = flags & 1 != 0
    isOrdered = flags & 2 != 0
    sale = Sale(cashier: record.bigEndian(at: 40), tender: tender)
    actor = ActorID(record.bigEndian(at: 4))
    reservedAtMilliseconds = record.bigEndian(at: 8)
    deadlineMilliseconds = record.bigEndian(at: 16)
    dispensedAtMilliseconds = record.bigEndian(at: 24)
    openedCount = record.bigEndian(at: 32)
    printCount = record.bigEndian(at: 36)
    lineCount = record.bigEndian(at: 38)
    holdSeconds = record.bigEndian(at: 44)
    createdBy = record.bigEndian(at: 48)
    changedBy = record.bigEndian(at: 56)
    settledAtMilliseconds = record.bigEndian(at: 64)
  }
}

/// What a reservation was granted: its lines with their prices, then its slices, as events and records both hold them.
///
///     0 slice count u32  4 zero u32  8 lines, then slices
struct GrantReader: ~Escapable {
  static let prefixByteCount = 8
  static let lineByteCount = 40
  static let sliceByteCount = 24

  private let bytes: RawSpan
  let lineCount: Int
  let sliceCount: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, lineCount: Int) {
    self.bytes = bytes
    self.lineCount = lineCount
    sliceCount = Int(bytes.bigEndian(at: 0) as UInt32)
    precondition(bytes.byteCount == Self.byteCount(lines: lineCount, slices: sliceCount), "a grant has another size")
  }

  /// The size of a grant.
  static func byteCount(lines: Int, slices: Int) -> Int {
    prefixByteCount + lines * lineByteCount + slices * sliceByteCount
  }

  func line(_ index: Int) -> GrantedLine {
    let start = Self.prefixByteCount + index * Self.lineByteCount
    guard let condition = Condition(rawValue: bytes.unsafeLoad(fromByteOffset: start + 8, as: UInt8.self)),
      let currency = Currency(code: bytes.bigEndian(at: start + 12))
    else { preconditionFailure("a granted line names a condition or currency that does not exist") }
    return GrantedLine(
      line: Line(
        product: ProductID(bytes.bigEndian(at: start)), count: bytes.bigEndian(at: start + 4), condition: condition,
        discountMinor: bytes.bigEndian(at: start + 24), taxMinor: bytes.bigEndian(at: start + 32)),
      unitPriceMinor: bytes.bigEndian(at: start + 16), currency: currency)
  }

  func slice(_ index: Int) -> Slice {
    let start = Self.prefixByteCount + lineCount * Self.lineByteCount + index * Self.sliceByteCount
    let line: UInt16 = bytes.bigEndian(at: start)
    let lineStart = Self.prefixByteCount + Int(line) * Self.lineByteCount
    return Slice(
      line: line, product: ProductID(bytes.bigEndian(at: lineStart)), lot: LotID(bytes.bigEndian(at: start + 4)),
      extent: Extent(first: CardID(bytes.bigEndian(at: start + 8)), count: bytes.bigEndian(at: start + 16)))
  }

  static func writePrefix(sliceCount: Int, to writer: inout ByteWriter) {
    writer.write(UInt32(sliceCount))
    writer.write(UInt32(0))
  }

  static func write(_ granted: GrantedLine, to writer: inout ByteWriter) {
    writer.write(granted.line.product.rawValue)
    writer.write(granted.line.count)
    writer.write(granted.line.condition.rawValue)
    writer.writeZeros(3)
    writer.write(granted.currency.code)
    writer.write(granted.unitPriceMinor)
    writer.write(granted.line.discountMinor)
    writer.write(granted.line.taxMinor)
  }

  static func write(line: UInt16, lot: LotID, extent: Extent, to writer: inout ByteWriter) {
    writer.write(line)
    writer.write(UInt16(0))
    writer.write(lot.rawValue)
    writer.write(extent.first.rawValue)
    writer.write(extent.count)
    writer.write(UInt32(0))
  }
}

extension Reservation {
  /// The whole reservation in a record, as it stands at a time.
  init(id: RequestID, record: RawSpan, atMilliseconds timeMilliseconds: UInt64) {
    let head = ReservationHead(record)
    let grant = GrantReader(
      record.extracting(ReservationHead.byteCount..<record.byteCount), lineCount: Int(head.lineCount))
    self.init(
      id: id, state: head.state(at: timeMilliseconds), actor: head.actor, sale: head.sale,
      reservedAtMilliseconds: head.reservedAtMilliseconds, deadlineMilliseconds: head.deadlineMilliseconds,
      dispensedAtMilliseconds: head.dispensedAtMilliseconds, openedCount: head.openedCount,
      printCount: head.printCount, lines: [], slices: [])
    lines.reserveCapacity(grant.lineCount)
    slices.reserveCapacity(grant.sliceCount)
    for index in 0..<grant.lineCount { lines.append(grant.line(index)) }
    for index in 0..<grant.sliceCount { slices.append(grant.slice(index)) }
  }
}
