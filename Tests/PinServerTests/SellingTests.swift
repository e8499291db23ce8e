import PinProtocol
import PinWords
import Testing

@testable import PinServer

@Suite("Cards over the wire", .timeLimit(.minutes(30)))
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

  @Test("A thousand vends sent at once are answered in their order")
  func pipelining() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 1000)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      let ids = (0..<1000).map { _ in newID() }
      let numbers = try await client.send(ids.map { .vend(product, id: $0) })
      var serials: Set<String> = []
      for (number, id) in zip(numbers, ids) {
        let reply = try #require(try await client.receive())
        #expect(reply.header.requestNumber == number)
        let delivery = try #require(reply.delivery)
        #expect(delivery.head.reservation == id)
        for card in delivery.cards { serials.insert(card.serial) }
      }
      #expect(serials.count == 1000)
    }
  }

  @Test("Answers keep the order of their requests, wherever each was answered")
  func mixedOrder() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 10)
      let client = try await rig.connect(as: try await rig.actor("clerk", .clerk))
      var invalid = RequestMessage.vend(product)
      if case .vend(var vend) = invalid {
        vend.line.condition = .used
        invalid = .vend(vend)
      }
      let requests: [RequestMessage] = [
        .vend(product), .ping, .catalogue(CatalogueQuery()), .vend(product), .card(CardQuery(serial: "S0")), invalid,
        .ping,
        .stock(StockQuery(product: product)), .catalogue(CatalogueQuery()), .vend(product), .ping,
      ]
      let numbers = try await client.send(requests)
      for (number, request) in zip(numbers, requests) {
        let reply = try #require(try await client.receive())
        #expect(reply.header.requestNumber == number)
        #expect(reply.header.operationNumber == request.operation.rawValue)
      }
    }
  }

  @Test("The same id on two connections at once sells once and answers alike")
  func sameIDTwice() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 100)
      let one = try await rig.connect(as: till)
      let two = try await rig.connect(as: till)
      for _ in 0..<50 {
        let vend = RequestMessage.vend(product)
        async let first = one.ask(vend)
        async let second = two.ask(vend)
        let replies = try await [first, second]
        #expect(replies.count { $0.message.isRepeat } == 1)
        let cards = replies.map { $0.delivery?.cards }
        #expect(cards[0] != nil && cards[0] == cards[1])
      }
      let stock = try await one.ask(.stock(StockQuery(product: product)))
      guard case .stock(let page) = stock.answer else { throw RigError.unexpected("\(stock.status)") }
      #expect(page.records.first?.delivered == 50)
    }
  }

  @Test("Of sixty-four terminals that race for the last card one gets it")
  func lastCard() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 1)
      let statuses = try await withThrowingTaskGroup(of: Status.self) { group in
        for _ in 0..<64 {
          group.addTask {
            let client = try await rig.connect(as: till)
            let status = try await client.ask(.vend(product)).status
            await client.close()
            return status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0 == .done } == 1)
      #expect(statuses.count { $0 == .insufficientStock } == 63)
    }
  }

  @Test("One client's vend costs one sync; a crowd shares them; neither costs a checkpoint")
  func syncs() async throws {
    try await ServerRig.with { rig in
      let till = try await rig.actor("till-1")
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 2200)
      let client = try await rig.connect(as: till)
      let atFirst = rig.engine.counters
      for _ in 0..<100 { #expect(try await client.ask(.vend(product)).status == .done) }
      let alone = rig.engine.counters
      #expect(alone.syncs - atFirst.syncs == 100)
      #expect(alone.events - atFirst.events == 100)

      var clients: [WireClient] = []
      for _ in 0..<64 { clients.append(try await rig.connect(as: till)) }
      let before = rig.engine.counters
      try await withThrowingTaskGroup(of: Void.self) { group in
        for client in clients {
          group.addTask {
            for _ in 0..<32 {
              let reply = try await client.ask(.vend(product))
              #expect(reply.status == .done)
            }
          }
        }
        try await group.waitForAll()
      }
      let after = rig.engine.counters
      #expect(after.events - before.events == 2048)
      // How many share one is a matter of who is given the processors; alone each would have its own.
      #expect(after.syncs - before.syncs < 2048 / 2)
      #expect(after.checkpoints == atFirst.checkpoints)
    }
  }

  @Test("A large hold is dispensed a frame at a time, the rest fetched by index, each first fetch its delivery")
  func largeDelivery() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 300)
      let client = try await rig.connect(as: try await rig.actor("shop", .storefront))
      let id = newID()
      let line = Line(product: product, count: 300)
      let reserved = try await client.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: [line])))
      guard case .reserved(let grant) = reserved.answer else { throw RigError.unexpected("\(reserved.status)") }
      #expect(grant.cardCount == 300 && grant.state == .held)
      let dispensed = try await client.ask(.dispense(id))
      var delivery = try #require(dispensed.delivery)
      var serials = delivery.cards.map(\.serial)
      while delivery.head.nextIndex < delivery.head.total {
        let next = delivery.head.nextIndex
        delivery = try #require(try await client.ask(.reprint(Reprint(reservation: id, firstIndex: next))).delivery)
        #expect(delivery.head.firstIndex == next && delivery.head.printCount == 0)
        serials += delivery.cards.map(\.serial)
      }
      #expect(serials == (0..<300).map { "S\($0)" })
      let part = try await client.ask(.reprint(Reprint(reservation: id, firstIndex: 10, count: 5)))
      #expect(part.delivery?.cards.map(\.serial) == (10..<15).map { "S\($0)" })
      #expect(part.delivery?.head.nextIndex == 15)
      let found = try await client.ask(.lookUp(id))
      guard case .found(.reservation(let reservation)) = found.answer else { throw RigError.unexpected("look up") }
      #expect(reservation.openedCount == 300 && reservation.printCount == 1)
    }
  }
}
