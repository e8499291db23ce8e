import Foundation
import PinEngine
import PinWords
import Testing

@testable import PinOrders

@Suite("Payment cards' numbers are purged on schedule, but for those that are still to be charged")
struct CardPurgeTests {
  private static let day = 86_400.0

  @Test("When a month is due its key is gone, and what is to be charged opens under a later one; last four digits stay")
  func schedule() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2099-07"))
      let orders = [try await own.order(paidBy: card), try await own.order(paidBy: card)]
      _ = try await desk.change(
        OrderChange(id: .new(), order: orders[0].id, version: 1, act: .recordPayment(authorisation: "A-1")), asker)
      // The month is not over so many days before.
      #expect(try await desk.purgeCards(keptDays: 90, at: Date() + 60 * Self.day) == [])
      let later = Date() + 200 * Self.day
      let purged = try await desk.purgeCards(keptDays: 90, at: later)
      #expect(purged.count == 1)
      #expect(try desk.vault.periods(overBefore: later + 365 * Self.day).allSatisfy { !purged.contains($0) })

      let first = try await desk.order(orders[0].id, asker).order
      #expect(try desk.cardSummary(try #require(first.card))?.lastFour == "1111")
      await #expect(throws: OrderFault.self) {
        try await desk.showCard(order: first.id, reason: "to charge it", id: .new(), asker)
      }
      let second = try await desk.order(orders[1].id, asker).order
      #expect(second.version == 2 && second.axes == orders[1].axes)
      #expect(try await desk.showCard(order: second.id, reason: "to charge it", id: .new(), asker) == card)
      // What it was sealed as before is gone, too.
      #expect(try desk.engine.document(try #require(orders[1].card).document) == nil)
      #expect(try await desk.purgeCards(keptDays: 90, at: later) == [])

      // Also when it has expired: whether it can still be charged is the bank's to say.
      #expect(try await desk.purgeCards(keptDays: 90, at: later + 100 * 365 * Self.day).count == 1)
      #expect(try await desk.showCard(order: second.id, reason: "to charge it", id: .new(), asker) == card)
      #expect(try desk.engine.verify().sound)
    }
  }
}
