import PinWords

@testable import PinEngine

/// A shop on an engine: one product, a person for each role, and orders brought to where a test wants them.
struct Shop: Sendable {
  let bench: Bench
  let storefront: ActorID
  let clerk: ActorID
  let reviewer: ActorID
  /// Who may do everything that is done with orders.
  let all: ActorID
  let product: ProductID

  init(bench: Bench? = nil, count: Int = 40) async throws {
    let bench = try bench ?? Bench()
    self.bench = bench
    storefront = try await bench.actor("web-shop", .storefront)
    clerk = try await bench.actor("shop-clerk", .clerk)
    reviewer = try await bench.actor("reviewer", .reviewer)
    all = try await bench.actor("owner", [.storefront, .clerk, .reviewer, .administrator])
    product = try await bench.product("SHOP")
    try await bench.stock(product, count, prefix: "S")
  }

  func euroProduct() async throws -> ProductID {
    let product = Product(
      id: ProductID(0), sku: "EUR", name: "EUR", vendor: "ACME", currency: Currency("EUR")!, faceValueMinor: 500,
      priceMinor: 500)
    guard
      case .product(let id) = await bench.ask(
        .defineProduct(DefineProduct(id: bench.id(), product: product)), as: bench.administrator)
    else { throw Unexpected(what: "product") }
    try await bench.stock(id, 3, prefix: "E")
    return id
  }

  func customer(marks: [Mark] = [], consents: Bool = false) async throws -> RequestID {
    let id = bench.id()
    let kept = try await bench.engine.keep(Array("customer".utf8), id: id).get()
    let change = CustomerChange(
      id: id, customer: bench.id(), version: 0, consents: consents, document: kept.name, marks: marks)
    guard case .customer(let customer) = await bench.ask(.orders(.defineCustomer(change)), as: clerk) else {
      throw Unexpected(what: "customer")
    }
    bench.engine.settle(id, as: .isNamed(replacing: []))
    return customer.id
  }

  /// Says anew who a customer is.
  func define(_ customer: RequestID, version: UInt32, marks: [Mark]) async throws {
    let id = bench.id()
    let kept = try await bench.engine.keep(Array("customer".utf8), id: id).get()
    let change = CustomerChange(
      id: id, customer: customer, version: version, consents: false, document: kept.name, marks: marks)
    let answered = await bench.engine.perform(.orders(.defineCustomer(change)), as: clerk)
    guard case .customer = answered.outcome else { throw Unexpected(what: "customer: \(answered.outcome)") }
    bench.engine.settle(id, as: .isNamed(replacing: answered.replaces))
  }

  func card(_ number: UInt8) -> PaymentCard {
    PaymentCard(
      document: DocumentName(id: bench.id(), digest: [UInt8](repeating: number, count: 32)),
      fingerprint: [UInt8](repeating: number, count: 16))
  }

  func method(_ number: UInt8) -> GatewayMethod {
    GatewayMethod(token: "pm_\(number)", fingerprint: [UInt8](repeating: number, count: 16))
  }

  func mark(_ kind: Mark.Kind, _ number: UInt8) -> Mark { Mark(kind, [UInt8](repeating: number, count: 16)) }

  func submit(
    _ customer: RequestID, count: UInt32, card number: UInt8 = 1, device: Mark? = nil, way: DeliveryWay = .mail
  ) async throws -> RequestID {
    let id = bench.id()
    let submit = OrderChange.Submit(
      customer: customer, lines: [Line(product: product, count: count)], card: card(number), device: device, way: way)
    guard case .orderChanged(let order) = await ask(id, .submit(submit), version: 0, as: storefront) else {
      throw Unexpected(what: "submit")
    }
    return order.id
  }

  /// An order that the gateway is asked for the money of.
  func submit(by method: GatewayMethod, as customer: RequestID, count: UInt32) async throws -> RequestID {
    let submit = OrderChange.Submit(
      customer: customer, lines: [Line(product: product, count: count)], method: method)
    guard case .orderChanged(let order) = await ask(bench.id(), .submit(submit), version: 0, as: storefront) else {
      throw Unexpected(what: "submit")
    }
    return order.id
  }

  func ask(_ order: RequestID, _ act: OrderChange.Act, version: UInt32, as actor: ActorID) async -> Outcome {
    await bench.ask(
      .orders(.change(OrderChange(id: bench.id(), order: order, version: version, act: act))), as: actor)
  }

  /// An act on the order as it is now, which must be done.
  func change(_ order: RequestID, _ act: OrderChange.Act, as actor: ActorID) async throws {
    let outcome = await ask(order, act, version: try await found(order).order.version, as: actor)
    guard case .orderChanged = outcome else { throw Unexpected(what: "\(act): \(outcome)") }
  }

  func found(_ order: RequestID) async throws -> FoundOrder {
    guard case .order(let found) = await bench.ask(.orders(.order(order)), as: all) else {
      throw Unexpected(what: "order")
    }
    return found
  }

  func axes(_ order: RequestID) async throws -> OrderAxes { try await found(order).order.axes }

  func slices(_ order: RequestID) async throws -> [Slice] {
    guard case .found(.reservation(let reservation)) = await bench.ask(.lookUp(order), as: all) else {
      throw Unexpected(what: "reservation")
    }
    return reservation.slices
  }

