import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("What needs a second person is not done by one")
struct ApprovalTests {
  /// Turns the rule on, with 2 cards a day; each section's cards 1 to 9 are in quarantine, the day's first.
  static func quarantined(_ title: String) -> String {
    """
    == \(title)
    stock P 9
    pass 86400
    till vend sale P 9                                             => delivered 9/9
    till reverse sale                                              => quarantined
    key-custodian approve on rule r 2                              => approved
    administrator rule r 2                                         => done

    """
  }

  static let off = """
    == off unless turned on, by two
    stock P 9
    till vend sale P 9                                             => delivered 9/9
    till reverse sale                                              => quarantined
    stock-keeper re-inventory i 1-9                                => moved 9
    administrator rule r 2                                         => approvalRequired missing
    key-custodian approve a rule r 3                               => approved
    administrator rule r 2                                         => idReused cards per day
    key-custodian approve b rule r 2                               => approved
    administrator rule r 2                                         => done
    administrator rule r 2                                         => again done
    administrator rule r 3                                         => idReused cards per day
    administrator rule s off                                       => approvalRequired missing
    key-custodian approve c rule s off                             => approved
    administrator rule s off                                       => done
    """

  static let large =
    quarantined("a large re-inventory") + """
      stock-keeper re-inventory i 1-3                                => approvalRequired missing
      stock-keeper re-inventory i 1-2                                => moved 2
      key-custodian approve a re-inventory j 3-9                     => approved
      stock-keeper re-inventory j 3-8                                => idReused count
      stock-keeper re-inventory j 3-9 reason=other                   => idReused reason
      stock-keeper withdraw j 1                                      => moved 1
      key-custodian approve b rule k off                             => approved
      stock-keeper re-inventory k 3-9                                => idReused operation
      """ + "\n"
    + quarantined("approved as it is, and once") + """
      key-custodian approve a re-inventory i 1-9                     => approved
      key-custodian approve a re-inventory i 1-9                     => again approved
      key-custodian approve a re-inventory i 1-8                     => idReused count
      administrator approve b re-inventory i 1-9                     => notPermitted
      stock-keeper re-inventory other 1-9                            => approvalRequired missing
      stock-keeper re-inventory i 1-9                                => moved 9
      stock-keeper re-inventory i 1-9                                => again moved 9
      till vend again P 9                                            => delivered 9/9
      till reverse again                                             => quarantined
      stock-keeper re-inventory j 1-9                                => approvalRequired missing
      key-custodian approve c re-inventory i 1-9                     => idReused approved request
      """ + "\n"
    + quarantined("many small ones are a large one") + """
      stock-keeper re-inventory i 1                                  => moved 1
      administrator re-inventory j 2                                 => moved 1
      stock-keeper re-inventory k 3                                  => approvalRequired missing
      key-custodian approve a re-inventory l 3-4                     => approved
      stock-keeper re-inventory l 3-4                                => moved 2
      pass 86400
      stock-keeper re-inventory k 5-6                                => moved 2
      stock-keeper re-inventory m 7                                  => approvalRequired missing
      """ + "\n"
    + quarantined("an approval ends after a day") + """
      key-custodian approve a re-inventory i 1-9                     => approved
      pass 86399
      key-custodian approve b re-inventory j 1-9                     => approved
      pass 1
      stock-keeper re-inventory i 1-9                                => approvalRequired expired
      stock-keeper re-inventory j 1-9                                => moved 9
      """

  static let people =
    quarantined("nobody is the second person of himself") + """
      administrator define d new name=both roles=stock-keeper,key-custodian => approvalRequired missing
      key-custodian approve a define d new name=both roles=stock-keeper,key-custodian => approved
      administrator define d new name=both roles=key-custodian        => idReused roles
      administrator define d new name=both roles=stock-keeper,key-custodian => actor
      """

  static let custodians =
    quarantined("who names the second person alone has none") + """
      administrator define a new name=c-2 roles=key-custodian        => approvalRequired missing
      administrator define a terminal name=t-1 roles=terminal,key-custodian => approvalRequired missing
      administrator define a key-custodian name=key-custodian roles=key-custodian key=new => approvalRequired missing
      administrator define a terminal name=t-1 roles=terminal        => actor
      administrator define b key-custodian name=key-custodian roles=key-custodian revoked=yes => actor
      administrator define c key-custodian name=key-custodian roles=key-custodian => approvalRequired missing
      """

  @Test("Requests, one a line", arguments: [off, large, people, custodians])
  func table(_ text: String) async throws {
    var settings = StoreSettings.small
    settings.clockAheadLimitMilliseconds = .max / 4
    var table = try await StatusTable(bench: try Bench(settings: settings))
    try await table.run(text)
    let bench = table.bench
    let live = try bench.engine.verify()
    #expect(live.sound, "\(live.problems)")
    try bench.restart()
    #expect(try bench.engine.verify().stateDigest == live.stateDigest)
  }

