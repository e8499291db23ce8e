import LMDB
import PinBytes

/// The state environment: the machine's tables, and one of the store's own that says what they reflect.
struct StateDatabase: Sendable {
  let environment: Environment
  /// The machine's.
  let tables: [Table]
  private let meta: Table

  private static let metaSpec = Table.Spec(name: "meta")
  private static let headKey = Array("head".utf8)

  init(at directory: String, tables specs: [Table.Spec], mapByteCount: Int, readers: Int) throws(StoreError) {
    precondition(!specs.contains { $0.name == Self.metaSpec.name }, "the table `meta` is the store's")
    try StoreError.check(directory, specs + [Self.metaSpec], StoreError.stateDamaged)
    do throws(LMDBError) {
      environment = try Environment(
        at: directory,
        options: Environment.Options(
          mapSizeBytes: mapByteCount, maximumTables: specs.count + 1, maximumReaders: readers))
      _ = try environment.clearStaleReaders()
      let opened = try environment.openTables(specs + [Self.metaSpec])
      tables = Array(opened.dropLast())
      meta = opened[specs.count]
    } catch { throw .database(error) }
  }

  /// Notes which event the transaction reflects.
  func record(_ head: JournalHead, in transaction: inout WriteTransaction) throws(LMDBError) {
    var record = ByteWriter(capacity: 128)
    head.write(to: &record)
    try transaction.put(record.bytes, for: Self.headKey.span.bytes, in: meta)
  }

  /// The last event that the last commit reflects; nil for an empty state.
  func lastCheckpoint() throws(StoreError) -> JournalHead? {
    let transaction = try StoreError.database { () throws(LMDBError) in try environment.beginRead() }
    return try recordedHead(in: transaction)
  }

  /// The last event that the state reflects; nil for an empty state.
  func recordedHead(in transaction: borrowing some ReadableTransaction & ~Copyable) throws(StoreError) -> JournalHead? {
    do throws(LMDBError) {
      guard let record = try transaction.value(for: Self.headKey.span.bytes, in: meta) else { return nil }
      guard let head = try? JournalHead(record) else { throw LMDBError(code: 22, operation: "read the checkpoint") }
      return head
    } catch { throw .database(error) }
  }
}
