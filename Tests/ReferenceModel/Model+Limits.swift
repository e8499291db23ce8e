/// What an actor may do in a minute and a day of UTC: counted anew for each question, from what was held and told.
extension Model {
  /// PINs told again, or of cards that another took.
  struct Reprint: Hashable, Sendable {
    var actor: Int
    var at: UInt64
    var count: Int
  }

  private static let minute: UInt64 = 60_000
  private static let day: UInt64 = 86_400_000

  /// Why an actor may not take what these lines ask for; the products are known.
  func limit(ofTaking lines: [Line], _ actor: Int, _ now: UInt64) -> Refusal? {
    let limits = actors[actor - 1].limits
    let count = lines.reduce(0) { $0 + $1.count }
    let value = lines.reduce(UInt64(0)) { $0 + products[$1.product - 1].price * UInt64($1.count) }
    for (allowance, span, cards, worth) in [
      (limits.day, Self.day, Limit.cardsPerDay, Limit.valuePerDay),
      (limits.minute, Self.minute, Limit.cardsPerMinute, Limit.valuePerMinute),
    ] {
      let taken = holds.values.filter { hold in
        hold.request != nil && hold.reservation.actor == actor && hold.reservation.reservedAt / span == now / span
          && ![.released, .expired, .reversed].contains(hold.reservation.state)
      }.flatMap(\.reservation.lines)
      let takenCards = taken.reduce(0) { $0 + $1.line.count }
      if let refusal = refusal(cards, UInt64(count), UInt64(allowance.cards), UInt64(takenCards), span, now) {
        return refusal
      }
      let takenValue = taken.filter { $0.currency == limits.currency }.reduce(UInt64(0)) {
        $0 + $1.unitPrice * UInt64($1.line.count)
      }
      if let refusal = refusal(worth, value, allowance.value, takenValue, span, now) { return refusal }
    }
    return nil
  }

  /// Why an actor may not be told so many PINs again.
  func limit(ofTelling count: Int, _ actor: Int, _ now: UInt64) -> Refusal? {
    let limits = actors[actor - 1].limits
    for (allowance, span, name) in [
      (limits.day, Self.day, Limit.reprintsPerDay), (limits.minute, Self.minute, Limit.reprintsPerMinute),
    ] {
      let told = reprints.filter { $0.actor == actor && $0.at / span == now / span }.reduce(0) { $0 + $1.count }
      if let refusal = refusal(name, UInt64(count), UInt64(allowance.reprints), UInt64(told), span, now) {
        return refusal
      }
    }
    return nil
  }

  mutating func countReprint(of count: Int, by actor: Int, _ now: UInt64) {
    // Of another day none is asked about any more.
    reprints.removeAll { $0.at / Self.day != now / Self.day }
    reprints.append(Reprint(actor: actor, at: now, count: count))
  }

  private func refusal(
    _ name: Limit, _ wanted: UInt64, _ limit: UInt64, _ used: UInt64, _ span: UInt64, _ now: UInt64
  ) -> Refusal? {
    let left = limit > used ? limit - used : 0
    guard limit > 0, wanted > left else { return nil }
    return .limitReached(name, left: left, retryAfter: wanted > limit ? 0 : span - now % span)
  }
}
