import Foundation
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

@Suite("Law 2: no PIN is told before the event that decided it is on disk")
struct Law02DurableBeforeToldTests {
  @Test("Every opening of PINs, the first and each again, is an event of its own that is synced when it is answered")
  func everyOpeningIsAnEvent() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 300)
    let sold = bench.id()
    let held = bench.id()
    let vend = Command.vend(Vend(id: sold, line: Line(product: product, count: 2)))
    let lines = [Line(product: product, count: 200)]
    _ = await bench.ask(.reserve(Reserve(id: held, holdSeconds: 60, lines: lines)), as: till)
    let openings: [(Command, EventKind)] = [
      (vend, .vended), (vend, .opened), (.dispense(held), .dispensed), (.dispense(held), .opened),
      (.dispense(sold), .opened), (.reprint(Reprint(reservation: held, firstIndex: 128)), .opened),
      (.reprint(Reprint(reservation: held, firstIndex: 128)), .opened),
    ]
    for (command, kind) in openings {
      let before = bench.engine.headSequence
      let answered = await bench.engine.perform(command, as: till)
      #expect(bench.engine.headSequence == before + 1, "the answer came with its event synced")
      #expect(answered.sequence == before + 1)
      #expect(try #require(answered.outcome.delivery).openedCount > 0)
      let event = try #require(try bench.events(from: before + 1).first)
      #expect(event.kind == kind && event.actor == till)
    }
  }

  @Test("When the sync fails, no cards are handed out, and the sale can be looked up after a restart")
  func failedSync() async throws {
    let fails = Mutex(false)
    let calls = SystemCalls(
      write: SystemCalls.real.write,
      syncData: { descriptor in
        guard fails.withLock({ $0 }) else { return SystemCalls.real.syncData(descriptor) }
        errno = EIO
        return -1
      }, freeBytes: SystemCalls.real.freeBytes)
    var settings = StoreSettings.small
    settings.systemCalls = calls
    let bench = try Bench(settings: settings)
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 3)
    fails.withLock { $0 = true }
    let id = bench.id()
    let vend = Command.vend(Vend(id: id, line: Line(product: product, count: 1)))
    #expect(await bench.ask(vend, as: till).refusal == .stopping)
    #expect(await bench.ask(.lookUp(id), as: till).refusal == .stopping, "nobody is shown what could still be lost")
    fails.withLock { $0 = false }
    try bench.restart()
    // Whether it happened is now known: asked again it is one sale.
    #expect(await bench.ask(vend, as: till).delivery?.openedCount == 1)
    #expect(try await bench.level(product).delivered == 1)
  }
}

extension Bench {
  /// The events from a sequence on, decoded.
  func events(from sequence: UInt64 = 1) throws -> [JournalEvent] {
    var events: [JournalEvent] = []
    try engine.forEachEvent(from: sequence) { event, sequence, time in
      events.append(try JournalEvent(sequence: sequence, timeMilliseconds: time, bytes: event))
      return true
    }
    return events
  }
}
