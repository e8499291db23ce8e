import LMDB
import PinWords

/// The moves of cards between holders: the one place where stock, custody and levels change.
///
/// Law 1 is kept here: what leaves one holder enters another within the same call, and what is asked to leave must be there.
extension Machine {
  // MARK: Stock

  /// The next piece of stock of the same product and condition, in the order in which cards are handed out.
  func stock(
    atOrAfter key: StockKey, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> (StockKey, StockValue)? {
    let bytes = key.bytes
    guard let entry = try state.entry(atOrAfter: bytes.span.bytes, in: tables.stock) else { return nil }
    let found = StockKey(entry.key)
    guard found.product == key.product, found.condition == key.condition else { return nil }
    return (found, present(StockValue(entry.value), of: found))
  }

  /// What is left of a piece of stock, which the table may be behind on.
  func present(_ kept: StockValue, of key: StockKey) -> StockValue {
    if let front = fronts[Int(key.product.rawValue) - 1], front.key == key { return front.value }
    return kept
  }

  /// Takes an extent out of stock. It must be there, whole, in one piece of stock.
  mutating func takeFromStock(
    _ extent: Extent, lot: LotID, condition: Condition, state: inout WriteTransaction
  ) throws(LMDBError) {
    let (key, value) = try stock(holding: extent, lot: lot, condition: condition, state)
    if extent.last < key.last {
      try handOut(key, StockValue(next: extent.end, placedBy: value.placedBy, lot: lot), &state)
    } else {
      let wasThere = try removeStock(key, &state)
      precondition(wasThere, "an extent of stock that was just read is gone")
    }
    if value.next < extent.first {
      let left = StockKey(
        product: key.product, condition: condition, expiry: key.expiry, last: CardID(extent.first.rawValue - 1))
      try putStock(left, value, &state)
    }
  }

  /// The piece of stock that holds an extent; there must be one.
  private func stock(
    holding extent: Extent, lot: LotID, condition: Condition, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> (StockKey, StockValue) {
    let goods = goods(of: lot)
    if let front = fronts[Int(goods.product.rawValue) - 1], front.key.condition == condition, front.value.lot == lot,
      front.value.next <= extent.first, extent.last <= front.key.last
    {
      return (front.key, front.value)
    }
    let wanted = StockKey(product: goods.product, condition: condition, expiry: goods.expiry, last: extent.first)
    guard let (key, value) = try stock(atOrAfter: wanted, state), key.expiry == goods.expiry, value.lot == lot,
      value.next <= extent.first, extent.last <= key.last
    else { preconditionFailure("cards to be taken are not in stock") }
    return (key, value)
  }

  /// Puts an extent into stock, grown together with neighbours of the same lot and condition.
  mutating func putInStock(
    _ extent: Extent, lot: LotID, condition: Condition, placedBy sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let goods = goods(of: lot)
    let neighbours = try stockNeighbours(of: extent, lot: lot, condition: condition, state: state)
    var first = extent.first
    if let left = neighbours.left {
      first = left.next
      let key = StockKey(
        product: goods.product, condition: condition, expiry: goods.expiry, last: CardID(extent.first.rawValue - 1))
      _ = try removeStock(key, &state)
    }
    let last = neighbours.right?.last ?? extent.last
    try putStock(
      StockKey(product: goods.product, condition: condition, expiry: goods.expiry, last: last),
      StockValue(next: first, placedBy: sequence, lot: lot), &state)
  }

  /// The pieces of stock that touch an extent on either side, of the same lot and condition.
  func stockNeighbours(
    of extent: Extent, lot: LotID, condition: Condition, state: borrowing WriteTransaction
  ) throws(LMDBError) -> (left: StockValue?, right: (last: CardID, placedBy: UInt64)?) {
    let facts = self.lot(lot)
    var left: StockValue?
    if extent.first > facts.extent.first {
      let key = StockKey(
        product: facts.product, condition: condition, expiry: facts.expiry, last: CardID(extent.first.rawValue - 1))
      if let found = try state.value(for: key.bytes.span.bytes, in: tables.stock) {
        left = present(StockValue(found), of: key)
      }
    }
    if let found = left, found.lot != lot { left = nil }
    var right: (last: CardID, placedBy: UInt64)?
    if extent.end < facts.extent.end {
      let key = StockKey(product: facts.product, condition: condition, expiry: facts.expiry, last: extent.end)
      if let (found, value) = try stock(atOrAfter: key, state), found.expiry == facts.expiry, value.lot == lot,
        value.next == extent.end
      {
        right = (found.last, value.placedBy)
      }
    }
    return (left, right)
  }

  /// Moves on where a piece of stock begins: in memory alone, for the table learns of it at the checkpoint, or when
  /// cards of the product are taken from another piece.
  private mutating func handOut(
    _ key: StockKey, _ value: StockValue, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let place = Int(key.product.rawValue) - 1
    if let other = fronts[place], other.key != key { try writeFront(of: key.product, &state) }
    fronts[place] = FrontPiece(key: key, value: value)
  }

  /// Tells the table how far the piece of stock is that a product's cards are handed out of.
  mutating func writeFront(of product: ProductID, _ state: inout WriteTransaction) throws(LMDBError) {
    guard let front = fronts[Int(product.rawValue) - 1] else { return }
    try putStock(front.key, front.value, &state)
  }

  private mutating func putStock(
    _ key: StockKey, _ value: StockValue, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    forgetFront(key)
    let keyBytes = key.bytes
    let valueBytes = value.bytes
    try state.put(valueBytes.span.bytes, for: keyBytes.span.bytes, in: tables.stock)
  }

  private mutating func removeStock(_ key: StockKey, _ state: inout WriteTransaction) throws(LMDBError) -> Bool {
    forgetFront(key)
    return try state.remove(key.bytes.span.bytes, in: tables.stock)
  }

  /// What the table has of a piece is what there is of it.
  private mutating func forgetFront(_ key: StockKey) {
    let place = Int(key.product.rawValue) - 1
    if fronts[place]?.key == key { fronts[place] = nil }
  }

  // MARK: Custody

  /// The holder of the extent that contains a card, unless it is in stock.
  func custody(
    of card: CardID, state: borrowing WriteTransaction
  ) throws(LMDBError) -> (extent: Extent, value: CustodyValue)? {
    guard let entry = try state.entry(before: card.rawValue + 1, in: tables.custody) else { return nil }
    let value = CustodyValue(entry.value)
    let extent = Extent(first: CardID(entry.integerKey), count: value.count)
    return card < extent.end ? (extent, value) : nil
  }

  /// Gives an extent that was just taken from stock, or an entry of the same extent, to a holder.
  mutating func putInCustody(
    _ extent: Extent, _ value: CustodyValue, state: inout WriteTransaction
  ) throws(LMDBError) {
    let bytes = value.bytes
    try state.put(bytes.span.bytes, for: extent.first.rawValue, in: tables.custody)
  }

  /// Takes an extent out of the one entry that holds it; what is left of the entry stays.
  mutating func takeFromCustody(
    _ extent: Extent, from place: Place, state: inout WriteTransaction
  ) throws(LMDBError) {
    guard let (whole, value) = try custody(of: extent.first, state: state), extent.end <= whole.end,
      value.holder.rawValue == place.rawValue
    else { preconditionFailure("cards to be moved are not in the custody they are said to be in") }
    if whole.first == extent.first {
      _ = try state.remove(extent.first.rawValue, in: tables.custody)
    } else {
      var left = value
      left.count = UInt32(extent.first.rawValue - whole.first.rawValue)
      try putInCustody(whole, left, state: &state)
    }
    if extent.end < whole.end {
      var right = value
      right.count = UInt32(whole.end.rawValue - extent.end.rawValue)
      try putInCustody(Extent(first: extent.end, count: right.count), right, state: &state)
    }
  }

  /// Whether an extent is a whole entry of this holder's, which can be written over as it stands.
  private func holdsExactly(
    _ extent: Extent, in place: Place, state: borrowing WriteTransaction
  ) throws(LMDBError) -> Bool {
    guard let found = try state.value(for: extent.first.rawValue, in: tables.custody) else { return false }
    let value = CustodyValue(found)
    return value.count == extent.count && value.holder.rawValue == place.rawValue
  }

  // MARK: Moves

  /// Carries out a move to a holder outside stock, and counts it.
  mutating func carryOut(
    _ move: Move, to holder: CustodyValue.Holder, id: RequestID, by sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    if move.from == .stock {
      try takeFromStock(move.extent, lot: move.lot, condition: move.condition, state: &state)
    } else if try !holdsExactly(move.extent, in: move.from, state: state) {
      try takeFromCustody(move.extent, from: move.from, state: &state)
    }
    let value = CustodyValue(
      count: move.extent.count, holder: holder, condition: move.condition, lot: move.lot, placedBy: sequence, id: id)
    try putInCustody(move.extent, value, state: &state)
    if move.condition == .used, holder == .delivered || holder == .void { try forgetCameBack(move.extent, &state) }
    count(move, to: Place(rawValue: holder.rawValue)!, condition: move.condition)
  }

  /// Carries out a move into stock, and counts it.
  mutating func carryOut(
    _ move: Move, toStock condition: Condition, by sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    if move.from == .stock {
      try takeFromStock(move.extent, lot: move.lot, condition: move.condition, state: &state)
    } else {
      try takeFromCustody(move.extent, from: move.from, state: &state)
    }
    try putInStock(move.extent, lot: move.lot, condition: condition, placedBy: sequence, state: &state)
    if move.condition == .used, condition == .regular { try forgetCameBack(move.extent, &state) }
    count(move, to: .stock, condition: condition)
  }

  /// The move of an extent back to stock, with the events that placed its neighbours there.
  func moveBack(
    _ extent: Extent, lot: LotID, placedBy: UInt64, from: Place, was: Condition, to condition: Condition,
    state: borrowing WriteTransaction
  ) throws(LMDBError) -> Move {
    let neighbours = try stockNeighbours(of: extent, lot: lot, condition: condition, state: state)
    return Move(
      extent: extent, lot: lot, placedBy: placedBy,
      left: neighbours.left.map { Neighbour(placedBy: $0.placedBy, far: $0.next) },
      right: neighbours.right.map { Neighbour(placedBy: $0.placedBy, far: $0.last) }, from: from, condition: was)
  }

  private mutating func count(_ move: Move, to place: Place, condition: Condition) {
    let cards = UInt64(move.extent.count)
    changeLevel(of: goods(of: move.lot).product) { level in
      level[move.from, move.condition] -= cards
      level[place, condition] += cards
    }
  }
}

extension StockLevel {
  subscript(place: Place, condition: Condition) -> UInt64 {
    get {
      switch place {
      case .stock: condition == .used ? used : regular
      case .loading: loading
      case .reserved: reserved
      case .delivered: delivered
      case .quarantined: quarantined
      case .void: void
      }
    }
    set {
      switch place {
      case .stock: if condition == .used { used = newValue } else { regular = newValue }
      case .loading: loading = newValue
      case .reserved: reserved = newValue
      case .delivered: delivered = newValue
      case .quarantined: quarantined = newValue
      case .void: void = newValue
      }
    }
  }
}
