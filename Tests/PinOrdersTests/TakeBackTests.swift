import PinEngine
import PinWords
import Testing

@testable import PinOrders

@Suite("Cards that come back by their serials")
struct TakeBackTests {
  @Test("The same return again is answered the same, also when the card was sold again since; another one is refused")
  func again() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2099-07"))
      let order = try await own.order(paidBy: card)
      let acts = [OrderChange.Act.approve, .recordPayment(authorisation: "A-1")]
      for (version, act) in zip(1...2 as ClosedRange<UInt32>, acts) {
        _ = try await desk.change(OrderChange(id: .new(), order: order.id, version: version, act: act), asker)
      }
      let serials = try desk.serials(of: try await desk.order(order.id, asker))
      #expect(serials.count == 1)
      let id = RequestID.new()
      let once = try await desk.takeBack(serials: serials, order: order.id, version: 3, id: id, asker)
      let used = OrderDesk.Submission(
        customer: order.customer, lines: [Line(product: own.product, count: 1, condition: .used)], shippingMinor: 0,
        card: card)
      for isSoldAgain in [false, true] {
        if isSoldAgain { _ = try await desk.submit(used, order: .new(), id: .new(), asker) }
        let again = try await desk.takeBack(serials: serials, order: order.id, version: 3, id: id, asker)
        #expect(!once.isRepeat && again.isRepeat && again.value == once.value && again.sequence == once.sequence)
      }
      await #expect(throws: OrderFault.self) {
        try await desk.takeBack(serials: ["S9999"], order: order.id, version: 4, id: .new(), asker)
      }
    }
  }
}
