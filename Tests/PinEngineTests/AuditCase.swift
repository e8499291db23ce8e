import LMDB
import PinWords
import Testing

@testable import PinEngine

/// Ways in which a state can break a law, and what the audit must say of each.
///
/// In the state they are made in, cards 1 to 3 are delivered, 4 to 6 reserved, 7 to 20 in stock.
enum AuditCase: CaseIterable {
  case gap, overlap, beyondTheEnd, emptyStock, otherExpiry, noSuchLot, noSuchHolder, notGranted, wrongState, level

  var expected: (law: String, detail: String) {
    switch self {
    case .gap: ("1", "cards 4 to 6 are in nobody's custody")
    case .overlap: ("1", "cards 4-6 are in two places")
    case .beyondTheEnd: ("1", "custody ends before card 22, but the next card is 21")
    case .emptyStock: ("1", "ends at card 20 is empty")
    case .otherExpiry: ("1", "cards 7-20 are filed under another lot")
    case .noSuchLot: ("1", "cards 1-3 are of lot 9, which does not exist")
    case .noSuchHolder: ("4", "cards 1-3 are held by")
    case .notGranted: ("3", "cards 1-3 are delivered under")
    case .wrongState: ("3", "cards 1-3 are reserved under")
    case .level: ("8", "the stock level of product 1")
    }
  }

  func apply(_ state: inout WriteTransaction, _ tables: Tables) throws {
    switch self {
    case .gap: expectRemoved(try state.remove(4, in: tables.custody))
    case .overlap: try changeCustody(1, &state, tables) { $0.count = 4 }
    case .beyondTheEnd:
      let value = CustodyValue(count: 1, holder: .void, condition: .regular, lot: LotID(1), placedBy: 1, id: .zero)
      try put(value, 21, &state, tables)
    case .emptyStock: try moveStock(expiry: .never, next: 21, &state, tables)
    case .otherExpiry: try moveStock(expiry: Day(daysSince1970: 30_000), next: 7, &state, tables)
    case .noSuchLot: try changeCustody(1, &state, tables) { $0.lot = LotID(9) }
    case .noSuchHolder: try changeCustody(1, &state, tables) { $0.id = RequestID(high: 1, low: 1) }
    case .notGranted:
      let holder = try custody(4, state, tables).id
      try changeCustody(1, &state, tables) { $0.id = holder }
    case .wrongState: try changeCustody(1, &state, tables) { $0.holder = .reserved }
    case .level:
      var level: [UInt8] = []
      let key = ProductID(1).key
      if let found = try state.value(for: key.span.bytes, in: tables.levels) { level = [UInt8](found) }
      level[11] += 1
      try state.put(level.span.bytes, for: key.span.bytes, in: tables.levels)
    }
  }

  private func custody(_ card: UInt64, _ state: borrowing WriteTransaction, _ tables: Tables) throws -> CustodyValue {
    guard let found = try state.value(for: card, in: tables.custody) else { throw Unexpected(what: "no custody") }
    return CustodyValue(found)
  }

  private func changeCustody(
    _ card: UInt64, _ state: inout WriteTransaction, _ tables: Tables, _ change: (inout CustodyValue) -> Void
  ) throws {
    var value = try custody(card, state, tables)
    change(&value)
    try put(value, card, &state, tables)
  }

  private func put(
    _ value: CustodyValue, _ card: UInt64, _ state: inout WriteTransaction, _ tables: Tables
  ) throws {
    let bytes = value.bytes
    try state.put(bytes.span.bytes, for: card, in: tables.custody)
  }

  private func moveStock(expiry: Day, next: UInt64, _ state: inout WriteTransaction, _ tables: Tables) throws {
    let key = StockKey(product: ProductID(1), condition: .regular, expiry: .never, last: CardID(20)).bytes
    let moved = StockKey(product: ProductID(1), condition: .regular, expiry: expiry, last: CardID(20)).bytes
    expectRemoved(try state.remove(key.span.bytes, in: tables.stock))
    let value = StockValue(next: CardID(next), placedBy: 1, lot: LotID(1)).bytes
    try state.put(value.span.bytes, for: moved.span.bytes, in: tables.stock)
  }
}
