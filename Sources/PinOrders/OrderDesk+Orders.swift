import Foundation
import PinEngine
import PinWords

/// Orders: submitted, changed, taken back, looked at and followed.
extension OrderDesk {
  package struct Submission: Sendable {
    package var customer: RequestID
    package var lines: [Line]
    package var shippingMinor: UInt64
    package var card: PaymentCardDetails?
    /// Whatever tells the customer's device from others, as the storefront sees it.
    package var device: String?
    package var way: DeliveryWay
    /// What the gateway knows the customer's payment method as, instead of a card.
    package var method: String?
    package init(
      customer: RequestID, lines: [Line], shippingMinor: UInt64, card: PaymentCardDetails?, device: String? = nil,
      way: DeliveryWay = .mail, method: String? = nil
    ) {
      self.method = method
      self.device = device
      self.way = way
      self.customer = customer
      self.lines = lines
      self.shippingMinor = shippingMinor
      self.card = card
    }
  }

  package func submit(
    _ submission: Submission, order: RequestID, id: RequestID, _ asker: Asker
  ) async throws -> Done<Order> {
    var submit = OrderChange.Submit(
      customer: submission.customer, lines: submission.lines, shippingMinor: submission.shippingMinor,
      device: submission.device.map { engine.mark(.device, $0) }, way: submission.way,
      method: try submission.method.map(gatewayMethod))
    guard let card = submission.card else {
      return try await change(OrderChange(id: id, order: order, version: 0, act: .submit(submit)), asker)
    }
    return try await keeping(card, of: order, version: 0, id: id, asker) { card in
      submit.card = card
      return try await change(OrderChange(id: id, order: order, version: 0, act: .submit(submit)), asker)
    }
  }

  package func change(_ change: OrderChange, _ asker: Asker) async throws -> Done<Order> {
    try await ask(.change(change), asker) { if case .orderChanged(let order) = $0 { order } else { nil } }
  }

  private func gatewayMethod(_ token: String) throws(OrderFault) -> GatewayMethod {
    guard hasGateway, token.isMethodName else { throw .invalid("payment_method") }
    return GatewayMethod(token: token, fingerprint: engine.fingerprint(ofPaymentCard: token))
  }

  /// Another payment method of the gateway, which is asked for the money once the order is approved.
  package func changeMethod(
    _ token: String, order: RequestID, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Order> {
    let act = OrderChange.Act.changeMethod(try gatewayMethod(token))
    // It brings no document, but the card that the order was to be paid by may be needed no more.
    return try await keeping(bytes: Data(), id: id, asker, .changeOrder) { _ in
      try await change(OrderChange(id: id, order: order, version: version, act: act), asker)
    }
  }

  package func changeCard(
    _ card: PaymentCardDetails, order: RequestID, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Order> {
    try await keeping(card, of: order, version: version, id: id, asker) { card in
      try await change(OrderChange(id: id, order: order, version: version, act: .changeCard(card)), asker)
    }
  }

  /// Takes back the cards with these serials; all that are with the customer if none is named.
  package func takeBack(
    serials: [String], order: RequestID, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Order> {
    var cards: [CardID] = []
    for serial in serials {
      let answer = try await engine.cards(serial: serial, as: asker.actor)
      switch answer {
      case .failure(let refusal): throw OrderFault.refused(refusal)
      // Not only those that are with the customer: they came back by this very change, if it is sent again.
      case .success(let lives): cards += lives.filter { $0.wasOf(order) }.map(\.id)
      }
    }
    guard cards.count == serials.count else { throw OrderFault.invalid("serials") }
    let extents = cards.sorted().map { Extent(first: $0, count: 1) }
    return try await change(OrderChange(id: id, order: order, version: version, act: .takeBack(extents)), asker)
  }

  package func order(_ id: RequestID, _ asker: Asker) async throws -> FoundOrder {
    try await ask(.order(id), asker) { if case .order(let found) = $0 { found } else { nil } }.value
  }

  /// What its customer follows an order by: the order's id, and what nobody guesses.
  package func trackingToken(of order: RequestID) -> String {
    Self.token(order, engine.trackingProof(of: order))
  }

  static func token(_ id: RequestID, _ proof: [UInt8]) -> String { "\(id).\(String(hexadecimal: proof.span.bytes))" }

  /// The id in a token; nil if it is not the one that its proof is of.
  static func id(in token: String, provedBy proof: (RequestID) -> [UInt8]) -> RequestID? {
    let parts = token.split(separator: ".")
    guard parts.count == 2, let id = RequestID(String(parts[0])), let told = [UInt8](hexadecimal: String(parts[1])),
      told.count == 16, zip(proof(id), told).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0
    else { return nil }
    return id
  }

  /// The order that a token was made for, for whoever has the token.
  package func order(trackedBy token: String) async throws -> Order {
    guard let id = Self.id(in: token, provedBy: engine.trackingProof) else {
      throw OrderFault.orderRefused(.unknownOrder)
    }
    let store = Asker(actor: .store, keyNumber: 0)
    let order = try await order(id, store).order
    guard try await !customer(order.customer, store).0.isBarred else { throw OrderFault.orderRefused(.barred) }
    return order
  }

  /// The next page that has any of these orders, and the id to go on after: pages of others are passed over.
  package func orders(
    after: RequestID, onlyPending: Bool, _ asker: Asker
  ) async throws -> (orders: [Order], next: RequestID?) {
    var last = after
    while true {
      let page = try await ask(.orders(after: last, onlyPending: onlyPending), asker) {
        if case .orders(let orders, let next) = $0 { (orders: orders, next: next) } else { nil }
      }.value
      guard page.orders.isEmpty, let next = page.next else { return page }
      last = next
    }
  }

  /// Looks at all orders, a page at a time, as the store.
  func forEachOrder(_ body: (Order) async throws -> Void) async throws {
    var after: RequestID? = .zero
    while let start = after {
      let page = try await orders(after: start, onlyPending: false, Asker(actor: .store, keyNumber: 0))
      for order in page.orders { try await body(order) }
      after = page.next
    }
  }

  /// A page of the mails that were given up, and the one to go on after.
  package func deadMails(after: MailName?, _ asker: Asker) async throws -> (mails: [WaitingMail], next: MailName?) {
    try await ask(.deadMails(after: after), asker) {
      if case .deadMails(let mails, let next) = $0 { (mails, next) } else { nil }
    }.value
  }
}

extension CardLife {
  fileprivate func wasOf(_ order: RequestID) -> Bool { life.contains { $0.id == order } }
}
