import LMDB
import PinBytes
import PinStore
import PinWords

/// Changes that carry an id of their own: what was asked and what came of it is kept under the id (law 4).
///
/// In an event, after the head:   8 id  24 request length u32  28 result length u32  32 request, result, then what moved
/// In the `ids` table:            0 kind (2)  1 operation  2 zero u16  4 actor u32  8 sequence u64  16 time u64
///                                24 request length u32  28 result length u32  32 request, result
///
/// A request is its fields one after another: field, length u16, bytes. A result ends with the ids of the documents that the
/// change replaced, if it did: the engine alone knows them, and they are purged by what it says (`DocumentDesk`).
extension Machine {
  static let changeKind: UInt8 = 2

  /// The reply for an id that is known already: the same answer, or why it is refused. Nil for a new id.
  func knownChange(
    _ id: RequestID, _ operation: Operation, _ request: FieldList, ignoring ignored: Field? = nil, _ asker: Asker,
    _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply? {
    guard id != .zero else { return Reply(.refused(.invalid(.id))) }
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return nil }
    if record.unsafeLoad(as: UInt8.self) == ReservationHead.kind {
      let head = ReservationHead(record)
      guard head.lineCount == 0 else { return Reply(.refused(.idReused(.operation))) }
      guard head.actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
      // An id that was reversed before it arrived never comes to pass (law 5).
      return Reply(.refused(.wrongState(.reversed)))
    }
    guard record.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == operation.rawValue else {
      return Reply(.refused(.idReused(.operation)))
    }
    let actor = ActorID(record.bigEndian(at: 4))
    guard actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
    let requestLength = Int(record.bigEndian(at: 24) as UInt32)
    let resultLength = Int(record.bigEndian(at: 28) as UInt32)
    if let field = request.firstDifference(from: record.extracting(32..<32 + requestLength), ignoring: ignored) {
      return Reply(.refused(.idReused(field)))
    }
    let result = record.extracting(32 + requestLength..<32 + requestLength + resultLength)
    return reply(to: operation, result: result, sequence: record.bigEndian(at: 8), isRepeat: true)
  }

  /// What a change's result says, and which documents it replaced.
  private func reply(to operation: Operation, result: RawSpan, sequence: UInt64, isRepeat: Bool = false) -> Reply {
    Reply(
      outcome(of: operation, result: result), sequence: sequence, isRepeat: isRepeat,
      replaces: Self.replaced(by: operation, result: result))
  }

  /// The documents that a change replaced: what its result ends with.
  static func replaced(by operation: Operation, result: RawSpan) -> [RequestID] {
    trusting(result) { (reader) throws(ByteShortage) in
      switch operation {
      case .defineActor: _ = try reader.read(UInt32.self)
      case .defineCustomer: _ = try Customer(&reader)
      case .changeOrder: _ = try Order(&reader)
      case .defineSheet: _ = try Sheet(&reader)
      case .changeCredential: _ = try Credential(&reader)
      default: return []
      }
      return try reader.readIDs(to: result.byteCount)
    }
  }

  /// What a change's result says, as the answer told it the first time.
  func outcome(of operation: Operation, result: RawSpan) -> Outcome {
    switch operation {
    case .return:
      return .returned(
        stride(from: 0, to: result.byteCount, by: Credit.byteCount).map { offset in
          Credit(
            cards: result.bigEndian(at: offset + 12), amountMinor: result.bigEndian(at: offset),
            currency: Currency(code: result.bigEndian(at: offset + 8))!)
        })
    case .reinventory, .withdraw, .settle: return .moved(cards: result.bigEndian(at: 0))
    case .defineProduct: return .product(ProductID(result.bigEndian(at: 0)))
    case .defineActor: return .actor(ActorID(result.bigEndian(at: 0)))
    case .beginPurchase:
      let purchase = PurchaseID(result.bigEndian(at: 0))
      return .purchase(purchase, lots: purchasedLots(result.extracting(4..<result.byteCount)))
    case .approve: return .approved(validUntilMilliseconds: result.bigEndian(at: 0))
    case .changeOrder:
      return .orderChanged(trusting(result) { (reader) throws(ByteShortage) in try Order(&reader) })
    case .defineCustomer: return .customer(trusting(result) { (reader) throws(ByteShortage) in try Customer(&reader) })
    case .defineSheet: return .sheet(trusting(result) { (reader) throws(ByteShortage) in try Sheet(&reader) })
    case .changePurchaseOrder:
      return .purchaseOrder(trusting(result) { (reader) throws(ByteShortage) in try PurchaseOrder(&reader) })
    case .showCard: return .cardShown(trusting(result) { (reader) throws(ByteShortage) in try DocumentName(&reader) })
    case .changeCredential:
      return .credential(trusting(result) { (reader) throws(ByteShortage) in try Credential(&reader) })
    case .closeShift: return .shift(trusting(result) { (reader) throws(ByteShortage) in try Shift(&reader) })
    default: return .done
    }
  }

