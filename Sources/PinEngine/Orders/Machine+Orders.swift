import LMDB
import PinBytes
import PinStore
import PinWords

/// An order's change and its cards' change in one event: both, or neither.
///
/// What the table of rules (`OrderRules.swift`) lets pass is decided here against the state; what its cards do is decided by
/// the same functions as for every reservation, and becomes an event inside the event (`Machine+OrderEvents.swift`).
extension Machine {
  mutating func decideChangeOrder(
    _ change: OrderChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard change.act.kind.isAllowed(asker, change.act.kind.allowedRoles) else { return Reply(.refused(.notPermitted)) }
    if let field = change.invalidField(limits) { return Reply(.refused(.invalid(field))) }
    let fields = change.fields
    // Sent again after its payment card's document was replaced, it brings another one: the fingerprint tells the card.
    if let reply = try knownChange(change.id, .changeOrder, fields, ignoring: .document, asker, state) { return reply }
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
      // It is in the price.
      guard line.taxMinor <= price else { return Reply(.refused(.invalid(.tax))) }
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
}

extension OrderAct {
  /// What the store does when the gateway has answered, it does alone.
  fileprivate func isAllowed(_ asker: Asker, _ roles: Roles) -> Bool {
    isOfStore ? asker.id == .store : !asker.roles.isDisjoint(with: roles)
  }
}
