import CLMDB

/// What read and write transactions have in common: all the reads.
///
/// Every span handed out is borrowed from the transaction: it cannot outlive it, nor a change to it. A key to look for
/// is any bytes (`array.span.bytes`, `inlineArray.span.bytes`) or, in a table with integer keys, a `UInt64`. A key of the
/// wrong kind, or a table of another environment, traps.
package protocol ReadableTransaction: ~Copyable {
  /// For this module's own use: nothing of it can be reached from outside.
  var reader: Reader { get }
}

extension ReadableTransaction where Self: ~Copyable {
  /// The value of a key, or `nil` when the key is not in the table.
  @_lifetime(borrow self)
  package borrowing func value(for key: RawSpan, in table: Table) throws(LMDBError) -> RawSpan? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in try reader.get(&key, table) }
    guard let found else { return nil }
    return _overrideLifetime(RawSpan(_unsafeBytes: found.bytes), borrowing: self)
  }

  /// The entry with the lowest key that is `key` or above.
  @_lifetime(borrow self)
  package borrowing func entry(atOrAfter key: RawSpan, in table: Table) throws(LMDBError) -> Entry? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(MDB_SET_RANGE, to: key, in: table)
    }
    guard let found else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// The entry with the greatest key strictly below `key`.
  @_lifetime(borrow self)
  package borrowing func entry(before key: RawSpan, in table: Table) throws(LMDBError) -> Entry? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(before: key, in: table)
    }
    guard let found else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// The entry with the lowest key.
  @_lifetime(borrow self)
  package borrowing func firstEntry(in table: Table) throws(LMDBError) -> Entry? {
    guard let found = try reader.move(MDB_FIRST, in: table) else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// The entry with the greatest key.
  @_lifetime(borrow self)
  package borrowing func lastEntry(in table: Table) throws(LMDBError) -> Entry? {
    guard let found = try reader.move(MDB_LAST, in: table) else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// How many entries the table has; it costs no walk.
  package borrowing func count(of table: Table) throws(LMDBError) -> Int {
    try reader.count(of: table)
  }

  /// Which commit is read. In a write transaction, which one it will be.
  package borrowing func transactionID() -> Int { mdb_txn_id(reader.transaction) }

  /// A walk over the entries in key order, from `key` on or from the first.
  ///
  ///     var walk = try transaction.walk(table, from: prefix.span.bytes)
  ///     while let entry = try walk.next() { … }
  @_lifetime(borrow self)
  package borrowing func walk(_ table: Table, from key: RawSpan) throws(LMDBError) -> Walk {
    let reader = reader
    let first = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(MDB_SET_RANGE, to: key, in: table)
    }
    return _overrideLifetime(Walk(reader: reader, table: table, first: first), borrowing: self)
  }

  @_lifetime(borrow self)
  package borrowing func walk(_ table: Table) throws(LMDBError) -> Walk {
    let reader = reader
    let first = try reader.move(MDB_FIRST, in: table)
    return _overrideLifetime(Walk(reader: reader, table: table, first: first), borrowing: self)
  }

  /// Walks the entries in key order, from `key` on or from the first, until `body` returns `false`.
  package borrowing func scan(
    _ table: Table, from key: RawSpan? = nil, _ body: (borrowing Entry) throws(LMDBError) -> Bool
  ) throws(LMDBError) {
    var walk = if let key { try walk(table, from: key) } else { try walk(table) }
    while let entry = try walk.next(), try body(entry) {}
  }
}
