import PinEngine
import PinWords
import Testing

@testable import PinReports

/// Sums by what they are of, which have a bound.
@Suite struct GroupedFiguresTests {
  private func sale(of product: UInt32, by cashier: UInt32, in currency: String, cards: UInt32) -> Posting {
    let line = Line(product: ProductID(product), count: cards)
    return Posting(
      sale: GrantedLine(line: line, unitPriceMinor: 100, currency: Currency(currency)!), line: 0, extents: Few(),
      costMinor: 0, sequence: 1, timeMilliseconds: 0, reservation: RequestID(high: 0, low: 1),
      user: Posting.User(actor: ActorID(1), cashier: cashier), tender: .cash, countsSale: true)
  }

  @Test func thereIsASumForEachUserAndCurrency() throws {
    var sums = GroupedFigures(by: .user)
    for (cashier, currency, cards) in [(2, "USD", 1), (1, "USD", 2), (2, "USD", 4), (1, "EUR", 8)]
      as [(UInt32, String, UInt32)]
    {
      try sums.add(sale(of: 7, by: cashier, in: currency, cards: cards))
    }
    #expect(sums.sorted.map { "\($0.key.currency) \($0.figures.cards)" } == ["EUR 8", "USD 2", "USD 5"])
    sums.removeAll()
    #expect(sums.sorted.isEmpty)
  }

  /// A terminal says what a cashier's number is: one that counts up at each sale uses up no memory.
  @Test func moreRowsThanAReportHoldsAreRefused() throws {
    var sums = GroupedFigures(by: .user, mostRows: 3)
    for cashier in [1, 2, 3, 2] as [UInt32] { try sums.add(sale(of: 7, by: cashier, in: "USD", cards: 1)) }
    #expect(throws: ReportError.tooManyRows(most: 3)) { try sums.add(sale(of: 7, by: 4, in: "USD", cards: 1)) }
    #expect(throws: ReportError.tooManyRows(most: 3)) { try sums.add(sale(of: 7, by: 1, in: "EUR", cards: 1)) }
    // What is there goes on.
    try sums.add(sale(of: 7, by: 3, in: "USD", cards: 1))
    #expect(sums.sorted.map(\.figures.cards) == [1, 2, 2])
    var products = GroupedFigures(by: .product, mostRows: 1)
    for cashier in 1...9 as ClosedRange<UInt32> { try products.add(sale(of: 7, by: cashier, in: "USD", cards: 1)) }
    #expect(products.sorted.map(\.figures.cards) == [9])
  }
}
