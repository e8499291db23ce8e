import Dispatch
import LMDB

/// The second environment: what is bulky or purgeable, with a writer of its own so that filling it never stands in the
/// way of the store's writer.
///
/// What is written here counts only once an event that names it is in the journal: it is committed, durably, first.
package final class Payload: Sendable {
  package let environment: Environment
  /// In the order of the machine's `payloadTables`.
  package let tables: [Table]

  /// LMDB's lock is whoever's takes it first: an import that takes it again at once would keep all others waiting.
  private let turns = DispatchQueue(label: "pinvault.payload")

  static let metaSpec = Table.Spec(name: "meta")
  private static let storeKey = Array("store".utf8)

  /// Opens the payload of a store; that of another store counts as damaged.
  init(
    at directory: String, of storeID: StoreID, tables specs: [Table.Spec], mapByteCount: Int, readers: Int
  ) throws(StoreError) {
    try StoreError.check(directory, specs + [Self.metaSpec], StoreError.payloadDamaged)
    let meta: Table
    (environment, tables, meta) = try StoreError.database { () throws(LMDBError) in
      let environment = try Environment(
        at: directory,
        options: Environment.Options(
          mapSizeBytes: mapByteCount, maximumTables: specs.count + 1, maximumReaders: readers,
          hasReadahead: false))
      _ = try environment.clearStaleReaders()
      let opened = try environment.openTables(specs + [Self.metaSpec])
      return (environment, Array(opened.dropLast()), opened[specs.count])
    }
    let isOwn = try StoreError.database { () throws(LMDBError) in
      let transaction = try environment.beginRead()
      guard let found = try transaction.value(for: Self.storeKey.span.bytes, in: meta) else { return false }
      return [UInt8](found) == storeID.bytes
    }
    guard isOwn else {
      throw .payloadDamaged(
        FileDamage(file: "\(directory)/data.mdb", offset: 0, problem: "it is the payload of another store"))
    }
  }

  /// Makes the empty payload of a new store.
  static func create(at directory: String, of storeID: StoreID, mapByteCount: Int) throws(StoreError) {
    try StoreError.database { () throws(LMDBError) in
      let environment = try Environment(at: directory, options: Environment.Options(mapSizeBytes: mapByteCount))
      let meta = try environment.openTables([Self.metaSpec])[0]
      var transaction = try environment.beginWrite()
      try transaction.put(storeID.bytes.span.bytes, for: Self.storeKey.span.bytes, in: meta)
      try transaction.commit()
    }
  }

  /// Runs `body` in a write transaction, and commits it durably; when `body` throws, nothing of it is kept.
  ///
  /// Waits for its turn, behind those that asked before. Not to be called inside itself, nor by the store's writer while
  /// it serves.
  package func withWrite<Result>(_ body: (inout WriteTransaction) throws -> Result) throws -> Result {
    try turns.sync {
      var transaction = try environment.beginWrite()
      let result = try body(&transaction)
      try transaction.commit()
      return result
    }
  }

  /// Begins a read for one serving thread, to be renewed after each batch of answers it receives.
  package func beginRead() throws(LMDBError) -> sending ReadTransaction { try environment.beginRead() }
}
