import PinWords
import Testing

@testable import PinEngine

@Suite("Law 5: a reversal always settles")
struct Law05ReversalSettlesTests {
  static let reversals = """
    == before its original
    stock P 2
    till reverse a                                       => reversed
    till reverse a                                       => again reversed
    till vend a P 1                                      => wrongState reversed
    till reserve a 60 P 1                                => wrongState reversed
    till stock-of P                                      => 2 regular

    == of a hold, an ended hold, a delivery
    stock P 2
    till reserve a 60 P 1                                => held 1
    till reverse a                                       => reversed
    till reverse a                                       => again reversed
    till reserve b 60 P 1                                => held 1
    till release b                                       => released
    till reverse b                                       => again released
    till vend c P 1                                      => delivered 1/1
    till reverse c                                       => quarantined
    till reverse c                                       => again quarantined
    till stock-of P                                      => 1 regular, 1 quarantined

    == of a confirmed delivery: never
    stock P 1
    till vend a P 1                                      => delivered 1/1
    till confirm a                                       => confirmed
    till reverse a                                       => final
    till reverse a                                       => final
    till vend a P 1                                      => again confirmed 1/1

    == within the window, to its last second, and no longer
    stock P 2
    till vend a P 1                                      => delivered 1/1
    till vend b P 1                                      => delivered 1/1
    pass 86399
    till reverse a                                       => quarantined
    pass 1
    till reverse b                                       => final
    till confirm b                                       => confirmed

    == the window runs from the dispense, not from the reserve
    stock P 1
    storefront reserve a 172800 P 1                      => held 1
    pass 86400
    storefront dispense a                                => delivered 1/1
    pass 86399
    storefront reverse a                                 => quarantined
    """

  @Test("Whatever had become of the request, it is undone or final, and the late original is refused")
  func settles() async throws {
    var table = try await StatusTable(bench: try Bench())
    try await table.run(Self.reversals)
    #expect(try table.bench.engine.verify().sound)
  }

  @Test("A tombstone outlives a restart")
  func tombstoneLasts() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1)
    let id = bench.id()
    _ = await bench.ask(.reverse(id), as: till)
    try bench.restart()
    let vend = Command.vend(Vend(id: id, line: Line(product: product, count: 1)))
    #expect(await bench.ask(vend, as: till).refusal == .wrongState(.reversed))
  }
}
