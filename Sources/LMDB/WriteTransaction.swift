import CLMDB
import Glibc

/// The one transaction that changes things: all of it is kept at `commit`, or none.
///
/// It is ended on the OS thread that began it, and traps on another: LMDB's lock is that thread's. In between, reads and
/// changes touch nothing of the thread's, so any may make them, one at a time. Dropping it aborts it.
package struct WriteTransaction: ~Copyable, ReadableTransaction {
  package let reader: Reader
  private let environment: Environment
  private let thread: UInt
  private var isFinished: Bool
  /// How many puts, inserts, appends and removes succeeded: a measure of how much a commit will write.
  package private(set) var changeCount: Int
  #if DEBUG
    /// How many entries were looked up or walked to: a measure of how much was read.
    package var lookCount: Int { reader.moves.value }
  #endif

  /// Not an initializer: one that throws before all is set makes Swift 6.3.1, optimizing, release what was never set.
  static func begin(in environment: Environment) throws(LMDBError) -> WriteTransaction {
    precondition(!environment.options.isReadOnly, "the environment is read-only")
    let thread = UInt(pthread_self())
    // Waiting for oneself has no end.
    precondition(environment.writerThread.load(ordering: .relaxed) != thread, "this thread is in a write transaction")
    let transaction = try environment.beginTransaction(flags: 0, "begin write")
    environment.writerThread.store(thread, ordering: .relaxed)
    return WriteTransaction(transaction: transaction, environment: environment, thread: thread)
  }

  private init(transaction: OpaquePointer, environment: Environment, thread: UInt) {
    reader = Reader(transaction: transaction, environment: environment)
    self.environment = environment
    self.thread = thread
    isFinished = false
    changeCount = 0
  }

  deinit {
    if !isFinished { finish { mdb_txn_abort($0) } }
  }

  /// Makes every change durable and visible to later transactions.
  ///
  /// When it throws, the disk holds the state before the transaction or the one after it, and which of them is known only
  /// when the environment is opened anew: close it and recover, never commit again.
  package consuming func commit() throws(LMDBError) {
    isFinished = true
    try check(finish { mdb_txn_commit($0) }, "commit")
  }

  /// Leaves everything as it was before the transaction.
  package consuming func abort() {
    isFinished = true
    finish { mdb_txn_abort($0) }
  }

  private borrowing func finish<Result>(_ end: (OpaquePointer) -> Result) -> Result {
    precondition(thread == UInt(pthread_self()), "a write transaction ends on the thread that began it")
    reader.close()
    // Before the lock is let go, for then it is another thread's to store.
    environment.writerThread.store(0, ordering: .relaxed)
    return end(reader.transaction)
  }

  // MARK: Changes

  /// Stores a value under a key, in place of any it had.
  package mutating func put(_ value: RawSpan, for key: RawSpan, in table: Table) throws(LMDBError) {
    try check(try store(value, for: key, in: table, flags: 0), "put")
  }

  /// Stores a value under a key that is not in the table yet; returns `false`, changing nothing, when it is.
  package mutating func insert(_ value: RawSpan, for key: RawSpan, in table: Table) throws(LMDBError) -> Bool {
    try inserted(try store(value, for: key, in: table, flags: MDB_NOOVERWRITE))
  }

  /// Stores a value under a key above all others, filling pages to the brim.
  ///
  /// Throws `isKeyPresent`, changing nothing, when the key is not above all others.
  package mutating func append(_ value: RawSpan, for key: RawSpan, in table: Table) throws(LMDBError) {
    try check(try store(value, for: key, in: table, flags: MDB_APPEND), "append")
  }

  /// Removes a key and its value; returns `false` when the key is not in the table.
  package mutating func remove(_ key: RawSpan, in table: Table) throws(LMDBError) -> Bool {
    try removed(try reader.withKey(key, for: table) { (key) in mdb_del(reader.transaction, table.handle, &key, nil) })
  }

  /// Removes every entry of a table.
  package mutating func removeAll(in table: Table) throws(LMDBError) {
    reader.confirm(table)
    try check(mdb_drop(reader.transaction, table.handle, 0), "remove all")
    changeCount += 1
  }

  // MARK: Changes in tables with integer keys

  /// Stores a value under a key, in place of any it had.
  package mutating func put(_ value: RawSpan, for key: UInt64, in table: Table) throws(LMDBError) {
    try check(try store(value, for: key, in: table, flags: 0), "put")
  }

  /// Stores a value under a key that is not in the table yet; returns `false`, changing nothing, when it is.
  package mutating func insert(_ value: RawSpan, for key: UInt64, in table: Table) throws(LMDBError) -> Bool {
    try inserted(try store(value, for: key, in: table, flags: MDB_NOOVERWRITE))
  }

  /// Stores a value under a key above all others; throws `isKeyPresent`, changing nothing, when it is not.
  package mutating func append(_ value: RawSpan, for key: UInt64, in table: Table) throws(LMDBError) {
    try check(try store(value, for: key, in: table, flags: MDB_APPEND), "append")
  }

  /// Removes a key and its value; returns `false` when the key is not in the table.
  package mutating func remove(_ key: UInt64, in table: Table) throws(LMDBError) -> Bool {
    try removed(try reader.withKey(key, for: table) { (key) in mdb_del(reader.transaction, table.handle, &key, nil) })
  }

  // MARK: Inside

  private mutating func store(_ value: RawSpan, for key: RawSpan, in table: Table, flags: Int32) throws(LMDBError)
    -> Int32
  {
    let reader = reader
    let code = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.put(value, for: &key, table, flags)
    }
    if code == MDB_SUCCESS { changeCount += 1 }
    return code
  }

  private mutating func store(_ value: RawSpan, for key: UInt64, in table: Table, flags: Int32) throws(LMDBError)
    -> Int32
  {
    let reader = reader
    let code = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.put(value, for: &key, table, flags)
    }
    if code == MDB_SUCCESS { changeCount += 1 }
    return code
  }

  private func inserted(_ code: Int32) throws(LMDBError) -> Bool {
    if code == MDB_KEYEXIST { return false }
    try check(code, "insert")
    return true
  }

  private mutating func removed(_ code: Int32) throws(LMDBError) -> Bool {
    if code == MDB_NOTFOUND { return false }
    try check(code, "remove")
    changeCount += 1
    return true
  }
}

@available(*, unavailable, message: "a write transaction belongs to one thread")
extension WriteTransaction: Sendable {}

extension Reader {
  /// Puts, in a write transaction; returns LMDB's code.
  @inline(__always)
  func put(_ value: RawSpan, for key: inout MDB_val, _ table: Table, _ flags: Int32) throws(LMDBError) -> Int32 {
    let cursor = try cursor(for: table)
    return value.withUnsafeBytes { bytes in
      let checksum = EntryChecksum.compute(key: key.bytes, value: bytes)
      // LMDB makes the room, and the value and its checksum are written there.
      var room = MDB_val(mv_size: bytes.count + EntryChecksum.byteCount, mv_data: nil)
      let code = mdb_cursor_put(cursor, &key, &room, UInt32(flags) | UInt32(MDB_RESERVE))
      guard code == MDB_SUCCESS, let start = room.mv_data else { return code }
      if let source = bytes.baseAddress { start.copyMemory(from: source, byteCount: bytes.count) }
      (start + bytes.count).storeBytes(of: checksum.bigEndian, as: UInt32.self)
      return code
    }
  }
}
