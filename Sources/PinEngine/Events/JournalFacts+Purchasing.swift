import PinBytes
import PinWords

/// The events of sheets and purchase orders: read with every number checked, and told as JSON.
extension JournalFacts {
  static func readSheetDefined(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let sheet = try Sheet(&reader)
    let replaced = try change.replaced(&reader)
    let vendorName = try reader.readShortString()
    guard try change.number(.sheet, as: UInt8.self) == sheet.kind.rawValue, change.document == sheet.document else {
      throw ByteShortage()
    }
    guard !sheet.kind.isOfProduct else {
      guard try change.number(.product, as: UInt32.self) == sheet.number, vendorName.isEmpty else {
        throw ByteShortage()
      }
      return .sheetDefined(sheet, vendorName: nil, replaces: replaced)
    }
    guard try change.text(.vendor) == vendorName else { throw ByteShortage() }
    return .sheetDefined(sheet, vendorName: vendorName, replaces: replaced)
  }

  static func readPurchaseOrderChanged(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let order = try PurchaseOrder(&reader)
    try change.endResult(reader)
    guard let act = PurchaseOrderAct(rawValue: try change.number(.act, as: UInt8.self)),
      try change.requestID(.order) == order.id
    else { throw ByteShortage() }
    return .purchaseOrderChanged(act, order, reason: act == .close ? try change.text(.reason) : nil)
  }

  // MARK: JSON

  static func json(_ sheet: Sheet, vendorName: String?, replaces: [RequestID]) -> KeyValuePairs<String, OrderedJSON> {
    [
      "sheet": .text("\(sheet.kind)"), "number": .number(sheet.number),
      "vendor_name": vendorName.map { .text($0) } ?? .null, "version": .number(sheet.version),
      "document": sheet.document.json, "replaces": .list(replaces.map { .id($0) }),
    ]
  }

  static func json(
    _ act: PurchaseOrderAct, _ order: PurchaseOrder, reason: String?
  ) -> KeyValuePairs<String, OrderedJSON> {
    let lines = order.lines.map { line in
      OrderedJSON.object([
        "product": .number(line.product), "count": .number(line.count), "unit_cost_minor": .number(line.unitCostMinor),
        "received": .number(line.received), "refused": .number(line.refused),
      ])
    }
    return [
      "act": .text("\(act)"), "purchase_order": .id(order.id), "version": .number(order.version),
      "state": .text("\(order.state)"), "drafted_by": .number(order.actor),
      "drafted": .time(order.draftedAtMilliseconds), "currency": .text("\(order.currency)"),
      "vendor_name": .text(order.vendor), "lines": .list(lines),
      "receipts": .list(order.receipts.map { .number($0) }), "reason": reason.map { .text($0) } ?? .null,
    ]
  }
}
