import PinWords
import Testing

@testable import PinEngine

@Suite("Law 3: a PIN that was disclosed is regular again only by re-inventory")
struct Law03DisclosedStaysDisclosedTests {
  /// Every way a card goes, after P's one card was sold under `a`.
  static let ways = """
    == returned
    stock P 1
    clerk vend a P 1                                     => delivered 1/1
    clerk return r a                                     => returned 1 for 1000
    clerk stock-of P                                     => 1 used
    clerk vend b P 1                                     => insufficientStock P 0

    == returned, held as used, and given up, expired or reversed: as it was
    stock P 1
    clerk vend a P 1                                     => delivered 1/1
    clerk return r a                                     => returned 1 for 1000
    clerk reserve b 60 P 1 condition=used                => held 1
    clerk release b                                      => released
    clerk stock-of P                                     => 1 used
    clerk reserve c 60 P 1 condition=used                => held 1
    clerk reverse c                                      => reversed
    clerk stock-of P                                     => 1 used
    clerk reserve d 60 P 1 condition=used                => held 1
    pass 60
    clerk stock-of P                                     => 1 used
    clerk vend e P 1 condition=used                      => delivered 1/1
    clerk return s e                                     => returned 1 for 1000
    clerk stock-of P                                     => 1 used

    == reversed after delivery
    stock P 1
    till vend a P 1                                      => delivered 1/1
    till reverse a                                       => quarantined
    till stock-of P                                      => 1 quarantined
    till vend b P 1                                      => insufficientStock P 0
    till release a                                       => wrongState quarantined

    == dispensed, then given up
    stock P 1
    till reserve a 10 P 1                                => held 1
    till dispense a                                      => delivered 1/1
    till release a                                       => wrongState delivered
    pass 10
    till stock-of P                                      => 1 delivered

    == re-inventory is a named operator's, with a reason
    stock P 1
    clerk vend a P 1                                     => delivered 1/1
    clerk return r a                                     => returned 1 for 1000
    clerk re-inventory i 1                               => notPermitted
    stock-keeper re-inventory i 1 reason=                => invalid reason
    stock-keeper re-inventory i 1 reason=intact          => moved 1
    clerk stock-of P                                     => 1 regular

    == only held: as it was
    stock P 1
    till reserve a 10 P 1                                => held 1
    till release a                                       => released
    till reserve b 10 P 1                                => held 1
    till reverse b                                       => reversed
    till reserve c 10 P 1                                => held 1
    pass 10
    till vend d P 1                                      => delivered 1/1
    """

  @Test("However a disclosed card comes back, it is used or quarantined; one that was only held goes back as it was")
  func comesBack() async throws {
    var table = try await StatusTable(bench: try Bench())
    try await table.run(Self.ways)
    #expect(try table.bench.engine.verify().sound)
  }
}
