import PinWords

/// What sales of one currency add up to.
package struct SalesFigures: Hashable, Sendable {
  package var sales = 0
  /// Sold, whether or not they came back.
  package var cards = 0
  package var cardsBack = 0
  package var grossMinor: Int128 = 0
  package var discountMinor: Int128 = 0
  package var returnedMinor: Int128 = 0
  package var cancelledMinor: Int128 = 0
  package var taxMinor: Int128 = 0
  package var costMinor: Int128 = 0

  package init() {}

  /// Without the tax.
  package var netMinor: Int128 { grossMinor - discountMinor - returnedMinor - cancelledMinor - taxMinor }
  package var marginMinor: Int128 { netMinor - costMinor }

  /// The margin in hundredths of a percent of the net, rounded half away from zero; nil unless the net is above zero.
  package var marginHundredths: Int? { marginMinor.hundredths(of: netMinor) }

  package mutating func add(_ posting: Posting) {
    switch posting.kind {
    case .sale, .settlement:
      if posting.countsSale { sales += 1 }
      cards += posting.cards
      grossMinor += posting.grossMinor
      discountMinor += posting.discountMinor
    case .returned:
      cardsBack -= posting.cards
      returnedMinor -= posting.amountMinor
    case .cancellation:
      cardsBack -= posting.cards
      cancelledMinor -= posting.amountMinor
    }
    taxMinor += posting.taxMinor
    costMinor += posting.costMinor
  }

  package mutating func add(_ other: SalesFigures) {
    sales += other.sales
    cards += other.cards
    cardsBack += other.cardsBack
    grossMinor += other.grossMinor
    discountMinor += other.discountMinor
    returnedMinor += other.returnedMinor
    cancelledMinor += other.cancelledMinor
    taxMinor += other.taxMinor
    costMinor += other.costMinor
  }
}

extension Int128 {
  /// The part of a whole in hundredths of a percent, rounded half away from zero; nil unless the whole is above zero.
  func hundredths(of whole: Int128) -> Int? {
    guard whole > 0 else { return nil }
    let twice = self * 20_000
    return Int(clamping: (twice + (self < 0 ? -whole : whole)) / (2 * whole))
  }
}

extension SalesFigures {
  static let columns = [
    Column("currency", "Currency"), Column("sales", "Sales", .number), Column("cards", "Cards", .number),
    Column("cards_back", "Back", .number), Column("gross", "Gross", .money), Column("discounts", "Discounts", .money),
    Column("returns", "Returns", .money), Column("cancellations", "Cancelled", .money), Column("tax", "Tax", .money),
    Column("net", "Net", .money), Column("cost", "Cost", .money), Column("margin", "Margin", .money),
    Column("margin_percent", "Margin %", .percent),
  ]

  func cells(_ currency: Currency) -> [Cell] {
    let amounts = [
      grossMinor, discountMinor, returnedMinor, cancelledMinor, taxMinor, netMinor, costMinor, marginMinor,
    ]
    return [.text(currency.description), .number(sales), .number(cards), .number(cardsBack)]
      + amounts.map { .money($0, currency) } + [marginHundredths.map { .percent($0) } ?? .none]
  }
}
