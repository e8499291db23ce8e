import CLMDB

/// A walk over a table's entries in key order, while the transaction stands still.
///
/// Walks and seeks of the same table may be interleaved; each walk knows where it is. It owns nothing and has no `deinit`,
/// which the compiler would let run after the transaction ended.
package struct Walk: ~Copyable, ~Escapable {
  private enum Place {
    case at(Position)
    case after(MDB_val)
    case end
  }

  private let reader: Reader
  private let table: Table
  private var place: Place

  /// Whoever calls this narrows the lifetime at once to the transaction's that `reader` reads.
  @_lifetime(immortal)
  init(reader: Reader, table: Table, first: Position?) {
    self.reader = reader
    self.table = table
    place = first.map(Place.at) ?? .end
  }

  /// The next entry, or `nil` at the end of the table. All entries of a walk stay good as long as the walk could go on.
  @_lifetime(copy self)
  package mutating func next() throws(LMDBError) -> Entry? {
    guard let position = try advance() else {
      place = .end
      return nil
    }
    place = .after(position.key)
    return _overrideLifetime(Entry(position), copying: self)
  }

  private func advance() throws(LMDBError) -> Position? {
    switch place {
    case .at(let first): first
    case .after(let key): try reader.move(after: key, in: table)
    case .end: nil
    }
  }
}
