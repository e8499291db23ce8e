import Foundation
import PinEngine
import PinWords
import Testing

@testable import PinOrders

@Suite("What the desk keeps for a change, and for whom")
struct DeskTests {
  @Test("Who may not describe customers is told so, under an id that is free and under one that is taken")
  func notPermitted() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let till = try await own.actor("till", .terminal)
      func describe(_ name: String, id: RequestID, as asker: OrderDesk.Asker) async throws {
        _ = try await desk.define(
          CustomerDetails(name: name, email: "ada@example.com"), customer: .new(), version: 0, consents: false, id: id,
          asker)
      }
      let taken = RequestID.new()
      try await describe("Ada", id: taken, as: asker)
      // Under the id that is taken another answer would tell that it is.
      for id in [taken, .new()] {
        let fault = await #expect(throws: OrderFault.self) { try await describe("Eve", id: id, as: till) }
        #expect(fault?.refusal == .notPermitted)
      }
    }
  }

  @Test("An expired payment card is not taken; what was done with it before is answered the same again")
  func expiredCards() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let good = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2099-07"))
      let order = try await own.order(paidBy: good)
      let other = try #require(PaymentCardDetails(number: "5555555555554444", expiry: "2031-07"))
      func change(_ version: UInt32, id: RequestID, on day: String) async throws -> OrderDesk.Done<Order> {
        let noon = try Date(day + "T12:00:00Z", strategy: .iso8601)
        return try await desk.keeping(other, of: order.id, version: version, id: id, asker, at: noon) { card in
          let act = OrderChange.Act.changeCard(card)
          return try await desk.change(OrderChange(id: id, order: order.id, version: version, act: act), asker)
        }
      }
      let id = RequestID.new()
      for _ in 0..<2 {
        let fault = await #expect(throws: OrderFault.self) { try await change(1, id: id, on: "2031-08-01") }
        guard case .expiredCard = fault else { throw OwnEngine.NotDone() }
      }
      #expect(try await desk.order(order.id, asker).order.version == 1)
      let done = try await change(1, id: id, on: "2031-07-31")
      let again = try await change(1, id: id, on: "2031-08-01")
      #expect(!done.isRepeat && again.isRepeat && again.value == done.value && again.sequence == done.sequence)

      // Its document is replaced: what is sent again brings another one, which is not kept.
      _ = try await desk.changeCard(good, order: order.id, version: 2, id: .new(), asker)
      for day in ["2031-07-31", "2031-08-01"] {
        let late = try await change(1, id: id, on: day)
        #expect(late.isRepeat && late.value == done.value && late.sequence == done.sequence)
      }
      let fault = await #expect(throws: OrderFault.self) {
        try await desk.changeCard(good, order: order.id, version: 1, id: id, asker)
      }
      #expect(fault?.refusal == .idReused(.paymentCard))
      own.desk.engine.stop()
      #expect(try own.desk.engine.document(DocumentName(id: id, digest: done.value.card?.document.digest ?? [])) == nil)
    }
  }

  @Test("Who looks for pending orders is given them, however many others come before")
  func pendingBehindOthers() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2099-07"))
      let customer = try await own.order(paidBy: card).customer
      let submission = OrderDesk.Submission(
        customer: customer, lines: [Line(product: own.product, count: 1)], shippingMinor: 0, card: nil)
      for number in 1...300 as ClosedRange<UInt64> {
        let order = RequestID(high: 1, low: number)
        _ = try await desk.submit(submission, order: order, id: .new(), asker)
        let cancel = OrderChange(id: .new(), order: order, version: 1, act: .cancel(reason: "a test"))
        _ = try await desk.change(cancel, asker)
      }
      let page = try await desk.orders(after: .zero, onlyPending: true, asker)
      #expect(page.orders.count == 1 && page.next == nil)
    }
  }
}

extension OrderFault {
  fileprivate var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
