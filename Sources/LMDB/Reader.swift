import CLMDB
import Glibc

/// The reads of a live transaction, with the pointers they need: the one place where they are followed.
///
/// It neither owns nor ends the transaction. Whoever holds one keeps the transaction alive meanwhile, and gives the
/// spans that come out of it the lifetime of that transaction.
package struct Reader {
  let transaction: OpaquePointer
  /// One cursor for each table, opened at its first use and used for everything.
  ///
  /// Opening one costs an allocation. And a cursor that stands on the page of the next key, as it does for a hot record
  /// and at the right edge, need not come down from the root again: a get or put there costs a third or less of
  /// `mdb_get`'s and `mdb_put`'s, and as much as theirs elsewhere.
  private let cursors: UnsafeMutableBufferPointer<OpaquePointer?>
  private let environment: UInt32
  let moves = MoveCount()

  /// LMDB gives its own two tables the handles 0 and 1.
  private static let reservedHandles = 2

  init(transaction: OpaquePointer, environment: Environment) {
    self.transaction = transaction
    self.environment = environment.serial
    cursors = .allocate(capacity: environment.options.maximumTables + Self.reservedHandles)
    cursors.initialize(repeating: nil)
  }

  /// Closes the cursors, which must come before a write transaction ends. Nothing may be read afterwards.
  func close() {
    for case let cursor? in cursors { mdb_cursor_close(cursor) }
    cursors.deallocate()
    moves.deallocate()
  }

  /// Moves the cursors on to the snapshot of a renewed read transaction.
  func renewCursors() throws(LMDBError) {
    for case let cursor? in cursors { try check(mdb_cursor_renew(transaction, cursor), "renew cursor") }
  }

  // MARK: Steps

  func get(_ key: inout MDB_val, _ table: Table) throws(LMDBError) -> MDB_val? {
    var value = MDB_val()
    moves.increment()
    let code = mdb_cursor_get(try cursor(for: table), &key, &value, MDB_SET)
    return try found(code, "get") ? value.withoutChecksum : nil
  }

  /// Moves the table's cursor and returns where it then stands, if anywhere.
  func move(_ operation: MDB_cursor_op, to key: MDB_val = MDB_val(), in table: Table) throws(LMDBError) -> Position? {
    var position = Position(key: key, value: MDB_val())
    moves.increment()
    let code = mdb_cursor_get(try cursor(for: table), &position.key, &position.value, operation)
    guard try found(code, "seek") else { return nil }
    position.value = position.value.withoutChecksum
    return position
  }

  /// The greatest key strictly below `key`.
  func move(before key: MDB_val, in table: Table) throws(LMDBError) -> Position? {
    guard try move(MDB_SET_RANGE, to: key, in: table) != nil else { return try move(MDB_LAST, in: table) }
    return try move(MDB_PREV, in: table)
  }

  /// The key after `key`, which is in the table and at this very address: one that a walk over it stands at.
  func move(after key: MDB_val, in table: Table) throws(LMDBError) -> Position? {
    // The cursor is shared by all who seek in this table, so it may be elsewhere by now.
    var current = MDB_val()
    let code = mdb_cursor_get(try cursor(for: table), &current, nil, MDB_GET_CURRENT)
    if code != MDB_SUCCESS || current.mv_data != key.mv_data {
      _ = try move(MDB_SET_RANGE, to: key, in: table)
    }
    return try move(MDB_NEXT, in: table)
  }

  func count(of table: Table) throws(LMDBError) -> Int {
    confirm(table)
    var statistics = MDB_stat()
    try check(mdb_stat(transaction, table.handle, &statistics), "count")
    return statistics.ms_entries
  }

  // MARK: Keys

  /// Runs `body` with a key as LMDB takes it.
  @inline(__always)
  func withKey<Result: ~Copyable>(
    _ key: RawSpan, for table: Table, _ body: (inout MDB_val) throws(LMDBError) -> Result
  ) throws(LMDBError) -> Result {
    confirm(table)
    precondition(
      !table.hasIntegerKeys || key.byteCount == MemoryLayout<UInt64>.size, "a key of this table is one UInt64")
    return try key.withUnsafeBytes { (bytes) throws(LMDBError) in
      var key = MDB_val(bytes)
      return try body(&key)
    }
  }

  @inline(__always)
  func withKey<Result: ~Copyable>(
    _ key: UInt64, for table: Table, _ body: (inout MDB_val) throws(LMDBError) -> Result
  ) throws(LMDBError) -> Result {
    confirm(table)
    precondition(table.hasIntegerKeys, "a key of this table is bytes")
    return try withUnsafeBytes(of: key) { (bytes) throws(LMDBError) in
      var key = MDB_val(bytes)
      return try body(&key)
    }
  }

  /// A table used in another environment would be whatever table has its number there.
  @inline(__always)
  func confirm(_ table: Table) {
    precondition(table.environment == environment, "the table belongs to another environment")
  }

  // MARK: Inside

  func cursor(for table: Table) throws(LMDBError) -> OpaquePointer {
    confirm(table)
    if let cursor = cursors[Int(table.handle)] { return cursor }
    var opened: OpaquePointer?
    _ = try found(mdb_cursor_open(transaction, table.handle, &opened), "open cursor")
    guard let cursor = opened else { throw LMDBError(code: ENOMEM, operation: "open cursor") }
    cursors[Int(table.handle)] = cursor
    return cursor
  }

  @inline(__always)
  private func found(_ code: Int32, _ operation: @autoclosure () -> String) throws(LMDBError) -> Bool {
    if code == MDB_NOTFOUND { return false }
    // The arguments are right, so this says that the transaction was reset or is older than the table.
    try check(code == EINVAL ? MDB_BAD_TXN : code, operation())
    return true
  }
}

/// How often cursors were moved, for tests of how much is looked at: a release build counts nothing.
struct MoveCount {
  #if DEBUG
    private let count: UnsafeMutablePointer<Int>

    init() {
      count = .allocate(capacity: 1)
      count.initialize(to: 0)
    }

    var value: Int { count.pointee }
    func increment() { count.pointee += 1 }
    func deallocate() { count.deallocate() }
  #else
    func increment() {}
    func deallocate() {}
  #endif
}

/// Where a cursor stands.
struct Position {
  var key: MDB_val
  var value: MDB_val
}

extension MDB_val {
  /// LMDB reads the bytes of a key or value it is given and never writes them.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }

  /// A value as it was stored by its user.
  @inline(__always)
  var withoutChecksum: MDB_val {
    precondition(mv_size >= EntryChecksum.byteCount, "a value has no checksum: the file was not checked")
    return MDB_val(mv_size: mv_size - EntryChecksum.byteCount, mv_data: mv_data)
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}
