import LMDB

/// The second environment: what is bulky or purgeable, with a writer of its own so that filling it never stands in the
/// way of the store's writer.
///
/// What is written here counts only once an event that names it is in the journal: it is committed, durably, first.
package final class Payload: Sendable {
  package let environment: Environment
  /// In the order of the machine's `payloadTables`.
  package let tables: [Table]

  init(at directory: String, tables specs: [Table.Spec], mapByteCount: Int, readers: Int) throws(StoreError) {
    (environment, tables) = try StoreError.database { () throws(LMDBError) in
      let environment = try Environment(
        at: directory,
        options: Environment.Options(
          mapSizeBytes: mapByteCount, maximumTables: max(specs.count, 1), maximumReaders: readers,
          hasReadahead: false))
      _ = try environment.clearStaleReaders()
      return (environment, try environment.openTables(specs))
    }
  }

  /// Runs `body` in a write transaction, and commits it durably; when `body` throws, nothing of it is kept.
  ///
  /// Waits for the present writer to end. Not to be called inside itself, nor by the store's writer while it serves.
  package func withWrite<Result>(_ body: (inout WriteTransaction) throws -> Result) throws -> Result {
    var transaction = try environment.beginWrite()
    let result = try body(&transaction)
    try transaction.commit()
    return result
  }

  /// Begins a read for one serving thread, to be renewed after each batch of answers it receives.
  package func beginRead() throws(LMDBError) -> sending ReadTransaction { try environment.beginRead() }
}
