import PinWords

/// What an actor's limits have to say: compared with its takings when cards are taken or PINs told again.
///
/// Days come before minutes, so that nobody is told to wait a minute and then a day.
extension Machine {
  /// Whether the asker may sell a product that costs this currency.
  func mayTake(_ product: ProductID, costing currency: Currency, _ asker: Asker) -> Bool {
    guard let index = indexOfTakings(of: asker.id) else { return true }
    return actors[index].description.limits.allow(product, costing: currency)
  }

  /// Which limit the cards of these lines would break; their products are known.
  func refusal(ofTaking lines: Few<Line>, _ asker: Asker, _ now: UInt64) -> Refusal? {
    guard let index = indexOfTakings(of: asker.id), actors[index].description.limits.limitsTaking else { return nil }
    let limits = actors[index].description.limits
    var cards: UInt64 = 0
    var value: UInt64 = 0
    var overflows = false
    for line in lines {
      cards += UInt64(line.count)
      let price = products[Int(line.product.rawValue) - 1].priceMinor
      // The product of the two was checked with the line.
      let (sum, overflow) = value.addingReportingOverflow(price * UInt64(line.count))
      value = sum
      overflows = overflows || overflow
    }
    if overflows { value = .max }
    let (day, minute) = (takings[index].day, takings[index].minute)
    // Without a currency there is no limit of value.
    let (inDay, inMinute) = limits.currency.map { (day.valueMinor(in: $0), minute.valueMinor(in: $0)) } ?? (0, 0)
    return day.refusal(.cardsPerDay, of: cards, limit: UInt64(limits.day.cards), used: day.cards, at: now)
      ?? day.refusal(.valuePerDay, of: value, limit: limits.day.valueMinor, used: inDay, at: now)
      ?? minute.refusal(.cardsPerMinute, of: cards, limit: UInt64(limits.minute.cards), used: minute.cards, at: now)
      ?? minute.refusal(.valuePerMinute, of: value, limit: limits.minute.valueMinor, used: inMinute, at: now)
  }

  /// Which limit telling the PINs of so many cards again would break.
  func refusal(ofReprinting cards: UInt64, _ asker: Asker, _ now: UInt64) -> Refusal? {
    guard let index = indexOfTakings(of: asker.id) else { return nil }
    let limits = actors[index].description.limits
    let (day, minute) = (takings[index].day, takings[index].minute)
    return day.refusal(.reprintsPerDay, of: cards, limit: UInt64(limits.day.reprints), used: day.reprints, at: now)
      ?? minute.refusal(
        .reprintsPerMinute, of: cards, limit: UInt64(limits.minute.reprints), used: minute.reprints, at: now)
  }

  // MARK: Counting

  mutating func changeTakings(of actor: ActorID, _ change: (inout Takings) -> Void) {
    guard let index = indexOfTakings(of: actor) else { return }
    change(&takings[index])
    changedShifts.mark(actor.rawValue)
  }

  /// Nil for the store itself, which has no limits.
  private func indexOfTakings(of actor: ActorID) -> Int? {
    actor == .store ? nil : Int(actor.rawValue) - 1
  }
}

extension Takings.Window {
  /// Why so much more is too much; nil if it is not, or there is no limit.
  fileprivate func refusal(
    _ name: ActorLimit, of wanted: UInt64, limit: UInt64, used: UInt64, at now: UInt64
  ) -> Refusal? {
    guard limit > 0 else { return nil }
    let used = includes(now) ? used : 0
    let left = limit > used ? limit - used : 0
    guard wanted > left else { return nil }
    let retryAfter = wanted > limit ? 0 : remainingMilliseconds(at: now)
    return .limitReached(name, left: left, retryAfterMilliseconds: retryAfter)
  }
}

extension ActorLimits {
  /// Whether taking cards is limited in number or value.
  fileprivate var limitsTaking: Bool {
    minute.cards != 0 || minute.valueMinor != 0 || day.cards != 0 || day.valueMinor != 0
  }
}
