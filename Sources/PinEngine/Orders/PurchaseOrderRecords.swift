import PinBytes
import PinWords

/// Purchase orders and sheets as the state's tables hold them; they are also the results of their changes.
///
///     purchase order   0 id  16 version u32  20 state  21 three zero bytes  24 drafted by u32  28 drafted at u64
///                      36 currency u32  40 number of lines u16  42 number of receipts u16
///                      44 lines: product u32, count u32, unit cost u64, received u64, refused u64
///                         then receipts: purchase u32; then the vendor: text
///     sheet            0 kind  1 number u32  5 version u32  9 document: id (16), digest (32)
extension PurchaseOrder {
  static let mostLines = 64
  static let mostReceipts = 1000

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(version)
    writer.write(state.rawValue)
    writer.writeZeros(3)
    writer.write(actor.rawValue)
    writer.write(draftedAtMilliseconds)
    writer.write(currency.code)
    writer.write(UInt16(lines.count))
    writer.write(UInt16(receipts.count))
    for line in lines {
      writer.write(line.product.rawValue)
      writer.write(line.count)
      writer.write(line.unitCostMinor)
      writer.write(line.received)
      writer.write(line.refused)
    }
    for receipt in receipts { writer.write(receipt.rawValue) }
    writer.write(shortString: vendor)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = try reader.readRequestID()
    let version: UInt32 = try reader.read()
    guard let state = PurchaseOrderState(rawValue: try reader.read()) else { throw ByteShortage() }
    try reader.readZeros(3)
    let actor = ActorID(try reader.read())
    let draftedAt: UInt64 = try reader.read()
    guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
    let lineCount = Int(try reader.read(UInt16.self))
    let receiptCount = Int(try reader.read(UInt16.self))
    guard lineCount <= Self.mostLines, receiptCount <= Self.mostReceipts else { throw ByteShortage() }
    var lines: [Line] = []
    for _ in 0..<lineCount {
      var line = Line(product: ProductID(try reader.read()), count: try reader.read(), unitCostMinor: try reader.read())
      line.received = try reader.read()
      line.refused = try reader.read()
      lines.append(line)
    }
    var receipts: [PurchaseID] = []
    for _ in 0..<receiptCount { receipts.append(PurchaseID(try reader.read())) }
    self.init(
      id: id, version: version, state: state, actor: actor, draftedAtMilliseconds: draftedAt, currency: currency,
      vendor: try reader.readShortString(), lines: lines, receipts: receipts)
  }
}

extension Sheet {
  func write(to writer: inout ByteWriter) {
    writer.write(kind.rawValue)
    writer.write(number)
    writer.write(version)
    document.write(to: &writer)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    guard let kind = SheetKind(rawValue: try reader.read()) else { throw ByteShortage() }
    self.init(
      kind: kind, number: try reader.read(), version: try reader.read(), document: try DocumentName(&reader))
  }

  /// Its kind and its number: the key of the table.
  var key: [UInt8] {
    var writer = ByteWriter(capacity: 8)
    writer.write(kind.rawValue)
    writer.write(number)
    return [UInt8](writer.bytes)
  }
}
