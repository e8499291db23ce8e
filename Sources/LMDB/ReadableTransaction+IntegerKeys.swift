import CLMDB

/// The reads once more, for tables with integer keys.
extension ReadableTransaction where Self: ~Copyable {
  /// The value of a key, or `nil` when the key is not in the table.
  @_lifetime(borrow self)
  package borrowing func value(for key: UInt64, in table: Table) throws(LMDBError) -> RawSpan? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in try reader.get(&key, table) }
    guard let found else { return nil }
    return _overrideLifetime(RawSpan(_unsafeBytes: found.bytes), borrowing: self)
  }

  /// The entry with the lowest key that is `key` or above.
  @_lifetime(borrow self)
  package borrowing func entry(atOrAfter key: UInt64, in table: Table) throws(LMDBError) -> Entry? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(MDB_SET_RANGE, to: key, in: table)
    }
    guard let found else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// The entry with the greatest key strictly below `key`.
  @_lifetime(borrow self)
  package borrowing func entry(before key: UInt64, in table: Table) throws(LMDBError) -> Entry? {
    let reader = reader
    let found = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(before: key, in: table)
    }
    guard let found else { return nil }
    return _overrideLifetime(Entry(found), borrowing: self)
  }

  /// A walk over the entries in key order, from `key` on.
  @_lifetime(borrow self)
  package borrowing func walk(_ table: Table, from key: UInt64) throws(LMDBError) -> Walk {
    let reader = reader
    let first = try reader.withKey(key, for: table) { (key) throws(LMDBError) in
      try reader.move(MDB_SET_RANGE, to: key, in: table)
    }
    return _overrideLifetime(Walk(reader: reader, table: table, first: first), borrowing: self)
  }

  /// Walks the entries in key order, from `key` on, until `body` returns `false`.
  package borrowing func scan(
    _ table: Table, from key: UInt64, _ body: (borrowing Entry) throws(LMDBError) -> Bool
  ) throws(LMDBError) {
    var walk = try walk(table, from: key)
    while let entry = try walk.next(), try body(entry) {}
  }
}
