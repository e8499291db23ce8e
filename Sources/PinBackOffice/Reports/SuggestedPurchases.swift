import Hummingbird
import PinEngine
import PinOrders
import PinReports
import PinSealing
import PinWords

/// Purchase orders drafted from what the cards-available report suggests: one for each vendor and currency, for approval.
struct SuggestedPurchases: Sendable {
  let desk: OrderDesk
  let reports: ReportDesk
  let settings: ReportSettings

  /// What one purchase order may hold.
  private static let mostLines = 64

  /// One that was drafted already under the same key is answered as it is, whatever would be suggested now.
  @Sendable func draft(_ request: Request, _ context: Caller) async throws -> Response {
    try context.confirmMayReadBooks(desk.engine)
    guard context.parameters.get("name") == ReportKind.cardsAvailable.rawValue else {
      throw Problem("not-found", .notFound, "There is nothing here.")
    }
    let key = try request.changeID
    let asked = try AskedReport(.cardsAvailable, request, settings)
    let suggestions: [PurchaseSuggestion]
    do { suggestions = try await reports.suggestions(asked.report) } catch let error as ReportError {
      throw Problem(error)
    }
    var drafted: [PurchaseOrder] = []
    let parts = Dictionary(grouping: suggestions) { "\($0.vendor)\n\($0.currency)" }.sorted { $0.key < $1.key }
    for (name, part) in parts {
      for start in stride(from: 0, to: part.count, by: Self.mostLines) {
        let lines = part[start..<min(start + Self.mostLines, part.count)]
        drafted.append(try await order(lines, "\(name)\n\(start)", key, context.asker))
      }
    }
    return try answer(
      PurchaseOrdersAnswer(purchaseOrders: drafted.map { PurchaseOrderAnswer($0, desk.engine.catalogue) }),
      status: .created)
  }

  private func order(
    _ suggestions: ArraySlice<PurchaseSuggestion>, _ name: String, _ key: RequestID, _ asker: OrderDesk.Asker
  ) async throws -> PurchaseOrder {
    let id = Self.id(key, "order\n\(name)")
    do { return try await desk.purchaseOrder(id, asker) } catch OrderFault.orderRefused(.unknownPurchaseOrder) {}
    let lines = try suggestions.map { suggestion in
      guard let product = desk.engine.catalogue.product(sku: suggestion.sku) else { throw Problem.invalid("product") }
      return PurchaseOrder.Line(
        product: product.id, count: suggestion.count, unitCostMinor: suggestion.unitCostMinor)
    }
    let vendor = suggestions.first?.vendor ?? ""
    let change = PurchaseOrderChange(
      id: Self.id(key, "change\n\(name)"), order: id, version: 0, act: .draft(vendor: vendor, lines: lines))
    return try await desk.change(change, asker).value
  }

  /// An id that is the same for the same key and name, and no other's.
  private static func id(_ key: RequestID, _ name: String) -> RequestID {
    let digest = SHA256Hasher.sha256(of: Array("\(key)\n\(name)".utf8).span.bytes).bytes
    func number(_ bytes: Range<Int>) -> UInt64 { digest[bytes].reduce(0) { $0 << 8 | UInt64($1) } }
    return RequestID(high: number(0..<8), low: number(8..<16))
  }
}
