import LMDB
import PinBytes
import PinStore
import PinWords

/// Sheets: what the shop says of a product or a vendor is in documents; that it does, and in which version, is here.
///
/// The event's body is the vendor's name; of a product's sheet it is empty.
extension Machine {
  mutating func decideDefineSheet(
    _ define: SheetChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard define.document.isName else { return Reply(.refused(.invalid(.document))) }
    if case .vendor(let name) = define.subject, !(1...64).contains(name.utf8.count) || !name.isPlainText {
      return Reply(.refused(.invalid(.vendor)))
    }
    let fields = define.fields
    if let reply = try knownChange(define.id, .defineSheet, fields, asker, state) { return reply }
    let number: UInt32
    var vendorName = ""
    switch define.subject {
    case .product(let product):
      guard define.kind.isOfProduct, self.product(product) != nil else {
        return Reply(.refused(.unknownProduct(product)))
      }
      number = product.rawValue
    case .vendor(let name):
      guard !define.kind.isOfProduct else { return Reply(.refused(.invalid(.vendor))) }
      number = vendorID(named: name).rawValue
      vendorName = name
    }
    let before = try sheet(define.kind, number, state)
    guard before?.version ?? 0 == define.version else {
      return Reply(.orderRefused(.staleVersion(present: before?.version ?? 0)))
    }
    let sheet = Sheet(kind: define.kind, number: number, version: define.version + 1, document: define.document)
    var result = ByteWriter(capacity: 64)
    sheet.write(to: &result)
    if let before { result.write(before.document.id) }
    Self.beginChange(.sheetDefined, define.id, fields, result: result, by: asker.id, &block)
    block.writer.write(shortString: vendorName)
    return try endChange(.defineSheet, result: result, now, &block, &state)
  }

  mutating func applySheetDefined(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let change = ChangeEvent(event)
    let sheet = trusting(change.result) { (reader) throws(ByteShortage) in try Sheet(&reader) }
    if !sheet.kind.isOfProduct {
      let name = trusting(change.body) { (reader) throws(ByteShortage) in try reader.readShortString() }
      try nameVendor(VendorID(sheet.number), name, &state)
    }
    record.removeAll()
    sheet.write(to: &record)
    let key = sheet.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.sheets)
  }

  func sheet(
    _ kind: SheetKind, _ number: UInt32, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Sheet? {
    let key = Sheet(kind: kind, number: number, version: 0, document: DocumentName(id: .zero, digest: [])).key
    guard let record = try state.value(for: key.span.bytes, in: tables.sheets) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try Sheet(&reader) }
  }

  func decideFindSheet(
    _ kind: SheetKind, _ number: UInt32, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let sheet = try sheet(kind, number, state) else { return Reply(.orderRefused(.unknownSheet)) }
    return Reply(.sheet(sheet))
  }
}

extension SheetChange {
  fileprivate var fields: FieldList {
    var fields = FieldList()
    fields.add(.sheet, kind.rawValue)
    switch subject {
    case .product(let product): fields.add(.product, product.rawValue)
    case .vendor(let name): fields.add(.vendor, name)
    }
    fields.add(.version, version)
    fields.add(document)
    return fields
  }
}
