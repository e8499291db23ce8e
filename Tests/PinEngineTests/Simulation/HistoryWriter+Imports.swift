import ReferenceModel
import TestSupport

/// Imports, from beginning to end.
extension HistoryWriter {
  /// An import from its beginning to its end, asked one after another; not all of them come to a good end.
  mutating func importCards(of product: Int, _ model: Model, _ now: UInt64) {
    let today = UInt32(now / 86_400_000)
    var expiries: Set<UInt32> = []
    for _ in 0..<random.pick([1, 1, 2, 3]) {
      expiries.insert(random.chance(5) ? .max : today + .random(in: 0...swarm.expiryDays, using: &random))
    }
    let lots = expiries.sorted().map {
      ReferenceModel.DeclaredLot(expiry: $0, count: swarm.isBroken ? swarm.importLimit : random.upTo(swarm.importLimit))
    }
    let purchase = Purchase(
      product: product, unitCost: 700, invoice: "I-\(nextID)", lots: lots.shuffled(using: &random))
    let actor = keeper()
    let number = model.purchaseCount + 1
    let begin = Asked(actor: actor, request: .beginPurchase(newID(), purchase))
    remember(begin)
    queue.append(ask(begin.request, begin.actor))
    for chunk in 0..<(swarm.isBroken ? 2 : random.pick([1, 1, 2])) {
      let cards = lots.flatMap { lot in (0..<lot.count).map { _ in card(lot.expiry) } }
      let part = Array(cards.shuffled(using: &random).prefix(512))
      queue.append(ask(.loadCards(purchase: number, chunk: chunk, part), actor))
      if random.chance(9) { queue.append(ask(.loadCards(purchase: number, chunk: chunk, part), actor)) }
      if random.chance(9) { queue.append(ask(.loadCards(purchase: number, chunk: chunk + 2, part), actor)) }
    }
    if random.chance(9) { queue.append(.restart(clockMilliseconds: 0, losingState: false)) }
    if random.chance(9) { queue.append(ask(.abandonPurchase(number), actor)) }
    queue.append(ask(.commitPurchase(number), actor))
    if random.chance(9) { queue.append(ask(.commitPurchase(number), actor)) }
    if random.chance(9) { queue.append(ask(.abandonPurchase(number), actor)) }
  }

  /// A new card, mostly; or with a serial, a PIN or an expiry that will not do.
  mutating func card(_ expiry: UInt32) -> LoadedCard {
    serialCount += 1
    var card = LoadedCard(expiry: expiry, serial: "S\(serialCount)", pin: "PIN-\(serialCount)")
    if random.chance(40), let other = loadedCards.randomElement(using: &random) {
      if random.chance(2) { card.serial = other.serial } else { card.pin = other.pin }
    }
    if random.chance(200) { card.expiry = 1 }
    if random.chance(200) { card.serial = "" }
    if random.chance(200) { card.pin = String(repeating: "9", count: 65) }
    loadedCards.append(card)
    return card
  }
}
