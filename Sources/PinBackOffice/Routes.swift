import Hummingbird
import PinEngine
import PinOrders
import PinWords

/// Every path in one place.
struct Routes: Sendable {
  let desk: OrderDesk

  func add(to router: Router<Caller>) {
    router.put("/customers/:id", use: defineCustomer)
    router.get("/customers/:id", use: customer)
    router.get("/orders", use: orders)
    router.put("/orders/:id", use: submit)
    router.get("/orders/:id", use: order)
    router.post("/orders/:id/approve") { request, context in
      let body = try await request.read(ActBody.self, context)
      return try await act(.approve, body.version, request, context)
    }
    router.post("/orders/:id/deny") { try await reasoned($0, $1) { .deny(reason: $0) } }
    router.post("/orders/:id/decline") { try await reasoned($0, $1) { .decline(reason: $0) } }
    router.post("/orders/:id/cancel") { try await reasoned($0, $1) { .cancel(reason: $0) } }
    router.post("/orders/:id/pardon") { try await reasoned($0, $1) { .pardon(reason: $0) } }
    router.post("/orders/:id/delete") { try await reasoned($0, $1) { .delete(reason: $0) } }
    router.get("/customers", use: customers)
    router.get("/customers/:id/orders") { request, context in
      let page = try await desk.orders(of: context.pathID, after: try request.after, context.asker)
      return try answer(OrdersAnswer(orders: page.orders.map { OrderAnswer($0) }, next: page.next))
    }
    router.post("/orders/:id/payment") { request, context in
      let body = try await request.read(PaymentBody.self, context)
      return try await act(.recordPayment(authorisation: body.authorisation), body.version, request, context)
    }
    router.post("/orders/:id/ship") { request, context in
      let body = try await request.read(ShipBody.self, context)
      let ship = OrderChange.Act.ship(carrier: body.carrier, trackingNumber: body.trackingNumber)
      return try await act(ship, body.version, request, context)
    }
    router.put("/orders/:id/card", use: changeCard)
    router.put("/orders/:id/method") { request, context in
      let body = try await request.read(MethodBody.self, context)
      let done = try await desk.changeMethod(
        body.paymentMethod, order: context.pathID, version: body.version, id: request.changeID, context.asker)
      return try answer(OrderAnswer(done.value), isRepeat: done.isRepeat)
    }
    router.post("/orders/:id/card/show", use: showCard)
    router.post("/orders/:id/return", use: takeBack)
    addMail(to: router)
    addStock(to: router)
  }

  /// What is told to whoever has a token, without a name.
  func addOpen(to router: Router<Caller>) {
    router.get("/track/:token") { _, context in
      let token = try context.parameters.require("token")
      return try answer(TrackAnswer(try await desk.order(trackedBy: token)))
    }
    addOpenMail(to: router)
  }

  // MARK: Customers

  @Sendable private func defineCustomer(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(CustomerBody.self, context)
    let details = CustomerDetails(
      name: body.name, email: body.email, otherEmails: body.otherEmails, phone: body.phone, addresses: body.addresses,
      calls: try body.calls?.map { try $0.call }, paymentMethods: body.paymentMethods)
    let done = try await desk.define(
      details, customer: context.pathID, version: body.version, consents: body.consents ?? false,
      id: request.changeID, context.asker)
    return try answer(CustomerAnswer(done.value, details), isRepeat: done.isRepeat)
  }

  @Sendable private func customer(_ request: Request, _ context: Caller) async throws -> Response {
    let (customer, details) = try await desk.customer(context.pathID, context.asker)
    return try answer(CustomerAnswer(customer, details))
  }

  @Sendable private func customers(_ request: Request, _ context: Caller) async throws -> Response {
    let text = request.uri.queryParameters["q"].map { String($0) } ?? ""
    guard text.utf8.count <= 200 else { throw Problem.invalid("q") }
    let page = try await desk.customers(matching: text, after: try request.after, context.asker)
    return try answer(CustomersAnswer(customers: page.found.map { CustomerAnswer($0.0, $0.1) }, next: page.next))
  }

  // MARK: Orders