  /// A store on which every re-inventory needs a second person, with two cards in quarantine.
  private func guarded() async throws -> (bench: Bench, custodian: ActorID, both: ActorID, product: ProductID) {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let custodian = try await bench.actor("custodian", .keyCustodian)
    let both = try await bench.actor("both", [.keyCustodian, .stockKeeper])
    let product = try await bench.product("ONE")
    try await bench.stock(product, 2)
    let sale = bench.id()
    #expect(await bench.ask(.vend(Vend(id: sale, line: Line(product: product, count: 2))), as: till).delivery != nil)
    #expect(await bench.ask(.reverse(sale), as: till).state == .quarantined)
    let define = DefineApprovalRule(id: bench.id(), rule: ApprovalRule(cardsPerDay: 0))
    #expect(await approve(.defineApprovalRule(define), as: custodian, bench) == nil)
    #expect(await bench.ask(.defineApprovalRule(define), as: bench.administrator).refusal == nil)
    return (bench, custodian, both, product)
  }

  private func approve(_ request: ApprovableRequest, as actor: ActorID, _ bench: Bench) async -> Refusal? {
    await bench.ask(.approve(Approve(id: bench.id(), request: request)), as: actor).refusal
  }

  private func change(_ bench: Bench, _ card: UInt64) -> StockChange {
    StockChange(id: bench.id(), extents: [Extent(first: CardID(card), count: 1)], reason: "seal unbroken")
  }

  @Test("One's own approval is none; somebody else's of the same request is")
  func own() async throws {
    let (bench, custodian, both, _) = try await guarded()
    let change = change(bench, 1)
    #expect(await approve(.reinventory(change), as: both, bench) == nil)
    #expect(await bench.ask(.reinventory(change), as: both).refusal == .approvalRequired(.own))
    #expect(await approve(.reinventory(change), as: custodian, bench) == nil)
    #expect(await bench.ask(.reinventory(change), as: both).refusal == nil)
  }

  @Test("What somebody approved who is revoked, or no custodian any more, is not approved")
  func lapsed() async throws {
    let (bench, custodian, _, _) = try await guarded()
    let change = change(bench, 1)
    #expect(await approve(.reinventory(change), as: custodian, bench) == nil)
    let revoked = ActorDescription(id: custodian, name: "custodian", roles: .keyCustodian, isRevoked: true)
    _ = await bench.engine.define(
      DefineActor(id: bench.id(), actor: revoked), as: bench.administrator)
    #expect(await bench.ask(.reinventory(change), as: bench.administrator).refusal == .approvalRequired(.lapsed))
    #expect(await approve(.reinventory(change), as: custodian, bench) == .notPermitted)
  }

  @Test("The event that was approved names the approval, and an approval survives a restart but not its use")
  func events() async throws {
    let (bench, custodian, _, product) = try await guarded()
    let (first, second) = (change(bench, 1), change(bench, 2))
    let approval = await bench.engine.perform(
      .approve(Approve(id: bench.id(), request: .reinventory(first))), as: custodian)
    #expect(
      try bench.events(from: approval.sequence).first?.facts
        == .approved(
          .init(
            operation: .reinventory, request: first.id,
            validUntilMilliseconds: bench.clock.nowMilliseconds() + 86_400_000)))
    try bench.restart()
    let done = await bench.engine.perform(.reinventory(first), as: bench.administrator)
    guard case .reinventoried(let facts)? = try bench.events(from: done.sequence).first?.facts else {
      Issue.record("\(done.outcome)")
      return
    }
    #expect(facts.approvedBy == approval.sequence && facts.cards == 1)
    try bench.restart()
    #expect(await bench.ask(.reinventory(second), as: bench.administrator).refusal == .approvalRequired(.missing))
    #expect(try await bench.level(product).quarantined == 1)
    #expect(try bench.engine.verify().sound)
  }

  @Test("Approvals that nobody uses do not pile up: a bounded number waits, and room comes when their time is over")
  func bounded() async throws {
    let (bench, custodian, _, _) = try await guarded()
    for _ in 0..<Machine.mostApprovals {
      #expect(await approve(.reinventory(change(bench, 1)), as: custodian, bench) == nil)
    }
    let last = change(bench, 1)
    #expect(await approve(.reinventory(last), as: custodian, bench)?.parts.status == .busy)
    bench.clock.advance(milliseconds: ApprovalRule.validSeconds * 1000)
    #expect(await approve(.reinventory(last), as: custodian, bench) == nil)
    try bench.restart()
    #expect(await bench.ask(.reinventory(last), as: bench.administrator).refusal == nil)
    #expect(try bench.engine.verify().sound)
  }
}
