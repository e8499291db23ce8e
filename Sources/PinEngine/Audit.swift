import LMDB
import PinBytes
import PinSealing
import PinStore
import PinWords

/// Checks a state and its payload against the laws: one walk over all cards, in the order of their ids.
///
/// It runs on the state that replaying the journal gave, which verification has compared with the one that is served. What
/// it keeps in memory grows with the pieces of stock, never with the sales.
final class Audit {
  /// Card ids ever given.
  private(set) var cards: UInt64 = 0
  /// How many extents they are in.
  private(set) var extents: UInt64 = 0
  private var problems: [StoreProblem] = []
  private static let mostProblems = 100

  func run(
    _ state: borrowing ReadTransaction, _ tables: Tables, _ payload: borrowing ReadTransaction, _ cards: CardTables
  ) throws -> [StoreProblem] {
    let lots = try lots(state, tables)
    var tiling = Tiling()
    var levels: [ProductID: StockLevel] = [:]
    var rows = CardRows(try payload.walk(cards.cards))
    try forEachPiece(state, tables, lots) { piece in
      extents += 1
      if let problem = tiling.add(piece.extent) { note("1 one custodian", problem) }
      let place = piece.custody.map { Place(rawValue: $0.holder.rawValue)! } ?? .stock
      levels[piece.product, default: StockLevel(product: piece.product)][place, piece.condition] += UInt64(
        piece.extent.count)
      try checkHolder(piece, state, tables)
      if place != .loading, place != .void, let missing = try rows.firstMissing(in: piece.extent) {
        note("payload", "card \(missing) is in custody but not in the payload")
      }
    }
    try checkEnd(tiling, state, tables)
    try checkLevels(levels, state, tables)
    try checkIndices(payload, cards, tiling.next)
    try checkDocuments(payload, cards, state, tables)
    for (table, name) in [(cards.serials, "serials"), (cards.fingerprints, "fingerprints")] {
      if try UInt64(payload.count(of: table)) < rows.count {
        note("payload", "the index of \(name) has fewer entries than there are cards")
      }
    }
    return problems
  }

  private func note(_ law: String, _ detail: String) {
    if problems.count < Self.mostProblems { problems.append(StoreProblem(name: law, detail: detail)) }
  }

  // MARK: Reading

  /// An extent and who holds it; nil custody is stock.
  private struct Piece {
    let extent: Extent
    let lot: LotID
    let product: ProductID
    let condition: Condition
    let custody: CustodyValue?
  }

  private func lots(_ state: borrowing ReadTransaction, _ tables: Tables) throws -> [LotRecord] {
    var lots: [LotRecord] = []
    var walk = try state.walk(tables.lots)
    while let entry = try walk.next() {
      lots.append(trusting(entry.value) { (reader) throws(ByteShortage) in try LotRecord(&reader) })
    }
    return lots
  }

  /// All pieces in the order of their ids: those of custody as they are walked, those of stock sorted in among them.
  private func forEachPiece(
    _ state: borrowing ReadTransaction, _ tables: Tables, _ lots: [LotRecord], _ body: (Piece) throws -> Void
  ) throws {
    var stock = try stock(state, tables, lots)[...]
    var walk = try state.walk(tables.custody)
    while let entry = try walk.next() {
      let value = CustodyValue(entry.value)
      let extent = Extent(first: CardID(entry.integerKey), count: value.count)
      while let piece = stock.first, piece.extent.first < extent.first {
        try body(piece)
        stock.removeFirst()
      }
      let index = Int(value.lot.rawValue) - 1
      let product = lots.indices.contains(index) ? lots[index].product : ProductID(0)
      let piece = Piece(extent: extent, lot: value.lot, product: product, condition: value.condition, custody: value)
      checkLot(piece, lots, expiry: nil)
      try body(piece)
    }
    for piece in stock { try body(piece) }
  }

  private func stock(
    _ state: borrowing ReadTransaction, _ tables: Tables, _ lots: [LotRecord]
  ) throws -> [Piece] {
    var pieces: [Piece] = []
    var walk = try state.walk(tables.stock)
    while let entry = try walk.next() {
      let key = StockKey(entry.key)
      let value = StockValue(entry.value)
      guard value.next <= key.last else {
        note("1 one custodian", "an extent of stock that ends at card \(key.last) is empty")
        continue
      }
      let extent = Extent(first: value.next, count: UInt32(key.last.rawValue - value.next.rawValue + 1))
      let piece = Piece(extent: extent, lot: value.lot, product: key.product, condition: key.condition, custody: nil)
      checkLot(piece, lots, expiry: key.expiry)
      pieces.append(piece)
    }
    return pieces.sorted { $0.extent.first < $1.extent.first }
  }

  // MARK: The laws

  private func checkLot(_ piece: Piece, _ lots: [LotRecord], expiry: Day?) {
    let index = Int(piece.lot.rawValue) - 1
    guard lots.indices.contains(index) else {
      note("1 one custodian", "cards \(piece.extent) are of lot \(piece.lot), which does not exist")
      return
    }
    let lot = lots[index]
    let isInside = lot.extent.first <= piece.extent.first && piece.extent.end <= lot.extent.end
    if !isInside || lot.product != piece.product || (expiry ?? lot.expiry) != lot.expiry {
      note("1 one custodian", "cards \(piece.extent) are filed under another lot, product or expiry than their own")
    }
  }

