import Foundation
import PinWords
import Testing

@testable import PinEngine

@Suite("An import is all or nothing, and nothing is imported twice")
struct ImportTests {
  private func begin(_ bench: Bench, _ product: ProductID, _ count: UInt32) async throws -> PurchaseID {
    let begin = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: count)])
    guard case .purchase(let purchase, _) = await bench.engine.begin(begin, as: bench.administrator).outcome else {
      throw Unexpected(what: "begin")
    }
    return purchase
  }

  private func chunk(_ cards: [(serial: String, pin: String)]) -> CardChunk {
    let chunk = CardChunk(capacity: cards.count * 200)
    for card in cards { chunk.append(card.serial, pin: card.pin, expiry: .never) }
    return chunk
  }

  @Test("Duplicates within a purchase and of earlier ones are refused, each naming the purchase that has the other")
  func duplicates() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let first = try await begin(bench, product, 2)
    _ = await bench.load(first, 0, chunk([("S1", "111"), ("S2", "222")]))
    guard case .purchase = await bench.engine.commit(first, as: bench.administrator).outcome else {
      Issue.record("not committed")
      return
    }
    let second = try await begin(bench, product, 6)
    let loaded = try await bench.load(
      second, 0,
      chunk([("S3", "333"), ("S4", "333"), ("S5", "111"), ("S1", "555"), ("S3", "666"), ("", "7"), ("S8", "")])
    )
    .get()
    #expect(loaded.acceptedCount == 1)
    #expect(
      loaded.refusals == [
        LoadRefusal(index: 1, reason: .duplicatePIN, purchase: second),
        LoadRefusal(index: 2, reason: .duplicatePIN, purchase: first),
        LoadRefusal(index: 3, reason: .duplicateSerial, purchase: first),
        LoadRefusal(index: 4, reason: .duplicateSerial, purchase: second),
        LoadRefusal(index: 5, reason: .malformed, purchase: PurchaseID(0)),
        LoadRefusal(index: 6, reason: .malformed, purchase: PurchaseID(0)),
      ])
    // A card refused for its serial leaves its PIN free for another.
    #expect(try await bench.load(second, 1, chunk([("S9", "555")])).get().acceptedCount == 1)
    guard case .purchase(_, let lots) = await bench.engine.commit(second, as: bench.administrator).outcome else {
      Issue.record("not committed")
      return
    }
    #expect(lots[0].loadedCount == 2)
    let level = try await bench.level(product)
    #expect(level.regular == 4 && level.void == 4)
    #expect(try bench.engine.verify().sound)
  }

  @Test("A chunk sent again is answered alike and loaded once; one out of turn is refused")
  func chunksInTurn() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let purchase = try await begin(bench, product, 3)
    #expect(try await bench.load(purchase, 0, chunk([("S1", "111")])).get().acceptedCount == 1)
    #expect(try await bench.load(purchase, 0, chunk([("S1", "111")])).get().acceptedCount == 1)
    guard case .failure(.outOfTurn(expected: 1)) = await bench.load(purchase, 2, chunk([("S2", "222")])) else {
      Issue.record("taken out of turn")
      return
    }
    let first = await bench.engine.commit(purchase, as: bench.administrator)
    let again = await bench.engine.commit(purchase, as: bench.administrator)
    #expect(!first.isRepeat && again.isRepeat)
    #expect(first.sequence > 0 && again.sequence == first.sequence)
    #expect(try await bench.level(product).regular == 1)
  }

  @Test("One import runs at a time; one that fell silent gives way")
  func oneAtATime() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let running = try await begin(bench, product, 3)
    _ = await bench.load(running, 0, chunk([("S1", "111")]))
    let next = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: 1)])
    #expect(await bench.engine.begin(next, as: bench.administrator).outcome.refusal == .importRunning(running))
    bench.clock.advance(milliseconds: ImportDesk.idleMilliseconds)
    guard case .purchase(let second, _) = await bench.engine.begin(next, as: bench.administrator).outcome else {
      Issue.record("did not give way")
      return
    }
    guard case .failure(.unknownPurchase) = await bench.load(running, 1, chunk([("S2", "222")])) else {
      Issue.record("an abandoned import went on")
      return
    }
    #expect(try await bench.load(second, 0, chunk([("S1", "111")])).get().acceptedCount == 1)
  }

  @Test("Another purchase that is heard of does not make the running import give way")
  func heardOfAnother() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let done = try await begin(bench, product, 1)
    _ = await bench.engine.commit(done, as: bench.administrator)
    let running = try await begin(bench, product, 3)
    #expect(await bench.engine.commit(done, as: bench.administrator).isRepeat)
    _ = await bench.load(done, 0, chunk([("S9", "999")]))
    let next = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: 1)])
    #expect(await bench.engine.begin(next, as: bench.administrator).outcome.refusal == .importRunning(running))
    #expect(try await bench.load(running, 0, chunk([("S1", "111")])).get().acceptedCount == 1)
  }

  @Test("Of imports begun at the same moment one is begun, and the others do not push it aside")
  func begunTogether() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    for _ in 0..<10 {
      let outcomes = await withTaskGroup(of: Outcome.self) { group in
        for _ in 0..<8 {
          let begin = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: 1)])
          group.addTask { await bench.engine.begin(begin, as: bench.administrator).outcome }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      let begun = outcomes.compactMap { if case .purchase(let purchase, _) = $0 { purchase } else { nil } }
      #expect(begun.count == 1)
      guard case .purchase = await bench.engine.commit(try #require(begun.first), as: bench.administrator).outcome
      else {
        Issue.record("pushed aside")
        return
      }
    }
  }

  @Test("What a crash interrupted is void after the restart, its entries are gone, and the same file can be imported")
  func interrupted() async throws {
    let bench = try Bench()
    let product = try await bench.product("ONE")
    let purchase = try await begin(bench, product, 3)
    #expect(try await bench.load(purchase, 0, chunk([("S1", "111"), ("S2", "222")])).get().acceptedCount == 2)
    try bench.restart()
    let level = try await bench.level(product)
    #expect(level.loading == 0 && level.void == 3)
    #expect(await bench.engine.commit(purchase, as: bench.administrator).outcome.refusal == .unknownPurchase)
    let again = try await begin(bench, product, 2)
    #expect(try await bench.load(again, 0, chunk([("S1", "111"), ("S2", "222")])).get().acceptedCount == 2)
    guard case .purchase = await bench.engine.commit(again, as: bench.administrator).outcome else {
      Issue.record("not committed")
      return
    }
    #expect(try bench.engine.verify().sound)
  }

  @Test("No imported PIN stands anywhere in the data directory or in a backup")
  func sealed() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 50)
    _ = await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 5))), as: till)
    let backup = bench.directory + ".backup"
    defer { try? FileManager.default.removeItem(atPath: backup) }
    _ = try bench.engine.backup(to: backup)
    let needle = Data("PIN-A-10000".utf8)
    for directory in [bench.directory, backup] {
      let files = try #require(FileManager.default.enumerator(atPath: directory))
      var found = 0
      for case let file as String in files {
        guard let data = FileManager.default.contents(atPath: "\(directory)/\(file)") else { continue }
        found += 1
        #expect(data.range(of: needle) == nil, "a PIN stands in \(file)")
      }
      #expect(found > 3)
    }
    // The search is able to find: a serial, which is public, is there.
    let payload = try #require(FileManager.default.contents(atPath: backup + "/payload/data.mdb"))
    #expect(payload.range(of: Data("A49".utf8)) != nil)
  }
}
