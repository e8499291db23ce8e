import LMDB
import PinBytes
import PinStore
import PinWords

/// An order's change and its cards' change in one event: both, or neither.
///
/// What the table of rules (`OrderRules.swift`) lets pass is decided here against the state; what its cards do is decided by
/// the same functions as for every reservation, and becomes an event inside the event:
///
///     the change: its request, and as its result the order as it is then, and the document of the card that it replaced
///     the body: 0 mail's kind  1 three zero bytes  4 the cards' event's length u32, 0 for none  8 that event, whole
extension Machine {
  mutating func decideChangeOrder(
    _ change: OrderChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard change.act.kind.isAllowed(asker, change.act.kind.allowedRoles) else { return Reply(.refused(.notPermitted)) }
    if let field = change.invalidField(limits) { return Reply(.refused(.invalid(field))) }
    let fields = change.fields
    if let reply = try knownChange(change.id, .changeOrder, fields, asker, state) { return reply }
    let before = try order(change.order, state)
    if case .submit(let submit) = change.act {
      if let before { return Reply(.orderRefused(.staleVersion(present: before.version))) }
      return try decideSubmit(submit, change, fields, asker, now, &block, &state)
    }
    guard let before else { return Reply(.orderRefused(.unknownOrder)) }
    guard before.actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
    guard before.version == change.version else {
      return Reply(.orderRefused(.staleVersion(present: before.version)))
    }
    guard let row = OrderRule.row(change.act.kind, before.axes) else {
      return Reply(.orderRefused(.wrongState(before.axes)))
    }
    guard change.act.kind.isAllowed(asker, row.roles) else { return Reply(.refused(.notPermitted)) }
    guard let customer = try customer(before.customer, state) else {
      preconditionFailure("an order is of a customer that does not exist")
    }
    return try decide(change, row, before, customer, fields, asker, now, &block, &state)
  }

  /// Decides an act whose row was found.
  private mutating func decide(
    _ change: OrderChange, _ row: OrderRule, _ before: Order, _ customer: Customer, _ fields: FieldList,
    _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    var order = before
    order.version += 1
    var replaced: RequestID?
    switch change.act {
    case .recordPayment(let authorisation):
      order.authorisation = authorisation
      order.paidMinor = order.totalMinor
    case .changeCard(let card):
      try setInstrument(card, nil, of: &order, customer, state)
      replaced = before.card?.document.id
    case .resealCard(let card):
      guard card.fingerprint == before.card?.fingerprint else { return Reply(.refused(.invalid(.paymentCard))) }
      order.card = card
      replaced = before.card?.document.id
    case .deny: order.denied = order.marks(with: customer)
    case .ship(let carrier, let number): (order.carrier, order.trackingNumber) = (carrier, number)
    case .changeMethod(let method):
      try setInstrument(nil, method, of: &order, customer, state)
      replaced = before.card?.document.id
    case .openPayment(let payment):
      guard order.gatewayPayment.isEmpty else { return Reply(.orderRefused(.wrongState(order.axes))) }
      order.gatewayPayment = payment
    case .takePayment(let authorisation):
      guard !order.gatewayPayment.isEmpty else { return Reply(.orderRefused(.wrongState(order.axes))) }
      order.authorisation = authorisation
      order.paidMinor = order.totalMinor
    case .refund(let total):
      let isRight = !order.gatewayPayment.isEmpty && total > order.refundedMinor && total <= order.creditedMinor
      guard isRight, total <= order.paidMinor else { return Reply(.refused(.invalid(.amount))) }
      order.refundedMinor = total
    case .loseRefund(let total):
      let isRight = !order.gatewayPayment.isEmpty && total < order.refundedMinor
      guard isRight else { return Reply(.refused(.invalid(.amount))) }
      // It would not reach the customer the next time either.
      (order.refundedMinor, order.gatewayPayment) = (total, "")
    // It is over: what else is paid for the order, the gateway has no part in.
    case .declinePayment: order.gatewayPayment = ""
    default: break
    }
    order.axes = row.applied(
      to: before.axes, isTrusted: order.suspicions.isEmpty && customer.isTrusted(with: order.instrument))
    if order.isToBeCharged { order.axes.payment = .paying }
    // What was paid for cards that are given up is the customer's again.
    if order.axes.fulfilment == .cancelled { order.creditedMinor = order.paidMinor }
    var event = OrderEvent(change: change, fields: fields, order: order, mail: row.mail, replaces: replaced)
    if row.cards == .comeBack, case .takeBack(let extents) = change.act {
      let delivered = try deliveredCards(of: order.id, state).reduce(0, +)
      switch try gatherReturn(Return(id: change.id, reservation: order.id, extents: extents), state) {
      case .failure(let refusal): return Reply(.refused(refusal))
      case .success(let credits):
        for credit in credits { event.order.creditedMinor += credit.amountMinor }
        let back = moves.reduce(0) { $0 + UInt64($1.extent.count) }
        if back == delivered { event.order.axes = event.order.axes.allBack }
        event.cards = .comeBack(credits)
      }
    } else if row.cards == .becomeRegular, case .delete(let reason) = change.act {
      switch try gatherDeletion(StockChange(id: change.id, extents: [], reason: reason), of: order, now, state) {
      case .refused(let outcome): return Reply(outcome)
      case .mayBe(let stockChange): event.cards = stockChange.map { .becomeRegular($0) } ?? .none
      }
    } else if row.cards == .release {
      if let refusal = try gatherHeld(order.id, state) { return Reply(.refused(refusal)) }
      event.cards = .release
    } else if row.cards == .disclose || order.isDue {
      let head = try head(of: order.id, state)
      guard head.state == .held else { return Reply(.refused(.wrongState(head.state))) }
      if let refusal = try gatherDispense(order.id, head, now, state) { return Reply(.refused(refusal)) }
      event.cards = .dispense
      if row.cards != .disclose {
        event.order.axes.fulfilment = .delivered
        event.mail = .delivery
      }
    }
    return try record(event, asker, now, &block, &state)
  }

