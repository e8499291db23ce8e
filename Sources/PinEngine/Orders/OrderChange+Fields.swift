import PinWords

// What is kept of a change to an order, and which part of it cannot be.

extension OrderChange {
  /// What is kept of it: the act first, for `OrderChangedEvent` reads it there.
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.act, act.kind.rawValue)
    fields.add(.order, order)
    fields.add(.version, version)
    switch act {
    case .approve: break
    case .submit(let submit):
      fields.add(.customer, submit.customer)
      fields.add(.shipping, submit.shippingMinor)
      for line in submit.lines {
        fields.add(.product, line.product.rawValue)
        fields.add(.count, line.count)
        fields.add(.condition, line.condition.rawValue)
        fields.add(.discount, line.discountMinor)
        fields.add(.tax, line.taxMinor)
      }
      if let card = submit.card { fields.add(card) }
      if let method = submit.method { fields.add(method) }
      if let device = submit.device { fields.add(.device, device.digest) }
      fields.add(.deliveryWay, submit.way.rawValue)
    case .changeCard(let card), .resealCard(let card): fields.add(card)
    case .changeMethod(let method): fields.add(method)
    case .openPayment(let payment): fields.add(.gatewayPayment, payment)
    case .takePayment(let authorisation): fields.add(.authorisation, authorisation)
    case .refund(let total), .loseRefund(let total): fields.add(.amount, total)
    case .recordPayment(let authorisation): fields.add(.authorisation, authorisation)
    case .deny(let reason), .decline(let reason), .cancel(let reason), .pardon(let reason), .delete(let reason),
      .declinePayment(let reason):
      fields.add(.reason, reason)
    case .takeBack(let extents): fields.add(extents)
    case .ship(let carrier, let number):
      fields.add(.carrier, carrier)
      fields.add(.trackingNumber, number)
    }
    return fields
  }

  /// The first field that no change may have; nil if none is.
  func invalidField(_ limits: Limits) -> Field? {
    guard order != .zero, order != id else { return .order }
    switch act {
    case .approve: return nil
    case .submit(let submit):
      guard version == 0 else { return .version }
      guard (1...Int(limits.linesPerRequest)).contains(submit.lines.count) else { return .lines }
      if let device = submit.device, device.kind != .device || device.digest.count != 16 { return .device }
      if let method = submit.method { return submit.card == nil ? method.invalidField : .paymentCard }
      return submit.card.flatMap(\.invalidField)
    case .changeCard(let card), .resealCard(let card): return card.invalidField
    case .changeMethod(let method): return method.invalidField
    case .openPayment(let payment): return payment.isShortWord ? nil : .gatewayPayment
    case .refund, .loseRefund: return nil
    case .recordPayment(let text), .takePayment(let text): return text.isShortWord ? nil : .authorisation
    case .ship(let carrier, let number):
      return carrier.isShortWord ? (number.isShortWord ? nil : .trackingNumber) : .carrier
    case .deny(let reason), .decline(let reason), .cancel(let reason), .pardon(let reason), .delete(let reason),
      .declinePayment(let reason):
      return reason.isReason ? nil : .reason
    case .takeBack(let extents):
      return extents.count <= Int(limits.extentsPerRequest) && extents.areInOrder ? nil : .extents
    }
  }
}

extension PaymentCard {
  fileprivate var invalidField: Field? {
    guard document.isName else { return .document }
    return fingerprint.count == Customer.noCard.count && fingerprint != Customer.noCard ? nil : .paymentCard
  }
}

extension GatewayMethod {
  fileprivate var invalidField: Field? {
    let isHash = fingerprint.count == Customer.noCard.count && fingerprint != Customer.noCard
    return token.isShortWord && isHash ? nil : .gatewayMethod
  }
}

extension DocumentName {
  var isName: Bool { id != .zero && digest.count == 32 }
}

extension FieldList {
  mutating func add(_ name: DocumentName) {
    add(.document, name.id.bytes + name.digest)
  }

  fileprivate mutating func add(_ method: GatewayMethod) {
    add(.gatewayMethod, method.token)
    add(.paymentCard, method.fingerprint)
  }

  fileprivate mutating func add(_ card: PaymentCard) {
    add(card.document)
    add(.paymentCard, card.fingerprint)
  }
}

extension String {
  /// An authorisation, a carrier's name or its number: 1 to 64 bytes of plain text.
  var isShortWord: Bool { (1...64).contains(utf8.count) && isReason }
}