  /// A new order that stands so.
  func order(standing: String) async throws -> RequestID {
    let acts: [OrderChange.Act] =
      switch standing {
      case "pending": []
      case "paid-pending": [.recordPayment(authorisation: "A")]
      case "approved": [.approve]
      case "declined": [.approve, .decline(reason: "no funds")]
      case "delivered": [.approve, .recordPayment(authorisation: "A")]
      case "returned": [.approve, .recordPayment(authorisation: "A"), .takeBack([])]
      case "cancelled": [.cancel(reason: "a mistake")]
      case "denied": [.deny(reason: "stolen")]
      case "pardoned": [.deny(reason: "stolen"), .pardon(reason: "the bank erred")]
      case "deleted":
        [.approve, .recordPayment(authorisation: "A"), .takeBack([]), .delete(reason: "entered twice")]
      case "posted": [.approve, .recordPayment(authorisation: "A")]
      case "shipped": [.approve, .recordPayment(authorisation: "A"), try act(.ship)]
      default: throw Unexpected(what: standing)
      }
    // Nobody else's, so that nobody's denial makes another suspicious.
    let number = UInt8(truncatingIfNeeded: bench.id().low % 251 + 4)
    let order = try await submit(
      try await customer(marks: [mark(.email, number)]), count: 2, card: number, device: mark(.device, number),
      way: ["posted", "shipped"].contains(standing) ? .post : .mail)
    for act in acts { try await change(order, act, as: all) }
    return order
  }

  func act(_ act: OrderAct) throws -> OrderChange.Act {
    switch act {
    case .submit: throw Unexpected(what: "submit")
    case .approve: .approve
    case .deny: .deny(reason: "stolen")
    case .recordPayment: .recordPayment(authorisation: "A-99")
    case .decline: .decline(reason: "no funds")
    case .changeCard: .changeCard(card(3))
    case .cancel: .cancel(reason: "a mistake")
    case .takeBack: .takeBack([])
    case .pardon: .pardon(reason: "the bank erred")
    case .delete: .delete(reason: "entered twice")
    case .changeMethod: .changeMethod(method(3))
    case .openPayment: .openPayment("pi_1")
    case .takePayment: .takePayment(authorisation: "pi_1")
    case .declinePayment: .declinePayment(reason: "card_declined")
    case .refund: .refund(totalMinor: 1)
    case .resealCard: .resealCard(card(3))
    case .loseRefund: .loseRefund(totalMinor: 0)
    case .ship: .ship(carrier: "ACME Parcels", trackingNumber: "AP-1 & 2")
    }
  }

  func mails(isDead: Bool = false) async throws -> [WaitingMail] {
    switch await bench.ask(.orders(isDead ? .deadMails(after: nil) : .dueMails), as: .store) {
    case .dueMails(let mails, _), .deadMails(let mails, _): return mails
    default: throw Unexpected(what: "mails")
    }
  }

  func note(_ mail: WaitingMail, _ outcome: MailOutcome, notBefore: UInt64 = 0) async -> Outcome {
    let note = Command.orders(.noteMail(MailName(mail), outcome, notBeforeMilliseconds: notBefore))
    guard let letter = mail.letter, outcome.isLast else { return await bench.ask(note, as: .store) }
    return await bench.engine.performReplacing(note, id: letter.id, as: .store).outcome
  }

  /// Has a letter to a customer wait.
  func mail(_ customer: RequestID, as actor: ActorID) async throws -> Outcome {
    let id = bench.id()
    let kept = try await bench.engine.keep(Array("letter".utf8), id: id).get()
    let mail = CustomerMail(id: id, customer: customer, letter: kept.name)
    let outcome = await bench.ask(.orders(.mailCustomer(mail)), as: actor)
    if case .done = outcome {
      bench.engine.settle(id, as: .isNamed(replacing: []))
    } else {
      bench.engine.settle(id, as: .cameToNothing)
    }
    return outcome
  }

  /// Ends a customer's consent as whoever has its token does.
  func endConsent(_ customer: RequestID) async throws {
    guard case .customer(let found) = await bench.ask(.orders(.customer(customer)), as: .store) else {
      throw Unexpected(what: "customer")
    }
    let change = CustomerChange(
      id: bench.id(), customer: customer, version: found.version, consents: false, document: found.document,
      marks: found.marks)
    guard case .customer = await bench.ask(.orders(.defineCustomer(change)), as: .store) else {
      throw Unexpected(what: "consent")
    }
  }

  func events() throws -> [JournalEvent] {
    var events: [JournalEvent] = []
    try bench.engine.forEachEvent(from: 1) { bytes, sequence, time in
      events.append(try JournalEvent(sequence: sequence, timeMilliseconds: time, bytes: bytes))
      return true
    }
    return events
  }

  /// Whether the state is what the journal folds to, now and after a restart, and every law holds.
  func soundAfterRestart() async throws -> Bool {
    let live = try bench.engine.verify()
    try bench.restart()
    let again = try bench.engine.verify()
    return live.sound && again.sound && live.stateDigest == again.stateDigest
  }
}
