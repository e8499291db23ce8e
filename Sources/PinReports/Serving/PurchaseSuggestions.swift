import PinEngine
import PinStore
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
  /// What to buy at a period's rate of sale, in the order of the products' numbers: of the events up to one, so that it is the
  /// same whenever it is asked for.
  package func suggestions(
    _ request: ReportRequest, through lastSequence: UInt64
  ) async throws -> [PurchaseSuggestion] {
    precondition(request.kind == .cardsAvailable, "cards that are available suggest what to buy")
    return try await rows(of: request, through: lastSequence).compactMap { row in
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

  /// The last event of a store whose suggestions a purchase order was drafted of is in its id: so what is asked for again can
  /// be made again. The other half tells it from all others.
  package static func order(_ number: UInt64, through lastSequence: UInt64) -> RequestID {
    RequestID(high: number, low: lastSequence)
  }

  /// The last event that was looked at when an event drafted a purchase order of suggestions; nil if it did not.
  package func lastSequence(draftedBy sequence: UInt64) throws -> UInt64? {
    let event = try event(sequence)
    guard case .purchaseOrderChanged(.draft, let order, _) = event.facts, order.id.low < sequence else { return nil }
    return order.id.low
  }

  /// When an event was.
  package func timeMilliseconds(of sequence: UInt64) throws -> UInt64 { try event(sequence).timeMilliseconds }

  private func event(_ sequence: UInt64) throws -> JournalEvent {
    try journal.withEvent(sequence) { bytes, time in try JournalEvent.whole(sequence, time, bytes) }
  }
}
