import LMDB
import PinBytes
import PinStore
import PinWords

/// Questions about the mutable state: answered in order like everything else, changing nothing.
extension Machine {
  mutating func decideLookUp(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return Reply(.refused(.unknownID)) }
    guard record.unsafeLoad(as: UInt8.self) == ReservationHead.kind else {
      let actor = ActorID(record.bigEndian(at: 4))
      guard actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
      guard let operation = Operation(rawValue: record.unsafeLoad(fromByteOffset: 1, as: UInt8.self)) else {
        preconditionFailure("a change is of an operation that does not exist")
      }
      let found = Found.change(operation, timeMilliseconds: record.bigEndian(at: 16))
      return Reply(.found(found), sequence: record.bigEndian(at: 8))
    }
    let head = ReservationHead(record)
    guard head.actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
    return Reply(.found(.reservation(try wholeReservation(id, at: now, state))), sequence: head.changedBy)
  }

  func decideStock(_ product: ProductID?) -> Reply {
    guard let product else { return Reply(.stock(levels)) }
    let index = Int(product.rawValue) - 1
    guard levels.indices.contains(index) else { return Reply(.refused(.unknownProduct(product))) }
    return Reply(.stock([levels[index]]))
  }

  func decideLocate(_ card: CardID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Reply {
    guard let lot = lot(of: card) else { return Reply(.refused(.unknownCard)) }
    if let (_, value) = try custody(of: card, state: state) {
      let custody: Custody =
        switch value.holder {
        case .loading: .loading(lot.purchase)
        case .reserved: .reserved(value.id)
        case .delivered: .delivered(value.id)
        case .quarantined: .quarantined(value.id)
        case .void: .void
        }
      return Reply(.located(custody, placedBy: value.placedBy), sequence: value.placedBy)
    }
    for condition in [Condition.regular, .used] {
      let key = StockKey(product: lot.product, condition: condition, expiry: lot.expiry, last: card)
      guard let (found, value) = try stock(atOrAfter: key, state) else { continue }
      if found.expiry == lot.expiry, value.next <= card {
        return Reply(.located(.stock(condition), placedBy: value.placedBy), sequence: value.placedBy)
      }
    }
    preconditionFailure("a card is in nobody's custody")
  }
}

/// Shifts: what an actor sold since its last close, by currency.
extension Machine {
  func shift(of actor: ActorID) -> Shift {
    let index = Int(actor.rawValue)
    return shifts.indices.contains(index) ? shifts[index] : .first
  }

  mutating func setShift(of actor: ActorID, _ shift: Shift) { shifts[makeShift(of: actor)] = shift }

  /// Where an actor's shift is, which is begun if it had none.
  private mutating func makeShift(of actor: ActorID) -> Int {
    let index = Int(actor.rawValue)
    while shifts.count <= index { shifts.append(.first) }
    return index
  }

  mutating func decideCloseShift(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let reply = try knownChange(id, .closeShift, FieldList(), asker, state) { return reply }
    var result = ByteWriter()
    shift(of: asker.id).write(to: &result)
    Self.beginChange(.shiftClosed, id, FieldList(), result: result, by: asker.id, &block)
    return try endChange(.closeShift, result: result, now, &block, &state)
  }

  mutating func applyShiftClosed(_ eventHead: EventHead, timeMilliseconds: UInt64) {
    let number = shift(of: eventHead.actor).number + 1
    setShift(of: eventHead.actor, Shift(number: number, openedAtMilliseconds: timeMilliseconds, totals: []))
    changedShifts.mark(eventHead.actor.rawValue)
  }

  mutating func changeShift(of actor: ActorID, currency: Currency, _ change: (inout ShiftTotal) -> Void) {
    let index = makeShift(of: actor)
    if let place = shifts[index].totals.firstIndex(where: { $0.currency == currency }) {
      change(&shifts[index].totals[place])
    } else {
      var total = ShiftTotal(currency: currency)
      change(&total)
      shifts[index].totals.append(total)
    }
    changedShifts.mark(actor.rawValue)
  }

  /// Counts a sale at the moment it is delivered.
  mutating func countSale(_ grant: borrowing GrantReader, by actor: ActorID) {
    for index in 0..<grant.lineCount {
      let granted = grant.line(index)
      let isFirstOfCurrency = !(0..<index).contains { grant.line($0).currency == granted.currency }
      changeShift(of: actor, currency: granted.currency) { total in
        if isFirstOfCurrency { total.sales &+= 1 }
        total.cards &+= granted.line.count
        total.grossMinor &+= granted.unitPriceMinor &* UInt64(granted.line.count)
        total.discountMinor &+= granted.line.discountMinor
        total.taxMinor &+= granted.line.taxMinor
      }
    }
  }

  /// Counts a reversal after delivery against the shift of whoever sold: what the cards were sold for, as a return does, so
  /// that a sale and its reversal come to nothing.
  mutating func countReversal(
    of id: RequestID, _ moves: borrowing MoveReader, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    try countMoved(of: id, moves, state) { total, granted, cards, isFirstOfCurrency in
      if isFirstOfCurrency { total.reversals &+= 1 }
      total.reversedCards &+= UInt32(clamping: cards)
      total.reversedMinor &+= granted.netMinor(ofCards: cards)
    }
  }

  /// Counts cards that are booked as delivered after all as sold again by whoever sold them: their reversal was counted,
  /// perhaps in a shift that is closed since, and so a settlement stands on its own date, as a return does.
  mutating func countSettlement(
    of id: RequestID, _ moves: borrowing MoveReader, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    try countMoved(of: id, moves, state) { total, granted, cards, isFirstOfCurrency in
      if isFirstOfCurrency { total.sales &+= 1 }
      let gross = granted.unitPriceMinor &* cards
      total.cards &+= UInt32(clamping: cards)
      total.grossMinor &+= gross
      total.discountMinor &+= gross - granted.netMinor(ofCards: cards)
    }
  }

  /// Counts a reservation's cards that move for its actor, line by line: how many of the line, and whether it is the first
  /// line with any in its currency.
  private mutating func countMoved(
    of id: RequestID, _ moves: borrowing MoveReader, _ state: borrowing WriteTransaction,
    _ count: (inout ShiftTotal, GrantedLine, UInt64, Bool) -> Void
  ) throws(LMDBError) {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return }
    let head = ReservationHead(record)
    let grant = GrantReader(record: record, head: head)
    var cardsOfLines = CardsOfLines(grant)
    for index in 0..<moves.count { cardsOfLines.add(moves[index].extent) }
    var counted: [Currency] = []
    for (index, cards) in cardsOfLines.counts.enumerated() where cards > 0 {
      let granted = grant.line(index)
      let isFirstOfCurrency = !counted.contains(granted.currency)
      if isFirstOfCurrency { counted.append(granted.currency) }
      changeShift(of: head.actor, currency: granted.currency) { count(&$0, granted, cards, isFirstOfCurrency) }
    }
  }
}

extension Shift {
  /// What everybody begins with.
  fileprivate static var first: Shift { Shift(number: 1, openedAtMilliseconds: 0, totals: []) }
}
