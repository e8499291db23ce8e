/// What a shift sold, and what a card that comes back is worth.
extension Model {
  func shift(of actor: Int) -> Shift { shifts[actor] ?? Shift(number: 1, openedAt: 0, totals: []) }

  mutating func closeShift(of actor: Int, _ now: UInt64) -> Outcome {
    let closed = shift(of: actor)
    shifts[actor] = Shift(number: closed.number + 1, openedAt: now, totals: [])
    return .shift(closed)
  }

  /// A sale, its reversal and its settlement are booked on the actor whose id it is; a return on the clerk who takes the
  /// cards.
  mutating func book(_ reservation: Reservation) {
    var counted: Set<String> = []
    for granted in reservation.lines {
      total(granted.currency, of: reservation.actor) { total in
        if counted.insert(granted.currency).inserted { total.sales += 1 }
        total.cards += granted.line.count
        total.gross += granted.unitPrice * UInt64(granted.line.count)
        total.discount += granted.line.discount
        total.tax += granted.line.tax
      }
    }
  }

  mutating func bookReversal(of reservation: Reservation) {
    let left = reservation.cards.filter { cards[$0.card - 1].place == .delivered(reservation.id) }
    for (currency, part) in byCurrency(left, of: reservation) {
      let worth = worth(of: part, in: reservation)
      total(currency, of: reservation.actor) { total in
        total.reversals += 1
        total.reversedCards += part.count
        total.reversed += worth
      }
    }
  }

  /// The reversal stays where it was booked, and its cards are sold once more.
  mutating func bookSettlement(of settled: [Granted], in reservation: Reservation) {
    for (currency, part) in byCurrency(settled, of: reservation) {
      let gross = part.reduce(UInt64(0)) { $0 + reservation.lines[$1.line].unitPrice }
      let worth = worth(of: part, in: reservation)
      total(currency, of: reservation.actor) { total in
        total.sales += 1
        total.cards += part.count
        total.gross += gross
        total.discount += gross - worth
      }
    }
  }

  private func byCurrency(_ part: [Granted], of reservation: Reservation) -> [String: [Granted]] {
    Dictionary(grouping: part) { reservation.lines[$0.line].currency }
  }

  /// What cards were sold for: of each line their share of what was paid for it, rounded down.
  func worth(of part: [Granted], in reservation: Reservation) -> UInt64 {
    var counts: [Int: Int] = [:]
    for granted in part { counts[granted.line, default: 0] += 1 }
    return counts.reduce(0) { sum, entry in
      let line = reservation.lines[entry.key]
      let paid = line.unitPrice * UInt64(line.line.count) - line.line.discount
      return sum + paid * UInt64(entry.value) / UInt64(line.line.count)
    }
  }

  mutating func total(_ currency: String, of actor: Int, _ change: (inout ShiftTotal) -> Void) {
    var shift = shift(of: actor)
    let index = shift.totals.firstIndex { $0.currency == currency } ?? shift.totals.count
    if index == shift.totals.count { shift.totals.append(ShiftTotal(currency: currency)) }
    change(&shift.totals[index])
    // The documents fix no order.
    shift.totals.sort { $0.currency < $1.currency }
    shifts[actor] = shift
  }
}
