import PinStore
import PinWords
import Testing

@testable import PinEngine

/// What operations cost, in counts that do not drift with the machine: a change that makes one dearer is noticed here. One
/// that makes it cheaper lowers the figure.
@Suite("What an operation costs")
struct CostTests {
  private struct Cost: Equatable {
    var syncs: UInt64
    var events: UInt64
    /// Puts and removes in LMDB's tables, with those that a checkpoint adds of what is held in memory.
    var changes: UInt64
    var journalBytes: UInt64
    /// Entries looked up or walked to; only where a test is about them.
    var looks: UInt64?
  }

  /// A store whose writer takes no checkpoint by itself, so that only the operations are counted.
  private func makeBench() throws -> Bench {
    var settings = StoreSettings.small
    settings.checkpointMilliseconds = 3_600_000
    settings.checkpointIdleMilliseconds = 3_600_000
    return try Bench(settings: settings)
  }

  private func cost(
    _ bench: Bench, countingLooks: Bool = false, _ body: () async throws -> Void
  ) async throws -> Cost {
    _ = try bench.engine.store.checkpoint()
    let before = bench.engine.counters
    try await body()
    _ = try bench.engine.store.checkpoint()
    let after = bench.engine.counters
    return Cost(
      syncs: after.syncs - before.syncs, events: after.events - before.events, changes: after.changes - before.changes,
      journalBytes: after.journalBytes - before.journalBytes,
      looks: countingLooks ? after.looks - before.looks : nil)
  }

  @Test("To ask which mails are due costs what is due, however many wait for later or were given up")
  func dueMails() async throws {
    let nobody = try await looksForMails(due: 0, others: 0)
    for due in [0, 1, 31, 32, 40] {
      let alone = try await looksForMails(due: due, others: 0)
      #expect(try await looksForMails(due: due, others: 100) == alone, "\(due) due")
      // Of each its place in line and its record, and where a page is not full the end of those that are due.
      #expect(alone == nobody + UInt64(due < 32 ? 2 * due : 63), "\(due) due")
    }
  }

  /// How many entries are looked at by one question for mails that are due.
  private func looksForMails(due: Int, others: Int) async throws -> UInt64 {
    let bench = try makeBench()
    let shop = try await Shop(bench: bench)
    let customer = try await shop.customer(consents: true)
    let later = bench.clock.nowMilliseconds() + 60_000
    for number in 0..<others {
      _ = try await shop.mail(customer, as: shop.clerk)
      let mail = try #require(try await shop.mails().first)
      _ = await shop.note(mail, number % 2 == 0 ? .deferred : .givenUp, notBefore: later)
    }
    for _ in 0..<due { _ = try await shop.mail(customer, as: shop.clerk) }
    return try await looks(bench, shop) {
      let mails = try await shop.mails()
      #expect(mails.count == min(due, 32))
    }
  }

  /// How many entries are looked at by a question.
  private func looks(_ bench: Bench, _ shop: Shop, asking ask: () async throws -> Void) async throws -> UInt64 {
    func looks(asking: Bool) async throws -> UInt64 {
      let cost = try await cost(bench, countingLooks: true) {
        if asking { try await ask() }
        // A checkpoint counts what was looked at before it, if anything changed.
        _ = try await shop.customer()
      }
      return try #require(cost.looks)
    }
    let without = try await looks(asking: false)
    return try await looks(asking: true) - without
  }

  @Test("To ask which orders wait for a reviewer costs what waits, however many others there are")
  func pendingOrders() async throws {
    let alone = try await looksForPendingOrders(others: 0)
    #expect(try await looksForPendingOrders(others: 100) == alone)
  }

  /// How many entries are looked at by one question for the orders that wait, which are two.
  private func looksForPendingOrders(others: Int) async throws -> UInt64 {
    let bench = try makeBench()
    let shop = try await Shop(bench: bench)
    let customer = try await shop.customer()
    for _ in 0..<others {
      try await shop.change(try await shop.submit(customer, count: 1), .cancel(reason: "a test"), as: shop.all)
    }
    for _ in 0..<2 { _ = try await shop.submit(customer, count: 1) }
    return try await looks(bench, shop) {
      let asked = await bench.ask(.orders(.orders(after: .zero, onlyPending: true)), as: shop.reviewer)
      guard case .orders(let orders, next: nil) = asked else { throw Unexpected(what: "orders: \(asked)") }
      #expect(orders.count == 2)
    }
  }

