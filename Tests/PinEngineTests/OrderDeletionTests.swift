import PinWords
import Testing

@testable import PinEngine

@Suite("An order is deleted when nobody has had its cards since its customer, and leaves a tombstone")
struct OrderDeletionTests {
  @Test("An order is deleted once all its cards are in used stock: they are regular then, and a tombstone stays")
  func deletion() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "returned")
    let level = try await shop.bench.level(shop.product)
    #expect(level.used == 2)
    #expect(await shop.ask(order, .delete(reason: "r"), version: 4, as: shop.clerk).refusal == .notPermitted)
    // One of them is sold again, and comes back: until then it is not there.
    let lines = [Line(product: shop.product, count: 1, condition: .used)]
    let resale = shop.bench.id()
    _ = await shop.bench.ask(.reserve(Reserve(id: resale, holdSeconds: 600, lines: lines)), as: shop.clerk)
    let early = await shop.ask(order, .delete(reason: "entered twice"), version: 4, as: shop.all)
    guard case .refused(.notInCustody) = early else { throw Unexpected(what: "\(early)") }
    _ = await shop.bench.ask(.release(resale), as: shop.clerk)
    try await shop.change(order, .delete(reason: "entered twice"), as: shop.all)
    let after = try await shop.bench.level(shop.product)
    #expect(after.used == 0 && after.regular == level.regular + 2)
    #expect(try await shop.axes(order) == OrderAxes(.approved, .refunded, .deleted))
    guard
      case .orders(let listed, _) = await shop.bench.ask(
        .orders(.orders(after: .zero, onlyPending: false)), as: shop.all)
    else { throw Unexpected(what: "orders") }
    #expect(!listed.contains { $0.id == order })
    #expect(try await shop.soundAfterRestart())
  }

  @Test("An order of which a card was sold again is not deleted, even if the card is back; one that was only held, is")
  func deletionAfterResale() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "returned")
    let other = try await shop.order(standing: "returned")
    // One of the first order's cards is sold from used stock in an order of its own, and comes back.
    let customer = try await shop.customer()
    let lines = [Line(product: shop.product, count: 1, condition: .used)]
    let resale = shop.bench.id()
    let submit = OrderChange.Submit(customer: customer, lines: lines, card: shop.card(1))
    guard case .orderChanged = await shop.ask(resale, .submit(submit), version: 0, as: shop.all) else {
      throw Unexpected(what: "used sale")
    }
    for act in [OrderChange.Act.approve, .recordPayment(authorisation: "A"), .takeBack([])] {
      try await shop.change(resale, act, as: shop.all)
    }
    let level = try await shop.bench.level(shop.product)
    #expect(level.used == 4)
    let outcome = await shop.ask(order, .delete(reason: "entered twice"), version: 4, as: shop.all)
    guard case .orderRefused(.resold) = outcome else { throw Unexpected(what: "\(outcome)") }
    // The used sale was a mistake, too: it is deleted, and its card stays used.
    try await shop.change(resale, .delete(reason: "entered twice"), as: shop.all)
    #expect(try await shop.axes(resale).fulfilment == .deleted)
    #expect(try await shop.bench.level(shop.product) == level)
    // The neighbour's cards lie in one piece with them, and nobody had them.
    try await shop.change(other, .delete(reason: "entered twice"), as: shop.all)
    let after = try await shop.bench.level(shop.product)
    #expect(after.used == 2 && after.regular == level.regular + 2)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("A card that was sold over a counter since, and came back, was sold again all the same")
  func deletionAfterSaleOverCounter() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "returned")
    let sale = shop.bench.id()
    let vend = Vend(id: sale, line: Line(product: shop.product, count: 1, condition: .used))
    #expect(await shop.bench.ask(.vend(vend), as: shop.all).delivery != nil)
    let comesBack = Return(id: shop.bench.id(), reservation: sale)
    guard case .returned = await shop.bench.ask(.return(comesBack), as: shop.all) else {
      throw Unexpected(what: "return")
    }
    let outcome = await shop.ask(order, .delete(reason: "entered twice"), version: 4, as: shop.all)
    guard case .orderRefused(.resold) = outcome else { throw Unexpected(what: "\(outcome)") }
    #expect(try await shop.bench.level(shop.product).used == 2)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("Where re-inventory needs a second person, an order is not deleted without one")
  func deletionByTwo() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "returned")
    let custodian = try await shop.bench.actor("custodian", .keyCustodian)
    let define = DefineApprovalRule(id: shop.bench.id(), rule: ApprovalRule(cardsPerDay: 1))
    let approve = Approve(id: shop.bench.id(), request: .defineApprovalRule(define))
    _ = await shop.bench.ask(.approve(approve), as: custodian)
    _ = await shop.bench.ask(.defineApprovalRule(define), as: shop.bench.administrator)
    let outcome = await shop.ask(order, .delete(reason: "entered twice"), version: 4, as: shop.all)
    #expect(outcome.refusal == .approvalRequired(.missing))
    #expect(try await shop.bench.level(shop.product).used == 2)
  }
}