  private mutating func gatherHeld(
    _ id: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal? {
    let head = try head(of: id, state)
    guard head.state == .held else { return .wrongState(head.state) }
    try gatherEnd(id, as: .released, state)
    return nil
  }

  private mutating func decideSubmit(
    _ submit: OrderChange.Submit, _ change: OrderChange, _ fields: FieldList, _ asker: Asker, _ now: UInt64,
    _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let customer = try customer(submit.customer, state) else { return Reply(.orderRefused(.unknownCustomer)) }
    guard !customer.isBarred else { return Reply(.orderRefused(.barred)) }
    let asked = Asked(id: change.order, sale: Sale(), holdSeconds: 0, isVend: false, lines: Few(submit.lines))
    let key = change.order.key
    guard try state.value(for: key.span.bytes, in: tables.ids) == nil else { return Reply(.refused(.idReused(.order))) }
    if let refusal = checkRanges(asked, asker) { return Reply(.refused(refusal)) }
    if let refusal = try gatherGrant(asked, asker, now, state) { return Reply(.refused(refusal)) }
    let currencies = Set(asked.lines.map { products[Int($0.product.rawValue) - 1].currency })
    guard let currency = currencies.first, currencies.count == 1 else { return Reply(.orderRefused(.otherCurrency)) }
    var total = submit.shippingMinor
    for line in asked.lines {
      // The line's price was checked not to overflow, and not to be below its discount.
      let price = products[Int(line.product.rawValue) - 1].priceMinor * UInt64(line.count) - line.discountMinor
      let (sum, overflows) = total.addingReportingOverflow(price)
      guard !overflows else { return Reply(.refused(.invalid(.shipping))) }
      total = sum
    }
    var order = Order(
      id: change.order, version: 1, axes: .submitted(isTrusted: false), customer: submit.customer, actor: asker.id,
      submittedAtMilliseconds: now, currency: currency, totalMinor: total, shippingMinor: submit.shippingMinor,
      card: nil, device: submit.device, way: submit.way)
    try setInstrument(submit.card, submit.method, of: &order, customer, state)
    order.axes = .submitted(isTrusted: order.suspicions.isEmpty && customer.isTrusted(with: order.instrument))
    if order.isToBeCharged { order.axes.payment = .paying }
    let event = OrderEvent(change: change, fields: fields, order: order, mail: .received, cards: .reserve(asked))
    return try record(event, asker, now, &block, &state)
  }

  /// Has an order be paid by this from now on; what of it the fraud list knows may be something else then.
  private func setInstrument(
    _ card: PaymentCard?, _ method: GatewayMethod?, of order: inout Order, _ customer: Customer,
    _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    (order.card, order.method, order.gatewayPayment) = (card, method, "")
    order.suspicions = try suspicions(of: order, by: customer, state)
  }

  // MARK: The event

  /// Writes and applies the one event of an order and its cards.
  private mutating func record(
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
  }

  // MARK: Looking

  func order(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Order? {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.orders) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try Order(&reader) }
  }

