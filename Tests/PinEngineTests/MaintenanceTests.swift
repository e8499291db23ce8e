import Foundation
import PinSealing
import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("The store can be proved, copied, lost and given another key")
struct MaintenanceTests {
  /// A bench on which a bit of everything has happened.
  private func busyBench() async throws -> (bench: Bench, till: ActorID, clerk: ActorID, product: ProductID) {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 100)
    for count in 1...5 as ClosedRange<UInt32> {
      let id = bench.id()
      #expect(
        await bench.ask(.vend(Vend(id: id, line: Line(product: product, count: count))), as: till).delivery != nil)
      if count == 2 { _ = await bench.ask(.reverse(id), as: till) }
      if count == 3 { _ = await bench.ask(.confirm(id), as: till) }
      if count == 4 { _ = await bench.ask(.return(Return(id: bench.id(), reservation: id)), as: clerk) }
    }
    for count in 1...4 as ClosedRange<UInt32> {
      let id = bench.id()
      let lines = [Line(product: product, count: count)]
      _ = await bench.ask(.reserve(Reserve(id: id, holdSeconds: 600, lines: lines)), as: till)
      if count == 2 { _ = await bench.ask(.release(id), as: till) }
      if count == 3 { _ = await bench.ask(.dispense(id), as: till) }
    }
    return (bench, till, clerk, product)
  }

  @Test("Verification replays the journal to the same digest and finds every law kept")
  func verifies() async throws {
    let (bench, _, _, _) = try await busyBench()
    let report = try bench.engine.verify()
    #expect(report.sound, "\(report.problems)")
    #expect(report.cards == 100)
    #expect(report.stateDigest != nil && report.stateDigest == report.replayedDigest)
    #expect(report.headSequence == bench.engine.headSequence)
  }

  @Test(
    "A restore that may have forgotten sales has a new id and all its stock in quarantine until it is re-inventoried")
  func restores() async throws {
    let (bench, _, _, product) = try await busyBench()
    let backup = bench.directory + ".backup"
    let target = bench.directory + ".restored"
    defer { for path in [backup, target] { try? FileManager.default.removeItem(atPath: path) } }
    _ = try bench.engine.backup(to: backup)
    let before = try await bench.level(product)
    let report = try Engine.restore(from: backup, to: target, settings: .small, clock: bench.clock)
    #expect(report.newStoreID != nil)

    let engine = try Engine(at: target, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    defer { engine.stop() }
    #expect(engine.catalogue.storeID == report.newStoreID)
    #expect(engine.catalogue.storeID != bench.engine.catalogue.storeID)
    guard case .stock(let levels) = await engine.perform(.stock(product), as: bench.administrator).outcome else {
      Issue.record("no stock")
      return
    }
    #expect(levels[0].regular == 0 && levels[0].used == 0 && levels[0].reserved == 0)
    #expect(levels[0].quarantined == before.regular + before.used + before.reserved + before.quarantined)
    #expect(levels[0].delivered == before.delivered)
    let change = StockChange(
      id: bench.id(), extents: [Extent(first: CardID(1), count: 100)], reason: "counted by hand")
    guard case .moved(let cards) = await engine.perform(.reinventory(change), as: bench.administrator).outcome else {
      Issue.record("not re-inventoried")
      return
    }
    #expect(cards == levels[0].quarantined)
    let verified = try engine.verify()
    #expect(verified.sound, "\(verified.problems)")
  }

  @Test("A restore to an earlier event forgets what came after; one with the surviving journal forgets nothing")
  func restoresToSequence() async throws {
    let (bench, till, _, product) = try await busyBench()
    let backup = bench.directory + ".backup"
    let early = bench.directory + ".early"
    let whole = bench.directory + ".whole"
    defer { for path in [backup, early, whole] { try? FileManager.default.removeItem(atPath: path) } }
    let made = try bench.engine.backup(to: backup)
    _ = await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 1))), as: till)
    let level = try await bench.level(product)
    let storeID = bench.engine.catalogue.storeID
    bench.engine.stop()

    let first = try Engine.restore(
      from: backup, to: early, lastSequence: made.headSequence - 3, settings: .small, clock: bench.clock)
    #expect(first.headSequence == made.headSequence - 2)
    let engine = try Engine(at: early, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    #expect(try engine.verify().sound)
    engine.stop()

    let second = try Engine.restore(
      from: backup, to: whole, survivingJournal: bench.directory + "/journal", knownHead: made.headSequence + 1,
      settings: .small, clock: bench.clock)
    #expect(second.newStoreID == nil && second.headSequence == made.headSequence + 1)
    let again = try Engine(at: whole, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    defer { again.stop() }
    #expect(again.catalogue.storeID == storeID)
    guard case .stock(let levels) = await again.perform(.stock(product), as: bench.administrator).outcome else {
      Issue.record("no stock")
      return
    }
    #expect(levels[0] == level)
  }

  /// A copy of the journal that was made too early looks just like one that is whole.
  @Test(
    "Nothing is forgotten only if the surviving journal ends exactly with the event that was last told of",
    arguments: [nil, -1, 0, 1] as [Int?])
  func knownHead(distance: Int?) async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 3)
    let backup = bench.directory + ".backup"
    let target = bench.directory + ".restored"
    let copied = bench.directory + ".copied"
    defer { for path in [backup, target, copied] { try? FileManager.default.removeItem(atPath: path) } }
    _ = try bench.engine.backup(to: backup)
    let vend = Command.vend(Vend(id: bench.id(), line: Line(product: product, count: 1)))
    #expect(await bench.ask(vend, as: till).delivery != nil)
    let copiedHead = bench.engine.headSequence
    try FileManager.default.copyItem(atPath: bench.directory + "/journal", toPath: copied)
    #expect(
      await bench.ask(.vend(Vend(id: bench.id(), line: Line(product: product, count: 1))), as: till).delivery != nil)

    let report = try Engine.restore(
      from: backup, to: target, survivingJournal: copied,
      knownHead: distance.map { UInt64(Int(copiedHead) + $0) }, settings: .small, clock: bench.clock)
    #expect(report.restoredSequence == copiedHead)
    #expect((report.newStoreID == nil) == (distance == 0))
    let engine = try Engine(at: target, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    defer { engine.stop() }
    let again = Command.vend(Vend(id: bench.id(), line: Line(product: product, count: 1)))
    #expect((await engine.perform(again, as: till).outcome.delivery != nil) == (distance == 0))
  }

  @Test("A purchase that became stock after the backup is restored only with the payload that survived")
  func survivingPayload() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1, prefix: "A")
    let backup = bench.directory + ".backup"
    let targets = ["none", "before", "whole"].map { "\(bench.directory).\($0)" }
    defer { for path in targets + [backup] { try? FileManager.default.removeItem(atPath: path) } }
    _ = try bench.engine.backup(to: backup)
    try await bench.stock(product, 3, prefix: "B")
    let head = bench.engine.headSequence
    bench.stop()

    func restore(_ target: String, to sequence: UInt64? = nil, payload: String? = nil) throws -> RestoreReport {
      try Engine.restore(
        from: backup, to: target, lastSequence: sequence, survivingJournal: bench.directory + "/journal",
        knownHead: head, survivingPayload: payload, settings: .small, clock: bench.clock)
    }
    let problem = StoreError.payloadMissing(
      "event \(head) makes purchase 2 stock, and its cards may not be in the backup: give the payload that survived "
        + "(--payload), or restore up to the event before (--to-sequence \(head - 1))")
    #expect(throws: problem) { _ = try restore(targets[0]) }
    #expect(!FileManager.default.fileExists(atPath: targets[0]))
    #expect(try restore(targets[1], to: head - 1).newStoreID != nil)

    #expect(try restore(targets[2], payload: bench.directory + "/payload").newStoreID == nil)
    let engine = try Engine(at: targets[2], masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    defer { engine.stop() }
    let vend = Command.vend(Vend(id: bench.id(), line: Line(product: product, count: 4)))
    let delivery = try #require(await engine.perform(vend, as: till).outcome.delivery)
    #expect(try engine.cards(of: delivery).map(\.serial) == ["A0", "B0", "B1", "B2"])
    #expect(try engine.verify().sound)
  }

  @Test("After a rekey the new master key opens the directory and the old one does not")
  func rekeys() async throws {
    let (bench, till, _, product) = try await busyBench()
    let new = SecretKey.random()
    bench.stop()
    try Engine.rekey(at: bench.directory, from: bench.masterKey, to: new, settings: .small, clock: bench.clock)
    #expect(throws: KeyringError.self) {
      try Engine(at: bench.directory, masterKey: bench.masterKey, settings: .small, clock: bench.clock)
    }
    let engine = try Engine(at: bench.directory, masterKey: new, settings: .small, clock: bench.clock)
    defer { engine.stop() }
    let vend = Command.vend(Vend(id: bench.id(), line: Line(product: product, count: 1)))
    guard case .delivery(let delivery) = await engine.perform(vend, as: till).outcome else {
      Issue.record("not vended")
      return
    }
    #expect(try engine.cards(of: delivery).count == 1)
  }

  @Test("A card's whole life is told from the journal, latest first")
  func life() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 10)
    let line = Line(product: product, count: 4)
    let released = bench.id()
    _ = await bench.ask(.reserve(Reserve(id: released, holdSeconds: 60, lines: [line])), as: till)
    _ = await bench.ask(.release(released), as: till)
    // The next piece that comes back joins the one above it, and that is not an event of the cards above.
    let sold = bench.id()
    _ = await bench.ask(.vend(Vend(id: sold, line: line)), as: till)
    _ = await bench.ask(.return(Return(id: bench.id(), reservation: sold)), as: clerk)
    let change = StockChange(id: bench.id(), extents: [Extent(first: CardID(2), count: 1)], reason: "intact")
    _ = await bench.ask(.reinventory(change), as: bench.administrator)
    let lower = StockChange(id: bench.id(), extents: [Extent(first: CardID(3), count: 2)], reason: "intact")
    _ = await bench.ask(.reinventory(lower), as: bench.administrator)

    func names(_ serial: String) async throws -> [String] {
      try await bench.engine.cards(serial: serial, as: bench.administrator).get()[0].life.map(\.name)
    }
    let whole = ["reinventoried", "returned", "vended", "released", "reserved", "purchase-committed", "purchase-begun"]
    #expect(try await names("A1") == whole)
    #expect(try await names("A2") == whole)
    #expect(try await names("A0") == Array(whole.dropFirst()))
    #expect(try await names("A9") == ["purchase-committed", "purchase-begun"])
    #expect(try await bench.engine.cards(serial: "A1", as: bench.administrator).get()[0].custody == .stock(.regular))
    #expect(try await bench.engine.cards(serial: "B1", as: bench.administrator) == .failure(.unknownCard))
    #expect(try await bench.engine.cards(serial: "A1", as: till) == .failure(.notPermitted))
  }
}

@Suite("A long life is told in part, and says so")
struct LongLifeTests {
  @Test("Of a card that was held and given back again and again, the latest events are told")
  func longLife() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 2)
    for _ in 0..<(Engine.mostEventsOfLife / 2 + 5) {
      let id = bench.id()
      let lines = [Line(product: product, count: 1)]
      _ = await bench.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), as: till)
      _ = await bench.ask(.release(id), as: till)
    }
    let life = try await bench.engine.cards(serial: "A0", as: bench.administrator).get()[0].life
    #expect(life.count == Engine.mostEventsOfLife)
    #expect(life.first?.name == "released" && life.last?.name != "purchase-begun")
  }
}