  private func checkEnd(_ tiling: Tiling, _ state: borrowing ReadTransaction, _ tables: Tables) throws {
    var counters = Counters()
    let key = Counters.key
    if let record = try state.value(for: key.span.bytes, in: tables.counters) {
      counters = trusting(record) { (reader) throws(ByteShortage) in try Counters(&reader) }
    }
    if tiling.next != counters.nextCard {
      note("1 one custodian", "custody ends before card \(tiling.next), but the next card is \(counters.nextCard)")
    }
    cards = counters.nextCard.rawValue - 1
  }

  /// Every entry of an index leads to a card that was given an id and has its row; a serial's, to that serial.
  private func checkIndices(
    _ payload: borrowing ReadTransaction, _ tables: CardTables, _ nextCard: CardID
  ) throws {
    for (table, name) in [(tables.serials, "serial"), (tables.fingerprints, "PIN")] {
      var walk = try payload.walk(table)
      while let entry = try walk.next() {
        let card = CardID(entry.value.bigEndian(at: 0))
        guard card < nextCard, let row = try payload.value(for: card.rawValue, in: tables.cards) else {
          note("payload", "an entry of the \(name) index leads to card \(card), which is not there")
          continue
        }
        let serial = CardRow(row).serial
        // After the vendor's four bytes.
        if name == "serial", [UInt8](serial) != [UInt8](entry.key.extracting(4..<entry.key.byteCount)) {
          note("payload", "an entry of the serial index leads to card \(card), which has another serial")
        }
      }
    }
  }

  /// A document whose id some change has is the one that the change named, to the byte.
  private func checkDocuments(
    _ payload: borrowing ReadTransaction, _ cards: CardTables, _ state: borrowing ReadTransaction, _ tables: Tables
  ) throws {
    var walk = try payload.walk(cards.documents)
    while let entry = try walk.next() {
      // One that is not there was never named: its change is under way, or a crash came between.
      guard let record = try state.value(for: entry.key, in: tables.ids) else { continue }
      var reader = ByteReader(record.extracting(24..<record.byteCount))
      let name = try? ChangeHead(&reader).document
      if record.unsafeLoad(as: UInt8.self) != Machine.changeKind
        || name?.digest != SHA256Hasher.sha256(of: entry.value).bytes
      {
        let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
        note("payload", "document \(id) is not the one that the journal names")
      }
    }
  }

  private func checkLevels(
    _ counted: [ProductID: StockLevel], _ state: borrowing ReadTransaction, _ tables: Tables
  ) throws {
    var counted = counted
    var walk = try state.walk(tables.levels)
    while let entry = try walk.next() {
      let level = trusting(entry.value) { (reader) throws(ByteShortage) in try StockLevel(&reader) }
      let actual = counted.removeValue(forKey: level.product) ?? StockLevel(product: level.product)
      if level != actual {
        note("8 the journal is the truth", "the stock level of product \(level.product) is not what is there")
      }
    }
    for product in counted.keys.sorted() { note("8 the journal is the truth", "product \(product) has no stock level") }
  }

  /// A held or delivered extent belongs to a reservation in the state that says so, and to one of its slices.
  private func checkHolder(
    _ piece: Piece, _ state: borrowing ReadTransaction, _ tables: Tables
  ) throws {
    guard let custody = piece.custody else { return }
    let allowed: [ReservationState]
    switch custody.holder {
    case .reserved: allowed = [.held]
    case .delivered: allowed = [.delivered, .confirmed]
    case .quarantined:
      if custody.id == .zero { return }
      allowed = [.quarantined]
    case .loading, .void: return
    }
    let key = custody.id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids),
      record.unsafeLoad(as: UInt8.self) == ReservationHead.kind
    else {
      note("4 exactly once by id", "cards \(piece.extent) are held by \(custody.id), which is not known")
      return
    }
    let head = ReservationHead(record)
    let grant = GrantReader(record: record, head: head)
    var isGranted = false
    for index in 0..<grant.sliceCount {
      let extent = grant.slice(index).extent
      if extent.first <= piece.extent.first, piece.extent.end <= extent.end { isGranted = true }
    }
    if !isGranted || !allowed.contains(head.state) {
      note(
        "3 disclosed stays disclosed",
        "cards \(piece.extent) are \(custody.holder) under \(custody.id), which is \(head.state)")
    }
  }
}

/// Law 1, extent by extent in the order of their ids: no gap, no overlap.
private struct Tiling {
  private(set) var next = CardID(1)

  /// What is wrong with the extent that comes next; nil if nothing is.
  mutating func add(_ extent: Extent) -> String? {
    defer { next = max(next, extent.end) }
    if extent.first > next { return "cards \(next) to \(extent.first.rawValue - 1) are in nobody's custody" }
    return extent.first < next ? "cards \(extent) are in two places" : nil
  }
}

/// The ids in the cards table, walked along with the pieces.
private struct CardRows: ~Copyable, ~Escapable {
  private var walk: Walk
  private var current: CardID?
  private var isStarted = false
  /// How many rows were found for cards in custody.
  private(set) var count: UInt64 = 0

  @_lifetime(copy walk)
  init(_ walk: consuming Walk) { self.walk = walk }

  /// The first card of an extent that has no row; nil if all have. Extents come in rising order.
  @_lifetime(self: copy self)
  mutating func firstMissing(in extent: Extent) throws(LMDBError) -> CardID? {
    if !isStarted {
      isStarted = true
      try advance()
    }
    while let current, current < extent.first { try advance() }
    for number in extent.first.rawValue..<extent.end.rawValue {
      guard current == CardID(number) else { return CardID(number) }
      count += 1
      try advance()
    }
    return nil
  }

  @_lifetime(self: copy self)
  private mutating func advance() throws(LMDBError) {
    if let entry = try walk.next() { current = CardID(entry.integerKey) } else { current = nil }
  }
}
