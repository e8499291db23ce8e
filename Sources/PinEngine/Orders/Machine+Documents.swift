import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// What a start finds of changes that were under way when the store ended.
struct UnnamedDocuments: Sendable {
  /// Documents that no event names, or no longer: a crash came between.
  var orphans: [RequestID] = []
  /// The changes.
  var marks: [RequestID] = []
}

extension Machine {
  /// The documents that were marked when the store ended. After a restore that forgot events it looks at all there are.
  func unnamedDocuments(
    _ payload: Payload, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> UnnamedDocuments {
    let tables = CardTables(payload.tables)
    var found = UnnamedDocuments()
    let transaction = try payload.beginRead()
    var walk = try transaction.walk(tables.unnamed)
    while let entry = try walk.next() {
      let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      found.marks.append(id)
      let change = try documents(ofChange: id, state)
      found.orphans += change.replaced
      // Another than its event names is one that was kept anew after that was purged.
      if let there = try transaction.value(for: entry.key, in: tables.documents),
        SHA256Hasher.sha256(of: there).bytes != change.document?.digest
      {
        found.orphans.append(id)
      }
    }
    guard counters.isQuarantining else { return found }
    var all = try transaction.walk(tables.documents)
    while let entry = try all.next() {
      if try state.value(for: entry.key, in: self.tables.ids) == nil {
        found.orphans.append(RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8)))
      }
    }
    return found
  }

  /// The document that a change brought, and those that were replaced by it, or by what came of it; none of an id that is
  /// not a change's.
  private func documents(
    ofChange id: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> (document: DocumentName?, replaced: [RequestID]) {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids),
      record.unsafeLoad(as: UInt8.self) == Self.changeKind,
      let operation = Operation(rawValue: record.unsafeLoad(fromByteOffset: 1, as: UInt8.self))
    else { return (nil, []) }
    let sequence: UInt64 = record.bigEndian(at: 8)
    var (document, replaced) = trusting(record.extracting(24..<record.byteCount)) { (reader) throws(ByteShortage) in
      let head = try ChangeHead(&reader)
      return (head.document, Self.replaced(by: operation, result: reader.readRest()))
    }
    // What a letter said is purged once it waits no more.
    if operation == .sendMail, try !waits(MailName(cause: sequence, product: ProductID(0)), state) {
      replaced.append(id)
      document = nil
    }
    return (document, replaced)
  }
}
