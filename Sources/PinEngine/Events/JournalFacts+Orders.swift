import PinBytes
import PinWords

/// The order layer's events: read with every number checked, and told as JSON.
extension JournalFacts {
  static func readCustomerDefined(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let customer = try Customer(&reader)
    let replaced = try change.replaced(&reader)
    guard try change.requestID(.customer) == customer.id else { throw ByteShortage() }
    return .customerDefined(customer, replaces: replaced)
  }

  static func readOrderChanged(_ reader: inout ByteReader) throws(ByteShortage) -> OrderChanged {
    let change = try ChangeHead(&reader)
    let order = try Order(&reader)
    let replaced = try change.replaced(&reader)
    guard try change.requestID(.order) == order.id,
      let act = OrderAct(rawValue: try change.number(.act, as: UInt8.self)),
      let mail = MailKind(rawValue: try reader.read())
    else { throw ByteShortage() }
    try reader.readZeros(3)
    let cardsByteCount = Int(try reader.read(UInt32.self))
    let reason = try act.hasReason ? change.text(.reason) : nil
    guard reader.remaining == cardsByteCount else { throw ByteShortage() }
    let cards = try cardsByteCount == 0 ? nil : readCards(&reader)
    return OrderChanged(act: act, order: order, reason: reason, mail: mail, cards: cards, replaces: replaced)
  }

  /// The event inside the event, to the end.
  private static func readCards(_ reader: inout ByteReader) throws(ByteShortage) -> CardsChange {
    let bytes = reader.readRest()
    guard bytes.byteCount >= EventHead.byteCount, bytes.bigEndian(at: 2) as UInt16 == 0,
      let head = try? EventHead(bytes),
      [.reserved, .dispensed, .released, .returned, .reinventoried].contains(head.kind)
    else { throw ByteShortage() }
    var inner = ByteReader(bytes.extracting(EventHead.byteCount..<bytes.byteCount))
    let id = try inner.readRequestID()
    let facts = try JournalFacts(head.kind, &inner)
    guard inner.remaining == 0 else { throw ByteShortage() }
    return CardsChange(kind: head.kind, id: id, facts: facts)
  }

  static func readCardShown(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let document = try DocumentName(&reader)
    try change.endResult(reader)
    return .cardShown(order: try change.requestID(.order), document: document, reason: try change.text(.reason))
  }

  static func readCustomerMailed(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let customer = try reader.readRequestID()
    let document = try DocumentName(&reader)
    try change.endResult(reader)
    guard try change.requestID(.customer) == customer else { throw ByteShortage() }
    return .customerMailed(customer: customer, document: document)
  }

  static func readMailTried(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let cause: UInt64 = try reader.read()
    guard let outcome = MailOutcome(rawValue: try reader.read()) else { throw ByteShortage() }
    try reader.readZeros(1)
    let product = ProductID(try reader.read())
    return .mailTried(
      cause: cause, product: product.rawValue == 0 ? nil : product, outcome, attempts: try reader.read(),
      notBeforeMilliseconds: try reader.read())
  }

  // MARK: JSON

  static func json(_ customer: Customer, replaces: [RequestID]) -> KeyValuePairs<String, OrderedJSON> {
    [
      "customer": .id(customer.id), "version": .number(customer.version), "consents": .flag(customer.consents),
      "approved_orders": .number(customer.approvedOrders), "denied_orders": .number(customer.deniedOrders),
      "document": customer.document.json, "marks": .list(customer.marks.map(\.json)),
      "replaces": .list(replaces.map { .id($0) }),
    ]
  }

  static func json(_ changed: OrderChanged) -> KeyValuePairs<String, OrderedJSON> {
    let order = changed.order
    return [
      "act": .text(changed.act.name), "order": .id(order.id), "version": .number(order.version),
      "review": .text("\(order.axes.review)"), "payment": .text("\(order.axes.payment)"),
      "fulfilment": .text("\(order.axes.fulfilment)"), "customer": .id(order.customer),
      "submitted_by": .number(order.actor), "submitted": .time(order.submittedAtMilliseconds),
      "currency": .text("\(order.currency)"), "total_minor": .number(order.totalMinor),
      "shipping_minor": .number(order.shippingMinor), "paid_minor": .number(order.paidMinor),
      "credited_minor": .number(order.creditedMinor), "authorisation": .text(order.authorisation),
      "suspicions": .list(order.suspicions.kinds.map { .text("\($0)") }), "device": order.device?.json ?? .null,
      "delivery_way": .text("\(order.way)"), "carrier": .text(order.carrier),
      "tracking_number": .text(order.trackingNumber), "denied": .list(order.denied.map(\.json)),
      "payment_card": order.card?.document.json ?? .null, "gateway_method": .text(order.method?.token ?? ""),
      "gateway_payment": .text(order.gatewayPayment), "refunded_minor": .number(order.refundedMinor),
      "reason": changed.reason.map { .text($0) } ?? .null,
      "mail": changed.mail == .none ? .null : .text(changed.mail.name),
      "replaces": .list(changed.replaces.map { .id($0) }),
      "cards": changed.cards.map { cards in
        .object([("kind", .text(cards.kind.name)), ("id", .id(cards.id))] + Array(cards.facts.json))
      } ?? .null,
    ]
  }
}

extension DocumentName {
  var json: OrderedJSON {
    .object([("id", .id(id)), ("digest", .text(String(hexadecimal: digest.span.bytes)))])
  }
}

extension Mark {
  fileprivate var json: OrderedJSON {
    .object([("kind", .text("\(kind)")), ("digest", .text(String(hexadecimal: digest.span.bytes)))])
  }
}

extension OrderAct {
  /// As it is told: `record-payment`.
  public var name: String {
    switch self {
    case .recordPayment: "record-payment"
    case .changeCard: "change-card"
    case .takeBack: "take-back"
    case .changeMethod: "change-method"
    case .openPayment: "open-payment"
    case .takePayment: "take-payment"
    case .declinePayment: "decline-payment"
    case .resealCard: "reseal-card"
    case .loseRefund: "lose-refund"
    default: "\(self)"
    }
  }

  var hasReason: Bool { [.deny, .decline, .cancel, .pardon, .delete, .declinePayment].contains(self) }
}

extension MailOutcome {
  var name: String {
    switch self {
    case .givenUp: "given-up"
    case .cardSent: "card-sent"
    default: "\(self)"
    }
  }
}
