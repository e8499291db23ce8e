import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("Law 4: an id is one request, done once")
struct Law04ExactlyOnceTests {
  static let ids = """
    == the same id with other content is refused by what differs
    stock P 9
    till vend a P 1                                      => delivered 1/1
    till vend a P 2                                      => idReused count
    till reserve a 60 P 1                                => idReused operation
    till vend a P 1                                      => again delivered 1/1
    till stock-of P                                      => 8 regular, 1 delivered

    == an id is its first actor's, and that of those whose role says so
    stock P 9
    till vend a P 1                                      => delivered 1/1
    other vend a P 1                                     => notYours
    other confirm a                                      => notYours
    other reverse a                                      => notYours
    other reprint a 0 0                                  => notYours
    clerk vend a P 1                                     => again delivered 1/1
    clerk confirm a                                      => confirmed
    """

  @Test("An id is one request of one actor: what differs from it is refused and changes nothing")
  func anIDIsOneRequest() async throws {
    var table = try await StatusTable(bench: try Bench())
    try await table.run(Self.ids)
  }

  @Test("Copies of a request that race, in one batch and across batches, are one sale")
  func racingCopies() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 50)
    let id = bench.id()
    let vend = Command.vend(Vend(id: id, line: Line(product: product, count: 2)))
    let batch = await bench.ask(all: Array(repeating: (vend, till), count: 20))
    let alone = await withTaskGroup(of: Answered.self) { group in
      for _ in 0..<20 { group.addTask { await bench.engine.perform(vend, as: till) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let answers = batch + alone
    #expect(answers.count { !$0.isRepeat } == 1)
    let cards = try answers.map { try bench.engine.cards(of: try #require($0.outcome.delivery)).map(\.id) }
    #expect(Set(cards).count == 1)
    #expect(try await bench.level(product).delivered == 2)
  }

  @Test("A commit sent again tells the same counts, whatever has become of the cards since")
  func commitAgain() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let lot = try await bench.stock(product, 10)
    let purchase = try #require(bench.engine.catalogue.lots.last).purchase
    let end = StockChange(
      id: bench.id(), extents: [Extent(first: CardID(lot.extent.first.rawValue + 7), count: 3)], reason: "scratched")
    guard case .moved(3) = await bench.ask(.withdraw(end), as: bench.administrator) else {
      Issue.record("not withdrawn")
      return
    }
    let again = await bench.engine.commit(purchase, as: bench.administrator)
    guard case .purchase(purchase, let lots) = again.outcome else {
      Issue.record("\(again.outcome)")
      return
    }
    #expect(again.isRepeat && lots.map(\.loadedCount) == [10])
  }

  @Test("A PIN opens again only while custody says that its card is in that delivery")
  func opensOnlyWhatIsThere() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 5)
    let first = bench.id()
    let vend = Command.vend(Vend(id: first, line: Line(product: product, count: 5)))
    _ = await bench.ask(vend, as: clerk)
    let middle = Return(id: bench.id(), reservation: first, extents: [Extent(first: CardID(3), count: 1)])
    _ = await bench.ask(.return(middle), as: clerk)
    let resale = bench.id()
    let used = Line(product: product, count: 1, condition: .used)
    let resold = try #require(await bench.ask(.vend(Vend(id: resale, line: used)), as: clerk).delivery)
    #expect(try bench.engine.cards(of: resold).map(\.id) == [CardID(3)])
    for command in [vend, .dispense(first), .reprint(Reprint(reservation: first))] {
      let delivery = try #require(await bench.ask(command, as: clerk).delivery)
      #expect(try bench.engine.cards(of: delivery).map(\.id) == [1, 2, 4, 5].map { CardID($0) })
      #expect(delivery.totalCount == 5)
    }
    _ = await bench.ask(.reverse(first), as: clerk)
    let before = bench.engine.headSequence
    #expect(await bench.ask(vend, as: clerk).delivery?.openedCount == 0)
    #expect(bench.engine.headSequence == before, "nothing was opened, so nothing happened")
  }

  @Test("Settled holds and tombstones are forgotten after the announced time, records of disclosed cards never")
  func forgets() async throws {
    var settings = StoreSettings.small
    settings.clockAheadLimitMilliseconds = .max / 4
    let bench = try Bench(settings: settings)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 10)
    let line = Line(product: product, count: 1)
    let (released, expired, tombstone, sold, undone) = (bench.id(), bench.id(), bench.id(), bench.id(), bench.id())
    _ = await bench.ask(.reserve(Reserve(id: released, holdSeconds: 60, lines: [line])), as: till)
    _ = await bench.ask(.release(released), as: till)
    _ = await bench.ask(.reserve(Reserve(id: expired, holdSeconds: 60, lines: [line])), as: till)
    _ = await bench.ask(.reverse(tombstone), as: till)
    _ = await bench.ask(.vend(Vend(id: sold, line: line)), as: till)
    _ = await bench.ask(.vend(Vend(id: undone, line: line)), as: till)
    _ = await bench.ask(.reverse(undone), as: till)
    bench.clock.advance(milliseconds: 60_000)
    #expect(await bench.ask(.lookUp(expired), as: till).refusal == nil)

    let remembered = UInt64(bench.engine.limits.rememberedDays) * 86_400_000
    #expect(bench.engine.limits.rememberedDays >= 90)
    bench.clock.advance(milliseconds: remembered - 60_001)
    for id in [released, expired, tombstone] { #expect(await bench.ask(.lookUp(id), as: till).refusal == nil) }
    bench.clock.advance(milliseconds: 1)
    for id in [released, tombstone] { #expect(await bench.ask(.lookUp(id), as: till).refusal == .unknownID) }
    #expect(await bench.ask(.lookUp(expired), as: till).refusal == nil, "it ended a minute later")
    bench.clock.advance(milliseconds: remembered * 10)
    #expect(await bench.ask(.lookUp(expired), as: till).refusal == .unknownID)
    try bench.restart()
    #expect(await bench.ask(.lookUp(sold), as: till).refusal == nil)
    #expect(await bench.ask(.lookUp(undone), as: till).refusal == nil)
    #expect(await bench.ask(.vend(Vend(id: sold, line: line)), as: till).delivery?.openedCount == 1)
    #expect(try bench.engine.verify().sound)
  }
}
