import PinWords

/// What the cards that are available suggest to buy.
package struct PurchaseSuggestion: Hashable, Sendable {
  package var sku: String
  package var vendor: String
  package var currency: Currency
  package var count: UInt32
  /// What one card of the last purchase cost; 0 if there was none.
  package var unitCostMinor: UInt64
}

extension ReportDesk {
  /// What to buy at a period's rate of sale, in the order of the products' numbers.
  package func suggestions(_ request: ReportRequest) async throws -> [PurchaseSuggestion] {
    precondition(request.kind == .cardsAvailable, "cards that are available suggest what to buy")
    return try await rows(of: request).compactMap { row in
      guard case .text(let sku)? = row["product"], case .text(let vendor)? = row["vendor"],
        case .text(let code)? = row["currency"], let currency = Currency(code),
        case .number(let count)? = row["suggested_quantity"], count > 0
      else { return nil }
      var cost: UInt64 = 0
      if case .money(let minor, _)? = row["unit_cost"] { cost = UInt64(clamping: minor) }
      return PurchaseSuggestion(
        sku: sku, vendor: vendor, currency: currency, count: UInt32(clamping: count), unitCostMinor: cost)
    }
  }
}