  /// Begins the event of a change; the caller writes what it moves and calls `endChange`.
  static func beginChange(
    _ kind: EventKind, _ id: RequestID, _ request: FieldList, result: borrowing ByteWriter, by actor: ActorID,
    _ block: inout Block
  ) {
    block.beginEvent()
    writeChange(kind, id, request, result: result, by: actor, to: &block.writer)
  }

  /// Writes what the events of all changes begin with.
  static func writeChange(
    _ kind: EventKind, _ id: RequestID, _ request: FieldList, result: borrowing ByteWriter, by actor: ActorID,
    to writer: inout ByteWriter
  ) {
    EventHead(kind: kind, actor: actor).write(to: &writer)
    writer.write(id)
    writer.write(UInt32(request.bytes.count))
    writer.write(UInt32(result.count))
    writer.write(request.bytes)
    writer.write(result.bytes)
  }

  /// Ends the event, applies it, and tells what came of it.
  mutating func endChange(
    _ operation: Operation, result: borrowing ByteWriter, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return reply(to: operation, result: result.bytes, sequence: sequence)
  }

  /// Keeps a change under its id.
  mutating func recordChange(
    _ operation: Operation, _ event: RawSpan, _ eventHead: EventHead, sequence: UInt64, timeMilliseconds: UInt64,
    _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let change = ChangeEvent(event)
    record.removeAll()
    record.write(Self.changeKind)
    record.write(operation.rawValue)
    record.write(UInt16(0))
    record.write(eventHead.actor.rawValue)
    record.write(sequence)
    record.write(timeMilliseconds)
    record.write(event.extracting(24..<change.bodyOffset))
    let key = change.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.ids)
  }
}

/// The part that all changes' events have in common, read in place.
struct ChangeEvent: ~Escapable {
  let event: RawSpan
  let id: RequestID
  /// Where what is particular to the change begins.
  let bodyOffset: Int
  private let resultOffset: Int

  @_lifetime(copy event)
  init(_ event: RawSpan) {
    self.event = event
    id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    resultOffset = 32 + Int(event.bigEndian(at: 24) as UInt32)
    bodyOffset = resultOffset + Int(event.bigEndian(at: 28) as UInt32)
  }

  var request: RawSpan { @_lifetime(copy self) get { event.extracting(32..<resultOffset) } }
  var result: RawSpan { @_lifetime(copy self) get { event.extracting(resultOffset..<bodyOffset) } }
  var body: RawSpan { @_lifetime(copy self) get { event.extracting(bodyOffset..<event.byteCount) } }
}

/// The fields of a request as bytes, so that two requests can be compared and the first difference named.
struct FieldList {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ field: Field, _ value: [UInt8]) {
    bytes.append(field.rawValue)
    bytes.append(UInt8(truncatingIfNeeded: value.count >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value.count))
    bytes += value
  }

  mutating func add(_ field: Field, _ value: some FixedWidthInteger) {
    add(field, withUnsafeBytes(of: value.bigEndian) { Array($0) })
  }

  mutating func add(_ field: Field, _ value: String) { add(field, Array(value.utf8)) }

  mutating func add(_ field: Field, _ id: RequestID) {
    add(field, id.bytes)
  }

  mutating func add(_ others: FieldList) { bytes += others.bytes }

  mutating func add(_ extents: [Extent]) {
    for extent in extents {
      add(.extents, withUnsafeBytes(of: extent.first.rawValue.bigEndian) { Array($0) })
      add(.count, extent.count)
    }
  }

  /// The first field in which another request differs; nil if none does. Of one that is ignored, what it holds may differ.
  func firstDifference(from other: RawSpan, ignoring ignored: Field? = nil) -> Field? {
    let others = [UInt8](other)
    guard others != bytes else { return nil }
    var start = 0
    while start < bytes.count {
      let length = 3 + (Int(bytes[start + 1]) << 8 | Int(bytes[start + 2]))
      let compared = bytes[start] == ignored?.rawValue ? 3 : length
      guard start + length <= others.count, bytes[start..<start + compared] == others[start..<start + compared] else {
        return Field(rawValue: bytes[start])
      }
      start += length
    }
    // The other request says more than this one.
    return start < others.count ? Field(rawValue: others[start]) : nil
  }
}
