import PinWords
import Testing

@testable import PinEngine

@Suite("An order that a gateway is asked for the money of")
struct GatewayPaymentTests {
  private func waiting(_ shop: Shop) async -> [RequestID] {
    guard case .orders(let orders, nil) = await shop.bench.ask(.orders(.waitingPayments(after: .zero)), as: .store)
    else {
      return []
    }
    return orders.map(\.id)
  }

  @Test(
    "Approved it is paying; nobody but the store says what the gateway answered, and nothing else is done meanwhile")
  func life() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer()
    let order = try await shop.submit(by: shop.method(9), as: customer, count: 2)
    #expect(try await shop.axes(order) == OrderAxes(.pending, .unpaid, .held))
    #expect(await waiting(shop) == [])
    try await shop.change(order, .approve, as: shop.reviewer)
    #expect(try await shop.axes(order) == OrderAxes(.approved, .paying, .held))
    #expect(await waiting(shop) == [order])
    for act in OrderAct.allCases where act != .submit {
      let outcome = await shop.ask(order, try shop.act(act), version: 2, as: shop.all)
      let isRefused =
        act.isOfStore
        ? outcome.refusal == .notPermitted
        : "\(outcome)".contains("wrongState") || "\(outcome)".contains("orderRefused")
      #expect(isRefused, "\(act): \(outcome)")
    }
    // Nothing is taken before its name is on disk.
    let early = await shop.ask(order, .takePayment(authorisation: "pi_1"), version: 2, as: .store)
    guard case .orderRefused(.wrongState) = early else { throw Unexpected(what: "\(early)") }
    try await shop.change(order, .openPayment("pi_1"), as: .store)
    try await shop.change(order, .takePayment(authorisation: "pi_1"), as: .store)
    let paid = try await shop.found(order).order
    #expect(paid.axes == OrderAxes(.approved, .paid, .delivered) && paid.paidMinor == paid.totalMinor)
    #expect(await waiting(shop) == [])

    // The next with the same method goes through by itself; with another it is reviewed.
    let next = try await shop.submit(by: shop.method(9), as: customer, count: 1)
    #expect(try await shop.axes(next) == OrderAxes(.approved, .paying, .held))
    let other = try await shop.submit(by: shop.method(10), as: customer, count: 1)
    #expect(try await shop.axes(other) == OrderAxes(.pending, .unpaid, .held))
    #expect(try await shop.soundAfterRestart())
    #expect(await waiting(shop) == [next])
  }

  @Test("A decline leaves order and cards; another method is asked for anew. What is credited is refunded, and no more")
  func declineAndRefund() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(by: shop.method(9), as: try await shop.customer(), count: 2)
    for act in [OrderChange.Act.approve, .openPayment("pi_1"), .declinePayment(reason: "card_declined")] {
      try await shop.change(order, act, as: act.kind.isOfStore ? .store : shop.reviewer)
    }
    #expect(try await shop.axes(order) == OrderAxes(.approved, .declined, .held))
    #expect(try await shop.bench.level(shop.product).reserved == 2)
    #expect(await waiting(shop) == [])
    #expect(try await shop.found(order).order.gatewayPayment.isEmpty)
    try await shop.change(order, .changeMethod(shop.method(11)), as: shop.storefront)
    #expect(try await shop.axes(order) == OrderAxes(.pending, .unpaid, .held))
    #expect(try await shop.found(order).order.gatewayPayment.isEmpty)
    for act in [OrderChange.Act.approve, .openPayment("pi_2"), .takePayment(authorisation: "pi_2")] {
      try await shop.change(order, act, as: act.kind.isOfStore ? .store : shop.reviewer)
    }
    try await shop.change(order, .takeBack([]), as: shop.clerk)
    #expect(await waiting(shop) == [order])
    let credited = try await shop.found(order).order
    for amount in [0, credited.creditedMinor + 1] {
      let outcome = await shop.ask(order, .refund(totalMinor: amount), version: credited.version, as: .store)
      #expect(outcome.refusal == .invalid(.amount))
    }
    try await shop.change(order, .refund(totalMinor: credited.creditedMinor), as: .store)
    #expect(await waiting(shop) == [])
    #expect(try await shop.soundAfterRestart())
  }

  @Test("What did not reach the customer is told to the shop, and the gateway is asked no more")
  func lostRefund() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(by: shop.method(9), as: try await shop.customer(), count: 2)
    for act in [
      .approve, .openPayment("pi_1"), .takePayment(authorisation: "pi_1"), .takeBack([]), .refund(totalMinor: 1500),
    ] as [OrderChange.Act] {
      try await shop.change(order, act, as: act.kind.isOfStore ? .store : shop.all)
    }
    #expect(await waiting(shop) == [order])
    let before = try await shop.found(order).order
    for amount in [1500, 2000] as [UInt64] {
      let outcome = await shop.ask(order, .loseRefund(totalMinor: amount), version: before.version, as: .store)
      #expect(outcome.refusal == .invalid(.amount))
    }
    try await shop.change(order, .loseRefund(totalMinor: 500), as: .store)
    let after = try await shop.found(order).order
    #expect(after.refundedMinor == 500 && after.gatewayPayment.isEmpty && after.axes == before.axes)
    #expect(await waiting(shop) == [])
    #expect(try await shop.mails().last?.kind == .refundLost)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("A payment card is sealed anew while it is to be charged: the same card, whose document before is replaced")
  func sealedAnew() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 1, card: 7)
    let (before, version) = (try await shop.found(order).order, UInt32(1))
    #expect(
      await shop.ask(order, .resealCard(shop.card(8)), version: version, as: .store).refusal == .invalid(.paymentCard))
    #expect(await shop.ask(order, .resealCard(shop.card(7)), version: version, as: shop.all).refusal == .notPermitted)
    let card = shop.card(7)
    try await shop.change(order, .resealCard(card), as: .store)
    let after = try await shop.found(order).order
    #expect(after.card == card && after.axes == before.axes && after.suspicions == before.suspicions)
    try await shop.change(order, .recordPayment(authorisation: "A"), as: shop.clerk)
    guard case .orderRefused(.wrongState) = await shop.ask(order, .resealCard(shop.card(7)), version: 3, as: .store)
    else { throw Unexpected(what: "sealed anew though it was charged") }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("What a clerk was paid for an order whose payment was declined, the gateway is not asked to give back")
  func paidElsewhere() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(by: shop.method(9), as: try await shop.customer(), count: 2)
    for act in [
      .approve, .openPayment("pi_1"), .declinePayment(reason: "card_declined"), .recordPayment(authorisation: "A-1"),
      .takeBack([]),
    ] as [OrderChange.Act] {
      try await shop.change(order, act, as: act.kind.isOfStore ? .store : shop.all)
    }
    #expect(try await shop.axes(order) == OrderAxes(.approved, .refunded, .returned))
    #expect(await waiting(shop) == [])
  }
}
