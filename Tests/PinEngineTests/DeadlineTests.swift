import Foundation
import LMDB
import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("The table of deadlines says what is due, and nothing else")
struct DeadlineTests {
  @Test("An id that was forgotten and used again for a change is a change, also for a state rebuilt from the journal")
  func idForgottenAndUsedAgain() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let id = bench.id()
    #expect(await bench.ask(.reverse(id), as: till).state == .reversed)
    bench.clock.advance(milliseconds: UInt64(bench.engine.limits.rememberedDays) * 86_400_000)
    _ = await bench.ask(.shiftTotals, as: till)
    guard case .shift = await bench.ask(.closeShift(id), as: till) else { throw Unexpected(what: "the id is known") }
    try bench.rebuildState()
    let again = await bench.engine.perform(.closeShift(id), as: till)
    #expect(again.isRepeat)
    #expect(try bench.engine.verify().sound)
  }

  @Test("Whatever becomes of a hold, its old deadline goes with it")
  func noEntryIsStale() async throws {
    let bench = try Bench()
    let shop = try await bench.actor("shop", .storefront)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 9)
    func hold() async -> RequestID {
      let id = bench.id()
      let lines = [Line(product: product, count: 1)]
      #expect(await bench.ask(.reserve(Reserve(id: id, holdSeconds: 60, lines: lines)), as: shop).state == .held)
      return id
    }
    #expect(await bench.ask(.dispense(hold()), as: shop).delivery != nil)
    #expect(await bench.ask(.release(hold()), as: shop).state == .released)
    #expect(await bench.ask(.reverse(hold()), as: shop).state == .reversed)
    let deadline = bench.clock.nowMilliseconds() + 90_000
    let extended = await hold()
    let extend = Extend(reservation: extended, deadlineMilliseconds: deadline)
    #expect(await bench.ask(.extend(extend), as: shop).state == .held)
    let forgotten = bench.clock.nowMilliseconds() + UInt64(bench.engine.limits.rememberedDays) * 86_400_000
    #expect(try bench.deadlines() == [deadline, forgotten, forgotten])
    bench.clock.advance(milliseconds: UInt64(bench.engine.limits.rememberedDays) * 86_400_000)
    for _ in 0..<10 { _ = await bench.ask(.stock(product), as: shop) }
    #expect(try bench.deadlines().count == 1, "the one that expired just now is remembered")
    #expect(try bench.engine.verify().sound)
  }
}

extension Bench {
  /// Opens without the state, as after a crash that took it: all of it is replayed from the journal.
  func rebuildState() throws {
    try restart {
      try FileManager.default.removeItem(atPath: directory + "/state")
      try FileManager.default.createDirectory(atPath: directory + "/state", withIntermediateDirectories: false)
    }
  }

  /// The times in the table of deadlines.
  func deadlines() throws -> [UInt64] {
    let snapshot = try engine.store.checkpoint()
    var walk = try snapshot.transaction.walk(Tables(snapshot.tables).deadlines)
    var times: [UInt64] = []
    while let entry = try walk.next() { times.append(DeadlineKey(entry.key).timeMilliseconds) }
    return times
  }
}