  @Sendable private func submit(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(OrderBody.self, context)
    let submission = OrderDesk.Submission(
      customer: body.customer, lines: try body.lines.map(line), shippingMinor: body.shippingMinor ?? 0,
      card: try body.card.map(card), device: try body.device.map(device), way: try way(body.delivery),
      method: body.paymentMethod)
    let done = try await desk.submit(submission, order: context.pathID, id: request.changeID, context.asker)
    return try answer(OrderAnswer(done.value), status: done.isRepeat ? .ok : .created, isRepeat: done.isRepeat)
  }

  private func line(_ body: LineBody) throws -> Line {
    let product = try product(body.sku)
    let condition: Condition
    switch body.condition {
    case nil, "regular": condition = .regular
    case "used": condition = .used
    default: throw Problem.invalid("condition")
    }
    return Line(
      product: product.id, count: body.count, condition: condition, discountMinor: body.discountMinor ?? 0,
      taxMinor: body.taxMinor ?? 0)
  }

  private func device(_ text: String) throws -> String {
    guard (1...200).contains(text.utf8.count) else { throw Problem.invalid("device") }
    return text
  }

  private func way(_ name: String?) throws -> DeliveryWay {
    guard let way = DeliveryWay.allCases.first(where: { "\($0)" == name ?? "mail" }) else {
      throw Problem.invalid("delivery")
    }
    return way
  }

  private func card(_ body: CardBody) throws -> PaymentCardDetails {
    guard let card = PaymentCardDetails(number: body.number, expiry: body.expiry) else { throw Problem.invalid("card") }
    return card
  }

  @Sendable private func order(_ request: Request, _ context: Caller) async throws -> Response {
    let found = try await desk.order(context.pathID, context.asker)
    var told = OrderAnswer(found.order)
    told.trackingToken = desk.trackingToken(of: found.order.id)
    told.card = try found.order.card.flatMap { try desk.cardSummary($0) }.map {
      OrderAnswer.Card(lastFour: $0.lastFour, expiry: $0.expiry)
    }
    told.serials = try desk.serials(of: found)
    told.lines = zip(found.lines, found.delivered).map { granted, delivered in
      OrderAnswer.Line(
        sku: desk.engine.catalogue.product(granted.line.product)?.sku ?? "", count: granted.line.count,
        condition: "\(granted.line.condition)", unitPriceMinor: granted.unitPriceMinor,
        discountMinor: granted.line.discountMinor, taxMinor: granted.line.taxMinor, delivered: delivered)
    }
    return try answer(told)
  }

  @Sendable private func orders(_ request: Request, _ context: Caller) async throws -> Response {
    let query = request.uri.queryParameters
    let after = try request.after
    let review = query["review"].map(String.init) ?? "all"
    guard ["pending", "all"].contains(review) else {
      throw Problem.invalid("review")
    }
    let page = try await desk.orders(after: after, onlyPending: review == "pending", context.asker)
    return try answer(OrdersAnswer(orders: page.orders.map { OrderAnswer($0) }, next: page.next))
  }

  // MARK: Acts

  private func act(
    _ act: OrderChange.Act, _ version: UInt32, _ request: Request, _ context: Caller
  ) async throws -> Response {
    let change = OrderChange(id: try request.changeID, order: try context.pathID, version: version, act: act)
    let done = try await desk.change(change, context.asker)
    return try answer(OrderAnswer(done.value), isRepeat: done.isRepeat)
  }

  private func reasoned(
    _ request: Request, _ context: Caller, _ act: (String) -> OrderChange.Act
  ) async throws -> Response {
    let body = try await request.read(ReasonBody.self, context)
    return try await self.act(act(body.reason), body.version, request, context)
  }

  @Sendable private func changeCard(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(CardChangeBody.self, context)
    let done = try await desk.changeCard(
      try card(body.card), order: context.pathID, version: body.version, id: request.changeID, context.asker)
    return try answer(OrderAnswer(done.value), isRepeat: done.isRepeat)
  }

  @Sendable private func showCard(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(ShowCardBody.self, context)
    let card = try await desk.showCard(
      order: context.pathID, reason: body.reason, id: request.changeID, context.asker)
    return try answer(CardAnswer(number: card.number, expiry: card.expiry))
  }

  @Sendable private func takeBack(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(ReturnBody.self, context)
    let done = try await desk.takeBack(
      serials: body.serials ?? [], order: context.pathID, version: body.version, id: request.changeID, context.asker)
    return try answer(OrderAnswer(done.value), isRepeat: done.isRepeat)
  }
}
