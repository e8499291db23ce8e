import LMDB
import PinBytes
import PinStore
import PinWords

/// What is wanted from vendors, and what came in against it: what was received, and what was refused, is counted here from
/// the imports themselves.
extension Machine {
  mutating func decideChangePurchaseOrder(
    _ change: PurchaseOrderChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard !asker.roles.isDisjoint(with: change.act.kind.allowedRoles) else { return Reply(.refused(.notPermitted)) }
    guard change.order != .zero, change.order != change.id else { return Reply(.refused(.invalid(.order))) }
    if let field = change.act.invalidField { return Reply(.refused(.invalid(field))) }
    let fields = change.fields
    if let reply = try knownChange(change.id, .changePurchaseOrder, fields, asker, state) { return reply }
    let before = try purchaseOrder(change.order, state)
    var currency = before?.currency
    if case .draft(_, let lines) = change.act {
      for line in lines where product(line.product) == nil { return Reply(.refused(.unknownProduct(line.product))) }
      let currencies = Set(lines.map { products[Int($0.product.rawValue) - 1].currency })
      guard currencies.count == 1 else { return Reply(.orderRefused(.otherCurrency)) }
      currency = currencies.first
    }
    guard let currency else { return Reply(.orderRefused(.unknownPurchaseOrder)) }
    var order: PurchaseOrder
    if let before {
      guard before.version == change.version else {
        return Reply(.orderRefused(.staleVersion(present: before.version)))
      }
      guard change.act.kind.mayBeDone(to: before.state) else {
        return Reply(.orderRefused(.purchaseOrderState(before.state)))
      }
      order = before
    } else {
      guard change.version == 0 else { return Reply(.orderRefused(.unknownPurchaseOrder)) }
      order = PurchaseOrder(
        id: change.order, version: 0, state: .draft, actor: asker.id, draftedAtMilliseconds: now,
        currency: currency, vendor: "", lines: [])
    }
    order.version += 1
    switch change.act {
    case .draft(let vendor, let lines): (order.vendor, order.lines, order.currency) = (vendor, lines, currency)
    case .approve: order.state = .approved
    case .receive(let purchase):
      if let reply = try receive(purchase, &order, state) { return reply }
    case .close: order.state = .closed
    }
    var result = ByteWriter(capacity: 256)
    order.write(to: &result)
    Self.beginChange(.purchaseOrderChanged, change.id, fields, result: result, by: asker.id, &block)
    return try endChange(.changePurchaseOrder, result: result, now, &block, &state)
  }

  /// Books an import on the line of its product; the reply is why not.
  private func receive(
    _ id: PurchaseID, _ order: inout PurchaseOrder, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply? {
    guard let purchase = try purchase(id, state), purchase.state == .committed else {
      return Reply(.refused(.unknownPurchase))
    }
    let key = id.key
    guard try state.value(for: key.span.bytes, in: tables.receipts) == nil else {
      return Reply(.orderRefused(.alreadyReceived))
    }
    guard vendors[Int(purchase.vendor.rawValue) - 1] == order.vendor else {
      return Reply(.refused(.invalid(.vendor)))
    }
    guard let index = order.lines.firstIndex(where: { $0.product == purchase.product }) else {
      return Reply(.refused(.invalid(.product)))
    }
    guard order.receipts.count < PurchaseOrder.mostReceipts else { return Reply(.refused(.invalid(.purchase))) }
    for lot in try purchasedLots(of: purchase, state) {
      order.lines[index].received += UInt64(lot.loadedCount)
      order.lines[index].refused += UInt64(lot.extent.count - lot.loadedCount)
    }
    order.receipts.append(id)
    if order.lines.allSatisfy(\.isWhole) { order.state = .received }
    return nil
  }

  mutating func applyPurchaseOrderChanged(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let change = ChangeEvent(event)
    let order = trusting(change.result) { (reader) throws(ByteShortage) in try PurchaseOrder(&reader) }
    let key = order.id.key
    try state.put(change.result, for: key.span.bytes, in: tables.purchaseOrders)
    // The request's first field: its number, its length, the act.
    let act = PurchaseOrderAct(rawValue: change.request.unsafeLoad(fromByteOffset: 3, as: UInt8.self))
    if act == .receive, let purchase = order.receipts.last {
      let purchaseKey = purchase.key
      try state.put(key.span.bytes, for: purchaseKey.span.bytes, in: tables.receipts)
    }
  }

  // MARK: Looking

  func purchaseOrder(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> PurchaseOrder? {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.purchaseOrders) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try PurchaseOrder(&reader) }
  }

  func decideFindPurchaseOrder(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Reply {
    guard let order = try purchaseOrder(id, state) else { return Reply(.orderRefused(.unknownPurchaseOrder)) }
    return Reply(.purchaseOrder(order))
  }

  func decideListPurchaseOrders(
    after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [PurchaseOrder] = []
    let key = after.next.key
    var walk = try state.walk(tables.purchaseOrders, from: key.span.bytes)
    while orders.count < Self.ordersPerPage {
      guard let entry = try walk.next() else { return Reply(.purchaseOrders(orders, next: nil)) }
      orders.append(trusting(entry.value) { (reader) throws(ByteShortage) in try PurchaseOrder(&reader) })
    }
    return Reply(.purchaseOrders(orders, next: orders.last?.id))
  }
}

extension PurchaseOrderChange {
  /// What is kept of it: the act first, for applying reads it there.
  fileprivate var fields: FieldList {
    var fields = FieldList()
    fields.add(.act, act.kind.rawValue)
    fields.add(.order, order)
    fields.add(.version, version)
    switch act {
    case .approve: break
    case .draft(let vendor, let lines):
      fields.add(.vendor, vendor)
      for line in lines {
        fields.add(.product, line.product.rawValue)
        fields.add(.count, line.count)
        fields.add(.unitCost, line.unitCostMinor)
      }
    case .receive(let purchase): fields.add(.purchase, purchase.rawValue)
    case .close(let reason): fields.add(.reason, reason)
    }
    return fields
  }
}

extension PurchaseOrderChange.Act {
  /// The first field that no change may have; nil if none is.
  fileprivate var invalidField: Field? {
    switch self {
    case .approve, .receive: nil
    case .close(let reason): reason.isReason ? nil : .reason
    case .draft(let vendor, let lines):
      if !(1...64).contains(vendor.utf8.count) || !vendor.isPlainText {
        .vendor
      } else if !(1...PurchaseOrder.mostLines).contains(lines.count) || Set(lines.map(\.product)).count != lines.count {
        .lines
      } else if lines.contains(where: { $0.count == 0 || $0.received != 0 || $0.refused != 0 }) {
        .count
      } else {
        lines.allSatisfy { $0.unitCostMinor <= Product.largestAmountMinor } ? nil : .unitCost
      }
    }
  }
}
