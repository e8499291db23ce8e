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

  /// What is sent again under its key is made of the same events as it was first, and so drafts nothing more.
  @Sendable func draft(_ request: Request, _ context: Caller) async throws -> Response {
    try context.confirmMayReadBooks(desk.engine)
    guard desk.engine.allows(context.asker.actor, .changePurchaseOrder) else { throw Problem(.notPermitted) }
    guard context.parameters.get("name") == ReportKind.cardsAvailable.rawValue else {
      throw Problem("not-found", .notFound, "There is nothing here.")
    }
    let key = try request.changeID
    if let first = try await lastSequence(draftedUnder: key) {
      return try await draft(request, key, through: first, isRepeat: true, context)
    }
    do {
      return try await draft(request, key, through: desk.engine.headSequence, isRepeat: false, context)
    } catch let fault as OrderFault {
      // The same came twice at once, and the other was first.
      guard case .refused(.idReused) = fault, let first = try await lastSequence(draftedUnder: key) else { throw fault }
      return try await draft(request, key, through: first, isRepeat: true, context)
    }
  }

  /// The last event that was looked at when a purchase order was drafted under a key; nil if none was.
  private func lastSequence(draftedUnder key: RequestID) async throws -> UInt64? {
    let answered = await desk.engine.perform(.lookUp(key), as: .store)
    switch answered.outcome {
    case .refused(.unknownID): return nil
    case .refused(let refusal): throw OrderFault.refused(refusal)
    default: return try reports.lastSequence(draftedBy: answered.sequence)
    }
  }

  private func draft(
    _ request: Request, _ key: RequestID, through last: UInt64, isRepeat: Bool, _ context: Caller
  ) async throws -> Response {
    // Periods with names are those of that time, too.
    let asked = try AskedReport(
      .cardsAvailable, request, settings, nowMilliseconds: try reports.timeMilliseconds(of: last),
      without: ["by", "format", "section", "width", "colour"])
    let suggestions: [PurchaseSuggestion]
    do { suggestions = try await reports.suggestions(asked.report, through: last) } catch let error as ReportError {
      throw Problem(error)
    }
    if isRepeat, suggestions.isEmpty { throw OrderFault.refused(.idReused(.lines)) }
    var drafted: [PurchaseOrder] = []
    let parts = Dictionary(grouping: suggestions) { "\($0.vendor)\n\($0.currency)" }.sorted { $0.key < $1.key }
    for (_, part) in parts {
      for start in stride(from: 0, to: part.count, by: Self.mostLines) {
        let lines = part[start..<min(start + Self.mostLines, part.count)]
        drafted.append(try await order(lines, number: drafted.count, key, through: last, context.asker))
      }
    }
    return try answer(
      PurchaseOrdersAnswer(purchaseOrders: drafted.map { PurchaseOrderAnswer($0, desk.engine.catalogue) }),
      status: .created, isRepeat: isRepeat)
  }

  private func order(
    _ suggestions: ArraySlice<PurchaseSuggestion>, number: Int, _ key: RequestID, through last: UInt64,
    _ asker: OrderDesk.Asker
  ) async throws -> PurchaseOrder {
    let lines = try suggestions.map { suggestion in
      guard let product = desk.engine.catalogue.product(sku: suggestion.sku) else { throw Problem.invalid("product") }
      return PurchaseOrder.Line(
        product: product.id, count: suggestion.count, unitCostMinor: suggestion.unitCostMinor)
    }
    let order = ReportDesk.order(Self.id(key, "order \(number)").high, through: last)
    // The first has the key itself: by that, what was drafted under it is found.
    let change = PurchaseOrderChange(
      id: number == 0 ? key : Self.id(key, "change \(number)"), order: order, version: 0,
      act: .draft(vendor: suggestions.first?.vendor ?? "", lines: lines))
    return try await desk.change(change, asker).value
  }

  /// An id that is the same for the same key and name, and no other's.
  private static func id(_ key: RequestID, _ name: String) -> RequestID {
    let digest = SHA256Hasher.sha256(of: Array("\(key)\n\(name)".utf8).span.bytes).bytes
    func number(_ bytes: Range<Int>) -> UInt64 { digest[bytes].reduce(0) { $0 << 8 | UInt64($1) } }
    return RequestID(high: number(0..<8), low: number(8..<16))
  }
}
