import CLMDB
import Glibc
import Synchronization

/// A directory of tables on disk, read and changed in transactions.
///
/// The rules of use, and what enforces each:
///
/// 1. **Open once.** A process opens a directory once and shares the object; a second open throws `isAlreadyOpen`. Other
///    processes may have it open too. Nothing else in the process may open and close `lock.mdb` or copy the directory by
///    hand: that would give up LMDB's locks. A forked child must not touch it.
/// 2. **One writer.** One write transaction exists at a time, over all processes. It belongs to the OS thread that began
///    it and must end there, so nothing may suspend inside one. Beginning a second one waits; on the same thread, where
///    it would wait for ever, it traps.
/// 3. **Many readers.** A read transaction sees the last commit before it began, never waits and is never waited for. It
///    may move between threads, and serves one at a time.
/// 4. **Reads are short.** A read pins the pages of its snapshot and every later one: while it lasts, the file only
///    grows. Reset it when done, renew it when needed.
/// 5. **Bytes are borrowed.** What is read is a span in the mapped file. It cannot outlive its transaction nor a change
///    made in it: the compiler refuses both. Copy what must stay. A span held in a `let` or by `guard let` counts as in
///    use to the end of its scope; before a change, read in `if let`, in `do { … }`, or in a function that returns a copy.
/// 6. **A failed change is the end.** After a put or remove throws, every further use of that transaction throws and it
///    can only be aborted, except a refused key (`insert`, `append`), which leaves it as it was.
/// 7. **The map is address space.** Open it as large as the data may ever grow; it is never resized.
///
/// A commit is durable when it returns: `MDB_WRITEMAP`, `MDB_NOSYNC`, `MDB_NOMETASYNC` and `MDB_NOMEMINIT` are never used.
///
/// `@unchecked Sendable`: the stored properties never change after `init`, LMDB allows one `MDB_env` to be used from
/// many threads at once, and its one exception, opening tables, is done under `tableOpening`.
package final class Environment: @unchecked Sendable {
  package struct Options: Sendable {
    /// Bytes of address space, which is also the most the file can grow to.
    package var mapSizeBytes: Int
    /// How many tables may be open.
    package var maximumTables: Int
    /// How many read transactions may exist at once, reset ones included, over all processes. The first process that
    /// opens the directory decides.
    package var maximumReaders: Int
    /// Opens without the right to write; the environment must exist.
    package var isReadOnly: Bool
    /// Lets the system read ahead of page faults; turn it off for random reads of what is larger than memory.
    package var hasReadahead: Bool

    package init(
      mapSizeBytes: Int, maximumTables: Int = 32, maximumReaders: Int = 126, isReadOnly: Bool = false,
      hasReadahead: Bool = true
    ) {
      self.mapSizeBytes = mapSizeBytes
      self.maximumTables = maximumTables
      self.maximumReaders = maximumReaders
      self.isReadOnly = isReadOnly
      self.hasReadahead = hasReadahead
    }
  }

  private static let lastSerial = Atomic<UInt32>(0)

  let handle: OpaquePointer
  package let options: Options
  /// Tells the tables of this environment from those of others.
  let serial: UInt32
  /// The thread inside a write transaction, or 0. Compared only by a thread with itself, so no ordering is needed.
  let writerThread = Atomic<UInt>(0)
  private let tableOpening = Mutex<Void>(())
  private let claim: DirectoryClaim

  /// Opens the environment in a directory, creating its files with owner-only permission when they are not there.
  ///
  /// - Parameter path: a directory that exists.
  package init(at path: String, options: Options) throws(LMDBError) {
    precondition(options.mapSizeBytes > 0 && options.maximumTables > 0 && options.maximumReaders > 0)
    claim = try DirectoryClaim.make(path: path)
    handle = try Self.open(path: path, options: options)
    self.options = options
    serial = Self.lastSerial.wrappingAdd(1, ordering: .relaxed).newValue
  }

  /// Every transaction holds its environment, so none is left when this runs.
  deinit { mdb_env_close(handle) }

  private static func open(path: String, options: Options) throws(LMDBError) -> OpaquePointer {
    var created: OpaquePointer?
    try check(mdb_env_create(&created), "create environment")
    guard let handle = created else { throw LMDBError(code: ENOMEM, operation: "create environment") }
    var flags = MDB_NOTLS
    if options.isReadOnly { flags |= MDB_RDONLY }
    if !options.hasReadahead { flags |= MDB_NORDAHEAD }
    do throws(LMDBError) {
      try check(mdb_env_set_mapsize(handle, options.mapSizeBytes), "set map size")
      try check(mdb_env_set_maxdbs(handle, MDB_dbi(options.maximumTables)), "set table limit")
      try check(mdb_env_set_maxreaders(handle, UInt32(options.maximumReaders)), "set reader limit")
      try check(mdb_env_open(handle, path, UInt32(flags), 0o600), "open environment")
    } catch {
      mdb_env_close(handle)
      throw error
    }
    return handle
  }

  /// Opens tables, in one write transaction that creates those that are missing.
  ///
  /// A read-only environment creates nothing and throws `isTableMissing`. Open tables before beginning the transactions
  /// that use them: one begun earlier does not know them. Throws `isTableIncompatible` when a table's keys are of the
  /// other kind.
  package func openTables(_ specs: [Table.Spec]) throws(LMDBError) -> [Table] {
    // Two transactions that both open tables would race inside LMDB, read-only ones too.
    try tableOpening.withLock { (_: inout Void) throws(LMDBError) -> [Table] in
      if options.isReadOnly {
        let transaction = try beginRead()
        let tables = try open(specs, in: transaction.reader, flags: 0)
        // Handles opened in a transaction that is aborted are closed with it.
        try transaction.finish()
        return tables
      }
      let transaction = try beginWrite()
      let tables = try open(specs, in: transaction.reader, flags: MDB_CREATE)
      try transaction.commit()
      return tables
    }
  }

  private func open(_ specs: [Table.Spec], in reader: Reader, flags: Int32) throws(LMDBError) -> [Table] {
    var tables: [Table] = []
    for spec in specs {
      let wanted = spec.hasIntegerKeys ? MDB_INTEGERKEY : 0
      var handle: MDB_dbi = 0
      try check(mdb_dbi_open(reader.transaction, spec.name, UInt32(flags | wanted), &handle), "open table \(spec.name)")
      // LMDB takes an existing table as it is, whatever was asked for.
      var found: UInt32 = 0
      try check(mdb_dbi_flags(reader.transaction, handle, &found), "examine table \(spec.name)")
      guard found == UInt32(wanted) else {
        throw LMDBError(code: MDB_INCOMPATIBLE, operation: "open table \(spec.name)")
      }
      tables.append(Table(handle: handle, environment: serial, hasIntegerKeys: spec.hasIntegerKeys))
    }
    return tables
  }

  /// Begins the write transaction of the calling OS thread, after waiting for the present one to end.
  ///
  /// Traps when this thread is inside one already, which would wait for itself. Traps when the environment is read-only.
  @available(*, noasync, message: "a write transaction belongs to one thread, and a task changes threads")
  package func beginWrite() throws(LMDBError) -> WriteTransaction {
    try WriteTransaction.begin(in: self)
  }

  /// Begins a read of the last commit; it never waits for the writer.
  ///
  /// Throws `isReadersFull` when all reader slots are taken. Begin few and renew them: beginning takes a lock.
  package func beginRead() throws(LMDBError) -> sending ReadTransaction {
    ReadTransaction(transaction: try beginTransaction(flags: MDB_RDONLY, "begin read"), environment: self)
  }

  func beginTransaction(flags: Int32, _ operation: String) throws(LMDBError) -> OpaquePointer {
    var begun: OpaquePointer?
    try check(mdb_txn_begin(handle, nil, UInt32(flags), &begun), operation)
    guard let transaction = begun else { throw LMDBError(code: ENOMEM, operation: operation) }
    return transaction
  }
}
