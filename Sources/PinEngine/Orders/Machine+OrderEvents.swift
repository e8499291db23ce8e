import LMDB
import PinBytes
import PinStore
import PinWords

/// The one event of an order and its cards, written and applied:
///
///     the change: its request, and as its result the order as it is then, and the document of the card that it replaced
///     the body: 0 mail's kind  1 three zero bytes  4 the cards' event's length u32, 0 for none  8 that event, whole
extension Machine {
  /// Writes and applies the one event of an order and its cards.
  mutating func record(
    _ event: OrderEvent, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    var result = ByteWriter(capacity: 256)
    event.order.write(to: &result)
    if let replaced = event.replaces { result.write(replaced) }
    Self.beginChange(.orderChanged, event.change.id, event.fields, result: result, by: asker.id, &block)
    block.writer.write(event.mail.rawValue)
    block.writer.writeZeros(7)
    let cards = block.writer.count
    let id = event.order.id
    switch event.cards {
    case .none: break
    case .reserve(let asked): writeGrant(asked, deadlineMilliseconds: 0, by: asker.id, to: &block.writer)
    case .dispense: writeDispensed(id, openedCount: 0, by: asker.id, to: &block.writer)
    case .release: writeEnd(id, as: .released, .released, by: asker.id, to: &block.writer)
    case .becomeRegular(let change): writeReinventoried(change, by: asker.id, to: &block.writer)
    case .comeBack(let credits):
      guard case .takeBack(let extents) = event.change.act else { break }
      writeReturned(
        Return(id: event.change.id, reservation: id, extents: extents), credits, by: asker.id, to: &block.writer)
    }
    block.writer.overwrite(UInt32(block.writer.count - cards), at: cards - 4)
    return try endChange(.changeOrder, result: result, now, &block, &state)
  }

  mutating func applyOrderChanged(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let change = OrderChangedEvent(event)
    let order = change.order
    if let cards = change.cards {
      try carryOut(cards, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    }
    switch change.act {
    case .takeBack: try noteCameBack(change.cards, from: order.id, &state)
    case .submit:
      try changeHead(of: order.id, &state) { $0.isOrdered = true }
      let bought = order.customer.bytes + order.id.bytes
      let nothing: [UInt8] = []
      try state.put(nothing.span.bytes, for: bought.span.bytes, in: tables.bought)
    case .pardon:
      try changeCustomer(order.customer, &state) { $0.deniedOrders -= 1 }
      try removeFraud(of: order, &state)
    case .approve:
      try changeCustomer(order.customer, &state) { customer in
        customer.approvedOrders += 1
        customer.approvedCard = order.instrument
      }
    case .deny:
      try changeCustomer(order.customer, &state) { $0.deniedOrders += 1 }
      try putFraud(of: order, &state)
    default: break
    }
    record.removeAll()
    order.write(to: &record)
    let key = order.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.orders)
    if change.mail != .none {
      let mail = WaitingMail(
        cause: sequence, kind: change.mail, order: order.id, dueMilliseconds: timeMilliseconds)
      try putMail(mail, &state)
    }
    if order.waitsForGateway {
      try state.put([UInt8]().span.bytes, for: key.span.bytes, in: tables.payments)
    } else if order.method != nil {
      _ = try state.remove(key.span.bytes, in: tables.payments)
    }
    if order.waitsForReview {
      try state.put([UInt8]().span.bytes, for: key.span.bytes, in: tables.reviews)
    } else {
      _ = try state.remove(key.span.bytes, in: tables.reviews)
    }
  }
}

/// What is to be written of an order's change.
struct OrderEvent {
  enum Cards {
    case none, dispense, release
    case becomeRegular(StockChange)
    case reserve(Asked)
    case comeBack([Credit])
  }
  var change: OrderChange
  var fields: FieldList
  var order: Order
  var mail: MailKind
  /// The document of the payment card that it had before.
  var replaces: RequestID?
  var cards = Cards.none
}

/// An order-changed event, read in place.
struct OrderChangedEvent: ~Escapable {
  let change: ChangeEvent

  @_lifetime(copy event)
  init(_ event: RawSpan) { change = ChangeEvent(event) }

  /// The order as it is then.
  var order: Order { trusting(change.result) { (reader) throws(ByteShortage) in try Order(&reader) } }

  var act: OrderAct {
    // The request's first field: its number, its length, the act.
    guard let act = OrderAct(rawValue: change.request.unsafeLoad(fromByteOffset: 3, as: UInt8.self)) else {
      preconditionFailure("an event names an act that does not exist")
    }
    return act
  }

  var mail: MailKind {
    guard let mail = MailKind(rawValue: change.body.unsafeLoad(as: UInt8.self)) else {
      preconditionFailure("an event causes a mail of a kind that does not exist")
    }
    return mail
  }

  /// The event of its cards, if they moved.
  var cards: RawSpan? {
    @_lifetime(copy self) get {
      change.body.byteCount > 8 ? change.body.extracting(8..<change.body.byteCount) : nil
    }
  }
}