  @Test("A batch of vends is one sync, and each a fixed number of puts and bytes", arguments: [1, 16, 64, 512])
  func vends(count: Int) async throws {
    let bench = try makeBench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1000)
    let cost = try await cost(bench) {
      let vends = (0..<count).map { _ in
        (command: Command.vend(Vend(id: bench.id(), line: Line(product: product, count: 1))), actor: till)
      }
      let answers = await bench.ask(all: vends)
      try #require(answers.allSatisfy { $0.outcome.delivery != nil })
    }
    let number = UInt64(count)
    #expect(cost == Cost(syncs: 1, events: number, changes: number * 2, journalBytes: 65 + number * 132))
  }

  @Test("A token costs the same however much there is, and has nothing made anew of what serving threads read")
  func tokens() async throws {
    let bench = try makeBench()
    let clerk = try await bench.actor("clerk", .clerk)
    func change(_ act: CredentialChange.Act) async throws -> RequestID {
      let change = CredentialChange(id: bench.id(), act: act)
      guard case .credential = await bench.engine.change(change, as: bench.administrator, keyNumber: 0).outcome else {
        throw Unexpected(what: "credential")
      }
      return change.id
    }
    func token(of owner: ActorID) async throws -> RequestID {
      let document = DocumentName(id: bench.id(), digest: [UInt8](repeating: 1, count: 32))
      return try await change(.addToken(of: owner, name: "books", endsAtMilliseconds: 0, document))
    }
    var costs: [Cost] = []
    for size in [1, 40] {
      for number in 0..<size {
        _ = try await token(of: try await bench.actor("clerk-\(size)-\(number)", .clerk))
        _ = try await bench.product("P\(size)-\(number)")
      }
      let catalogue = bench.engine.catalogue
      costs.append(try await cost(bench) { _ = try await change(.end(try await token(of: clerk))) })
      #expect(bench.engine.catalogue === catalogue)
    }
    #expect(costs[0] == costs[1])
    #expect(costs[0] == Cost(syncs: 2, events: 2, changes: 4, journalBytes: costs[0].journalBytes))
  }

  @Test("Each step of a card's life is one sync and few puts")
  func steps() async throws {
    let bench = try makeBench()
    let shop = try await bench.actor("shop", .storefront)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1000)
    let later = bench.clock.nowMilliseconds() + 90_000
    let id = bench.id()
    func released(_ count: UInt32) async throws -> RequestID {
      let id = bench.id()
      _ = await bench.ask(
        .reserve(Reserve(id: id, holdSeconds: 60, lines: [Line(product: product, count: count)])), as: shop)
      return id
    }
    let given = try await released(10)
    let reserve = Command.reserve(Reserve(id: id, holdSeconds: 60, lines: [Line(product: product, count: 3)]))
    let steps: [(name: String, command: Command, cost: Cost)] = [
      ("reserve", reserve, Cost(syncs: 1, events: 1, changes: 3, journalBytes: 197)),
      ("the same again", reserve, Cost(syncs: 0, events: 0, changes: 0, journalBytes: 0)),
      ("look up", .lookUp(id), Cost(syncs: 0, events: 0, changes: 0, journalBytes: 0)),
      (
        "extend", .extend(Extend(reservation: id, deadlineMilliseconds: later)),
        Cost(syncs: 1, events: 1, changes: 3, journalBytes: 101)
      ),
      ("dispense", .dispense(id), Cost(syncs: 1, events: 1, changes: 3, journalBytes: 173)),
      ("confirm", .confirm(id), Cost(syncs: 1, events: 1, changes: 1, journalBytes: 93)),
      ("a refusal", .reverse(id), Cost(syncs: 0, events: 0, changes: 0, journalBytes: 0)),
      ("release", .release(given), Cost(syncs: 1, events: 1, changes: 5, journalBytes: 173)),
    ]
    for step in steps {
      let cost = try await cost(bench) { _ = await bench.ask(step.command, as: shop) }
      #expect(cost == step.cost, "\(step.name)")
    }
  }

  @Test("A cart costs by its lines, not by its cards", arguments: [1, 10, 100], [1, 90])
  func carts(lineCount: Int, cardsPerLine: Int) async throws {
    let bench = try makeBench()
    let shop = try await bench.actor("shop", .storefront)
    var lines: [Line] = []
    for number in 0..<lineCount {
      let product = try await bench.product("P\(number)")
      try await bench.stock(product, 100, prefix: "P\(number)-")
      lines.append(Line(product: product, count: UInt32(cardsPerLine)))
    }
    let cost = try await cost(bench) {
      _ = await bench.ask(.reserve(Reserve(id: bench.id(), holdSeconds: 60, lines: lines)), as: shop)
    }
    let number = UInt64(lineCount)
    #expect(cost == Cost(syncs: 1, events: 1, changes: 2 + number, journalBytes: 125 + number * 72))
  }
}
