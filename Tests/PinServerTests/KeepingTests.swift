import Foundation
import PinBytes
import PinProtocol
import PinWords
import Testing

@testable import PinServer

@Suite("Keeping stock and looking, over the wire", .timeLimit(.minutes(30)))
struct KeepingTests {
  @Test("A loader loads cards chunk by chunk while another connection vends")
  func loading() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 100)
      let till = try await rig.connect(as: try await rig.actor("till-1"))
      let loader = try await rig.connect(as: try await rig.actor("keeper", .stockKeeper))
      async let sold = {
        var count = 0
        for _ in 0..<100 where try await till.ask(.vend(product)).status == .done { count += 1 }
        return count
      }()
      let begin = BeginPurchase(id: newID(), product: product, lots: [DeclaredLot(expiry: .never, count: 5000)])
      guard case .purchase(let purchase) = try await loader.ask(.beginPurchase(begin)).answer else {
        throw RigError.unexpected("begin")
      }
      #expect(purchase.lots.map(\.count) == [5000])
      let chunks = (0..<50).map { chunk in
        LoadCards(
          purchase: purchase.purchase, chunk: UInt32(chunk),
          cards: (0..<100).map { index in
            let number = chunk * 100 + index
            // The last card of the last chunk is one that is there already.
            return number == 4999
              ? LoadCards.Card(expiry: .never, serial: "L0", pin: PIN("again"))
              : LoadCards.Card(expiry: .never, serial: "L\(number)", pin: PIN("L-PIN-\(number)"))
          })
      }
      // All at once, and the commit right behind them: it must find them loaded.
      try await loader.send(chunks.map { .loadCards($0) } + [.commitPurchase(purchase.purchase)])
      for chunk in chunks {
        guard case .loaded(let loaded) = try await loader.receive()?.answer else { throw RigError.unexpected("load") }
        #expect(loaded.accepted == (chunk.chunk == 49 ? 99 : 100))
        #expect(loaded.refusals.map(\.reason) == (chunk.chunk == 49 ? [.duplicateSerial] : []))
      }
      guard case .purchase(let committed) = try await loader.receive()?.answer else {
        throw RigError.unexpected("commit")
      }
      #expect(committed.lots.map(\.count) == [4999])
      #expect(try await sold == 100)
      let vended = try await till.ask(.vend(product))
      #expect(vended.delivery?.cards.first?.pin == PIN("L-PIN-0"))
      #expect(try await loader.ask(.loadCards(chunks[0])).refusal == .unknownPurchase)
    }
  }

  @Test("What is asked behind a change sees it, wherever each is answered")
  func orderOfEffects() async throws {
    try await ServerRig.with { rig in
      let known = try await rig.product("KNOWN")
      let root = try await rig.connect(as: rig.administrator)
      for number in 0..<20 {
        var product = try #require(rig.engine.catalogue.product(known))
        product.id = ProductID(0)
        product.sku = "NEW-\(number)"
        let define = DefineProduct(id: newID(), product: product)
        try await root.send([.defineProduct(define), .catalogue(CatalogueQuery()), .statistics])
        #expect(try await root.receive()?.status == .done)
        let reply = try #require(try await root.receive())
        guard case .catalogue(let page) = reply.answer else { throw RigError.unexpected("\(reply.status)") }
        #expect(page.records.last?.sku == "NEW-\(number)")
        #expect(try await root.receive()?.status == .done)
      }
    }
  }

  @Test("A follower is told of an event as soon as there is one, and blocks nobody meanwhile")
  func following() async throws {
    try await ServerRig.with {
      $0.maximumWaitingPolls = 1
    } _: { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 2)
      let till = try await rig.connect(as: try await rig.actor("till-1"))
      let auditor = try await rig.actor("auditor", .auditor)
      let follower = try await rig.connect(as: auditor)
      let head = rig.engine.headSequence
      try await follower.send([.events(EventsQuery(fromSequence: head + 1, waitMilliseconds: 30_000))])
      // A second follower is one too many; that it is told so shows that the first waits.
      let second = try await rig.connect(as: auditor)
      while true {
        let reply = try await second.ask(.events(EventsQuery(fromSequence: head + 1, waitMilliseconds: 1)))
        if reply.refusal == .busy(retryAfterMilliseconds: 1000) { break }
      }
      let vended = try await till.ask(.vend(product))
      let reply = try #require(try await follower.receive())
      guard case .events(let answer) = reply.answer else { throw RigError.unexpected("\(reply.status)") }
      #expect(answer.events.map(\.sequence) == [vended.message.sequence])

      guard case .events(let all) = try await follower.ask(.events(EventsQuery(fromSequence: 1))).answer else {
        throw RigError.unexpected("events")
      }
      #expect(all.events.map(\.sequence) == Array(1...answer.headSequence))
      let small = try await follower.ask(.events(EventsQuery(fromSequence: 1, maximumBytes: 1)))
      guard case .events(let one) = small.answer else { throw RigError.unexpected("events") }
      #expect(one.events.count == 1)
    }
  }

  @Test("Actors, catalogue, stock, a card's life, statistics, verification and a backup can be asked for")
  func looking() async throws {
    try await ServerRig.with { rig in
      let one = try await rig.product("ONE")
      let two = try await rig.product("TWO")
      try await rig.stock(one, 2)
      let till = try await rig.connect(as: try await rig.actor("till-1"))
      let vended = try await till.ask(.vend(one))
      let root = try await rig.connect(as: rig.administrator)

      guard case .actors(let actors) = try await root.ask(.actors(ActorsQuery(after: ActorID(1)))).answer else {
        throw RigError.unexpected("actors")
      }
      #expect(actors.records.map(\.name) == ["till-1"])
      guard case .catalogue(let page) = try await till.ask(.catalogue(CatalogueQuery(after: one))).answer else {
        throw RigError.unexpected("catalogue")
      }
      #expect(page.records.map(\.sku) == ["TWO"] && !page.hasMore)
      guard case .stock(let levels) = try await till.ask(.stock(StockQuery(after: ProductID(0)))).answer else {
        throw RigError.unexpected("stock")
      }
      #expect(levels.records.map(\.product) == [one, two] && levels.records[0].delivered == 1)
      guard case .cards(let cards) = try await root.ask(.card(CardQuery(serial: "S0", vendor: "Acme"))).answer else {
        throw RigError.unexpected("card")
      }
      #expect(cards.records.first?.custody == .delivered(try #require(vended.delivery?.head.reservation)))
      #expect(cards.records.first?.life.first?.sequence == vended.message.sequence)
      #expect(try await root.ask(.card(CardQuery(serial: "nothing"))).refusal == .unknownCard)

      let freeze = ProductStop(id: newID(), product: one, reason: "recall")
      #expect(try await root.ask(.freeze(freeze)).answer == .nothing)
      #expect(try await till.ask(.vend(one)).refusal == .productFrozen(one))

      for request in [RequestMessage.statistics, .verify, .backup(Backup(path: rig.directory + "/copy"))] {
        guard case .report(let report) = try await root.ask(request).answer else {
          throw RigError.unexpected("\(request.operation)")
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.text.utf8)) as? [String: Any])
        switch request {
        case .statistics: #expect(object["cards_opened"] as? Int == 1)
        case .verify: #expect(object["sound"] as? Bool == true)
        default: #expect(FileManager.default.fileExists(atPath: rig.directory + "/copy/backup"))
        }
      }
      for path in ["copy", "/tmp/../etc/copy", rig.directory + "/copy"] {
        #expect(try await root.ask(.backup(Backup(path: path))).refusal == .invalid(.path))
      }
    }
  }
}