  mutating func decideFindOrder(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let order = try order(id, state) else { return Reply(.orderRefused(.unknownOrder)) }
    guard order.actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
    let reservation = try wholeReservation(id, at: now, state)
    let delivered = try deliveredCards(of: id, state)
    return Reply(
      .order(
        FoundOrder(order: order, lines: reservation.lines, delivered: delivered, cards: moves.map(\.extent))))
  }

  /// The most orders that are looked at for one page.
  static let ordersPerPage = 256

  func decideListOrders(
    after: RequestID, onlyPending: Bool, _ asker: Asker, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    var last = RequestID.zero
    let key = after.next.key
    var walk = try state.walk(tables.orders, from: key.span.bytes)
    for _ in 0..<Self.ordersPerPage {
      guard let entry = try walk.next() else { return Reply(.orders(orders, next: nil)) }
      let order = trusting(entry.value) { (reader) throws(ByteShortage) in try Order(&reader) }
      last = order.id
      let mayBeSeen = order.actor == asker.id || asker.roles.mayUseOthersIDs
      if mayBeSeen, order.axes.fulfilment != .deleted,
        !onlyPending || (order.axes.review == .pending && order.axes.fulfilment == .held)
      {
        orders.append(order)
      }
    }
    return Reply(.orders(orders, next: last))
  }

  func decideListOrders(
    of customer: RequestID, after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    let start = customer.bytes + after.next.bytes
    var walk = try state.walk(tables.bought, from: start.span.bytes)
    var last: RequestID?
    for _ in 0..<Self.ordersPerPage {
      guard let entry = try walk.next(), entry.key.bigEndian(at: 0) as UInt64 == customer.high,
        entry.key.bigEndian(at: 8) as UInt64 == customer.low
      else { return Reply(.orders(orders, next: nil)) }
      let id = RequestID(high: entry.key.bigEndian(at: 16), low: entry.key.bigEndian(at: 24))
      last = id
      if let order = try order(id, state), order.axes.fulfilment != .deleted { orders.append(order) }
    }
    return Reply(.orders(orders, next: last))
  }

  /// The most orders that are handed out at once to whoever asks the gateway.
  static let paymentsPerPage = 32

  func decideWaitingPayments(
    after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    let key = after.next.key
    var walk = try state.walk(tables.payments, from: key.span.bytes)
    while orders.count < Self.paymentsPerPage, let entry = try walk.next() {
      let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      if let order = try order(id, state) { orders.append(order) }
    }
    return Reply(.orders(orders, next: orders.count == Self.paymentsPerPage ? orders.last?.id : nil))
  }

  /// How many cards of each line are in the order's delivery; `moves` are these cards.
  private mutating func deliveredCards(
    of id: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> [UInt64] {
    try gatherAll(of: id, as: .delivered, state)
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return [] }
    var cards = CardsOfLines(GrantReader(record: record, head: ReservationHead(record)))
    for move in moves { cards.add(move.extent) }
    return cards.counts
  }
}

/// What is to be written of an order's change.
private struct OrderEvent {
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

extension OrderAct {
  /// What the store does when the gateway has answered, it does alone.
  fileprivate func isAllowed(_ asker: Asker, _ roles: Roles) -> Bool {
    isOfStore ? asker.id == .store : !asker.roles.isDisjoint(with: roles)
  }
}
