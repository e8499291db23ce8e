import PinProtocol
import PinWords
import Testing

@testable import PinServer

@Suite("Cards over the wire", .timeLimit(.minutes(1)))
struct SellingTests {
  @Test("A vend's answer carries what a receipt needs, and its repeat the same")
  func vend() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 3, expiry: Day(daysSince1970: 30_000))
      let client = try await rig.connect(as: till)
      let id = newID()
      let reply = try await client.ask(.vend(product, id: id))
      let delivery = try #require(reply.delivery)
      #expect(delivery.head.reservation == id && delivery.head.state == .delivered)
      #expect(delivery.head.total == 1 && delivery.head.nextIndex == 1 && delivery.head.printCount == 0)
      #expect(delivery.head.dispensedAtMilliseconds == reply.message.timeMilliseconds)
      let line = try #require(delivery.lines.first)
      #expect(line.name == "Card ACME-10" && line.instructions == "Dial *123*PIN#")
      #expect(line.faceValueMinor == 1000 && line.granted.unitPriceMinor == 950)
      let card = try #require(delivery.cards.first)
      #expect(card.serial == "S0" && card.pin.text == ServerRig.pin("S", 0))
      #expect(card.expiry == Day(daysSince1970: 30_000))

      let again = try await client.ask(.vend(product, id: id))
      #expect(again.message.isRepeat && again.delivery?.cards == delivery.cards)
      let confirmed = try await client.ask(.confirm(id))
      #expect(confirmed.answer == .standing(Standing(state: .confirmed)))
      #expect(try await client.ask(.reverse(id)).refusal == .final)
    }
  }
}
