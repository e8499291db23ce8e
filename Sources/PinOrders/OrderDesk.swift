import Foundation
import PinEngine
import PinWords

/// The order layer's one door: puts the documents where they belong, and leaves every card and every rule to the engine.
///
///     a change → its document, durable → one event of the engine → what the event says
///
/// Each change carries an id of its own: sent again, it finds its document and its event, and is answered the same.
package struct OrderDesk: Sendable {
  package let engine: Engine
  let vault: CardVault
  let passwords: PasswordChecks
  /// Whether there is a gateway that takes payments at once.
  private let hasGateway: Bool
  /// Whether marketing mails can say how to get no more, and from where they are.
  let sendsMarketing: Bool

  package init(
    engine: Engine, vault: CardVault, hasGateway: Bool = false, sendsMarketing: Bool = false,
    passwords: PasswordChecks = PasswordChecks()
  ) {
    self.engine = engine
    self.hasGateway = hasGateway
    self.sendsMarketing = sendsMarketing
    self.vault = vault
    self.passwords = passwords
  }

  /// Who asks: the actor, and the key it came with.
  package struct Asker: Sendable {
    package let actor: ActorID
    package let keyNumber: UInt64
    package init(actor: ActorID, keyNumber: UInt64) {
      self.actor = actor
      self.keyNumber = keyNumber
    }
  }

  // MARK: Customers

  package func define(
    _ details: CustomerDetails, customer: RequestID, version: UInt32, consents: Bool, id: RequestID, _ asker: Asker
  ) async throws -> Done<Customer> {
    if let part = details.invalidPart { throw OrderFault.invalid(part) }
    return try await keeping(details, id: id, asker, .defineCustomer) { document in
      let change = CustomerChange(
        id: id, customer: customer, version: version, consents: consents, document: document,
        marks: details.marked.map { engine.mark($0.kind, $0.text) })
      return try await ask(.defineCustomer(change), asker) {
        if case .customer(let customer) = $0 { customer } else { nil }
      }
    }
  }

  /// A customer, and who it is; nil once that is purged.
  package func customer(_ id: RequestID, _ asker: Asker) async throws -> (Customer, CustomerDetails?) {
    try await readAsPresent(\.document) {
      try await present(id, asker)
    } read: {
      try details(of: $0)
    }
  }

  private func present(_ customer: RequestID, _ asker: Asker) async throws -> Customer {
    try await ask(.customer(customer), asker) { if case .customer(let found) = $0 { found } else { nil } }.value
  }

  func details(of customer: Customer) throws -> CustomerDetails? {
    try read(CustomerDetails.self, customer.document)
  }

  // MARK: Orders

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
    return try await keeping(card, id: id, asker) { card in
      submit.card = card
      return try await change(OrderChange(id: id, order: order, version: 0, act: .submit(submit)), asker)
    }
  }

  package func change(_ change: OrderChange, _ asker: Asker) async throws -> Done<Order> {
    try await ask(.change(change), asker) { if case .orderChanged(let order) = $0 { order } else { nil } }
  }

  private func gatewayMethod(_ token: String) throws(OrderFault) -> GatewayMethod {
    guard hasGateway else { throw .invalid("payment_method") }
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
    try await keeping(card, id: id, asker) { card in
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

  /// A page of orders, and the id to go on after.
  package func orders(
    after: RequestID, onlyPending: Bool, _ asker: Asker
  ) async throws -> (orders: [Order], next: RequestID?) {
    try await ask(.orders(after: after, onlyPending: onlyPending), asker) {
      if case .orders(let orders, let next) = $0 { (orders, next) } else { nil }
    }.value
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

  // MARK: Payment cards

  /// The last four digits and the expiry of an order's payment card; nil once they are purged.
  package func cardSummary(_ card: PaymentCard) throws -> (lastFour: String, expiry: String)? {
    try read(CardDocument.self, card.document).map { ($0.lastFour, $0.expiry) }
  }

  /// Shows a payment card's number: the event that says so comes first.
  package func showCard(
    order: RequestID, reason: String, id: RequestID, _ asker: Asker
  ) async throws -> PaymentCardDetails {
    let name = try await ask(.showCard(ShowCard(id: id, order: order, reason: reason)), asker) {
      if case .cardShown(let name) = $0 { name } else { nil }
    }.value
    guard let document = try read(CardDocument.self, name) else { throw OrderFault.purged }
    do { return try vault.open(document, id: name.id) } catch { throw OrderFault.purged }
  }

  /// Keeps a payment card for a change. An expired one is not taken from anybody but the store itself, which seals anew what
  /// was taken before; nor is a change refused that is sent again after the card that it brought expired.
  func keeping<Value>(
    _ card: PaymentCardDetails, id: RequestID, _ asker: Asker, at date: Date = Date(),
    _ change: (PaymentCard) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    let sealed = try vault.seal(card, id: id, at: date)
    return try await keeping(bytes: try Self.encoder.encode(sealed), id: id, asker, .changeOrder) { kept in
      // The same change again: its card is sealed otherwise, and must be the same one.
      guard let there = try? Self.decoder.decode(CardDocument.self, from: Data(kept.bytes)) else {
        throw OrderFault.refused(.idReused(.paymentCard))
      }
      guard let known = try? vault.open(there, id: id) else { throw OrderFault.purged }
      guard known == card else { throw OrderFault.refused(.idReused(.paymentCard)) }
      guard !kept.isNew || asker.actor == .store || !card.isExpired(at: date) else { throw OrderFault.expiredCard }
      return try await change(
        PaymentCard(document: kept.name, fingerprint: engine.fingerprint(ofPaymentCard: card.number)))
    }
  }

  // MARK: Documents

  static let encoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return encoder
  }()
  static let decoder = JSONDecoder()

  /// Makes a document durable, has a change made that names it, and says what became of that.
  func keeping<Document: Codable & Equatable, Value>(
    _ document: Document, id: RequestID, _ asker: Asker, _ operation: PinWords.Operation,
    _ change: (DocumentName) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    let bytes = try Self.encoder.encode(document)
    return try await keeping(bytes: bytes, id: id, asker, operation) { kept in
      guard (try? Self.decoder.decode(Document.self, from: Data(kept.bytes))) == document else {
        throw OrderFault.refused(.idReused(.document))
      }
      return try await change(kept.name)
    }
  }

  /// What the change replaced is purged, as the engine says.
  func keeping<Value>(
    bytes: Data, id: RequestID, _ asker: Asker, _ operation: PinWords.Operation,
    _ change: (KeptDocument) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    guard asker.actor == .store || engine.allows(asker.actor, operation) else {
      throw OrderFault.refused(.notPermitted)
    }
    guard id != .zero else { throw OrderFault.refused(.invalid(.id)) }
    let kept: KeptDocument
    switch await engine.keep([UInt8](bytes), id: id) {
    case .failure(let refusal): throw OrderFault.refused(refusal)
    case .success(let document): kept = document
    }
    do {
      let done = try await change(kept)
      engine.settle(id, as: .isNamed(replacing: done.replaces))
      return done
    } catch OrderFault.refused(.stopping) {
      engine.settle(id, as: .unknown)
      throw OrderFault.refused(.stopping)
    } catch OrderFault.refused(.idReused(.document)) where kept.isNew {
      // The change was done before, and its document replaced since.
      engine.settle(id, as: .cameToNothing)
      throw OrderFault.purged
    } catch {
      engine.settle(id, as: .cameToNothing)
      throw error
    }
  }

  func read<Document: Decodable>(_ type: Document.Type, _ name: DocumentName) throws -> Document? {
    try engine.document(name).map { try Self.decoder.decode(type, from: Data($0)) }
  }

  // MARK: Asking

  /// What an event did, and whether it had been done before.
  package struct Done<Value: Sendable>: Sendable {
    package let value: Value
    package let isRepeat: Bool
    package let sequence: UInt64
    /// The documents that it replaced.
    let replaces: [RequestID]
  }

  func ask<Value>(
    _ command: OrderCommand, _ asker: Asker, _ read: (Outcome) -> Value?
  ) async throws(OrderFault) -> Done<Value> {
    try await ask(.orders(command), asker, read)
  }

  func ask<Value>(
    _ command: Command, _ asker: Asker, _ read: (Outcome) -> Value?
  ) async throws(OrderFault) -> Done<Value> {
    try self.read(await engine.perform(command, as: asker.actor, keyNumber: asker.keyNumber), read)
  }

  func read<Value>(_ answered: Answered, _ read: (Outcome) -> Value?) throws(OrderFault) -> Done<Value> {
    switch answered.outcome {
    case .refused(let refusal): throw .refused(refusal)
    case .orderRefused(let refusal): throw .orderRefused(refusal)
    case let outcome:
      guard let value = read(outcome) else { preconditionFailure("a question was answered with something else") }
      return Done(
        value: value, isRepeat: answered.isRepeat, sequence: answered.sequence, replaces: answered.replaces)
    }
  }
}

/// Why the order layer did not do something: nothing was changed.
package enum OrderFault: Error {
  case refused(Refusal)
  case orderRefused(OrderRefusal)
  /// A part of what was sent cannot be so: its name.
  case invalid(String)
  /// The payment card was expired when it was brought.
  case expiredCard
  /// The document that it needs was purged.
  case purged
}

extension CardLife {
  fileprivate func wasOf(_ order: RequestID) -> Bool { life.contains { $0.id == order } }
}

extension RequestID {
  /// Of a change that the store makes by itself.
  static func new() -> RequestID {
    var generator = SystemRandomNumberGenerator()
    return .generate(atMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
  }
}
