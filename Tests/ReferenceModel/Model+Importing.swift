/// Imports: begun, loaded in chunks, committed or abandoned; one at a time.
extension Model {
  /// The import under way, if there is one.
  package var importRunning: Int? {
    purchases.firstIndex { $0.stage == .loading }.map { $0 + 1 }
  }

  mutating func begin(_ purchase: Purchase, _ now: UInt64) -> Outcome {
    guard products.indices.contains(purchase.product - 1) else { return .refused(.unknownProduct(purchase.product)) }
    let today = now / 86_400_000
    if purchase.lots.contains(where: { UInt64($0.expiry) < today }) { return .refused(.invalid(.expiry)) }
    if let running = importRunning { return .refused(.importRunning(running)) }
    let number = purchases.count + 1
    let firstLot = lots.count
    for declared in purchase.lots {
      let first = cards.count + 1
      let lot = Lot(
        product: purchase.product, purchase: number, expiry: declared.expiry, first: first, declared: declared.count)
      let card = Card(
        product: purchase.product, lot: lots.count + 1, expiry: declared.expiry, place: .loading(purchase: number))
      cards += Array(repeating: card, count: declared.count)
      for card in first..<first + declared.count { put(card, .loading(purchase: number)) }
      lots.append(lot)
    }
    let vendor = purchase.vendor.isEmpty ? products[purchase.product - 1].vendor : purchase.vendor
    purchases.append(PurchaseRecord(purchase: purchase, vendor: vendor, lots: firstLot..<lots.count))
    return .purchase(number, told(firstLot..<lots.count))
  }

  private func told(_ range: Range<Int>) -> [PurchaseLot] {
    range.map {
      PurchaseLot(
        number: $0 + 1, expiry: lots[$0].expiry, first: lots[$0].first, declared: lots[$0].declared,
        loaded: lots[$0].loaded)
    }
  }

  /// Loads a chunk. No event: it is the commit that makes it count.
  mutating func load(_ purchase: Int, _ chunk: Int, _ loaded: [LoadedCard]) -> Answer {
    guard purchases.indices.contains(purchase - 1), purchases[purchase - 1].stage == .loading else {
      return Answer(.refused(.unknownPurchase))
    }
    let record = purchases[purchase - 1]
    if chunk < record.chunks.count {
      return Answer(record.chunks[chunk] == loaded ? record.chunkAnswers[chunk] : .refused(.idReused(.serial)))
    }
    if chunk > record.chunks.count { return Answer(.refused(.outOfTurn(expected: record.chunks.count))) }
    var refusals: [LoadRefusal] = []
    for (index, card) in loaded.enumerated() {
      if let (reason, other) = load(card, purchase) {
        refusals.append(LoadRefusal(index: index, reason: reason, purchase: other))
      }
    }
    let outcome = Outcome.loaded(accepted: loaded.count - refusals.count, refusals)
    purchases[purchase - 1].chunks.append(loaded)
    purchases[purchase - 1].chunkAnswers.append(outcome)
    return Answer(outcome)
  }

  private mutating func load(_ card: LoadedCard, _ purchase: Int) -> (LoadRefusal.Reason, Int)? {
    let record = purchases[purchase - 1]
    let isWellFormed = [card.serial, card.pin].allSatisfy { (1...64).contains($0.utf8.count) }
    if !isWellFormed { return (.malformed, 0) }
    guard let index = record.lots.first(where: { lots[$0].expiry == card.expiry }),
      lots[index].loaded < lots[index].declared
    else { return (.undeclared, 0) }
    if let other = pins[record.vendor]?[card.pin] { return (.duplicatePIN, other) }
    if let other = serials[record.vendor]?[card.serial] { return (.duplicateSerial, other) }
    pins[record.vendor, default: [:]][card.pin] = purchase
    serials[record.vendor, default: [:]][card.serial] = purchase
    let place = lots[index].first + lots[index].loaded - 1
    cards[place].serial = card.serial
    cards[place].pin = card.pin
    lots[index].loaded += 1
    return nil
  }

  /// What was loaded becomes stock, and whatever else was declared is void.
  mutating func commit(_ purchase: Int) -> Answer {
    guard purchases.indices.contains(purchase - 1) else { return Answer(.refused(.unknownPurchase)) }
    let record = purchases[purchase - 1]
    if record.stage == .abandoned { return Answer(.refused(.unknownPurchase)) }
    let outcome = Outcome.purchase(purchase, told(record.lots))
    if record.stage == .committed { return Answer(outcome, isRepeat: true, event: record.event) }
    for lot in lots[record.lots] {
      for number in 0..<lot.declared {
        put(lot.first + number, number < lot.loaded ? .stock(.regular) : .void)
      }
    }
    let event = newEvent()
    purchases[purchase - 1].stage = .committed
    purchases[purchase - 1].event = event
    return Answer(outcome, event: event)
  }

  /// None of its cards becomes stock, and the same cards can be imported again.
  mutating func abandon(_ purchase: Int) -> Answer {
    guard purchases.indices.contains(purchase - 1) else { return Answer(.refused(.unknownPurchase)) }
    let record = purchases[purchase - 1]
    if record.stage == .committed { return Answer(.refused(.final)) }
    if record.stage == .abandoned { return Answer(.done, isRepeat: true, event: record.event) }
    for lot in lots[record.lots] { for number in 0..<lot.declared { put(lot.first + number, .void) } }
    pins[record.vendor] = pins[record.vendor]?.filter { $0.value != purchase }
    serials[record.vendor] = serials[record.vendor]?.filter { $0.value != purchase }
    let event = newEvent()
    purchases[purchase - 1].stage = .abandoned
    purchases[purchase - 1].event = event
    return Answer(.done, event: event)
  }

  /// The store starts again: an import that was under way is given up.
  package mutating func restart() {
    if let running = importRunning { _ = abandon(running) }
    noteMoves()
  }
}
