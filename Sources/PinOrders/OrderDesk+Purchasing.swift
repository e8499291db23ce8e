import PinEngine
import PinWords

/// Purchase orders: what is wanted from vendors, and what came in against it.
extension OrderDesk {
  package func change(_ change: PurchaseOrderChange, _ asker: Asker) async throws -> Done<PurchaseOrder> {
    try await ask(.changePurchaseOrder(change), asker) {
      if case .purchaseOrder(let order) = $0 { order } else { nil }
    }
  }

  package func purchaseOrder(_ id: RequestID, _ asker: Asker) async throws -> PurchaseOrder {
    try await ask(.purchaseOrder(id), asker) { if case .purchaseOrder(let order) = $0 { order } else { nil } }.value
  }

  /// A page of purchase orders, and the id to go on after.
  package func purchaseOrders(
    after: RequestID, _ asker: Asker
  ) async throws -> (orders: [PurchaseOrder], next: RequestID?) {
    try await ask(.purchaseOrders(after: after), asker) {
      if case .purchaseOrders(let orders, let next) = $0 { (orders, next) } else { nil }
    }.value
  }
}
