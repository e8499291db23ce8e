/// Reserve and vend: which cards, at what price, or why not.
extension Model {
  mutating func grant(_ request: Request, _ actor: Int, _ now: UInt64) -> Answer {
    let id = request.ownID!
    if changes[id] != nil { return Answer(.refused(.idReused(.operation))) }
    if let known = holds[id] { return grantedBefore(known, request, actor, now) }
    let lines: [Line] =
      switch request {
      case .reserve(_, _, _, let lines): lines
      case .vend(_, _, let line): [line]
      default: []
      }
    do throws(Refusal) {
      let (granted, taken) = try pick(lines, actor, now)
      if let refusal = limit(ofTaking: lines, actor, now) { throw refusal }
      return take(taken, granted, for: request, actor, now)
    } catch {
      return Answer(.refused(error))
    }
  }

  private mutating func grantedBefore(_ known: Hold, _ request: Request, _ actor: Int, _ now: UInt64) -> Answer {
    let owner = known.reservation.actor
    guard let first = known.request else {
      return Answer(.refused(owner == actor || mayUseOthersIDs(actor) ? .wrongState(.reversed) : .notYours))
    }
    // A reservation is one kind of thing, whether it was reserved or vended.
    if actor != owner && !mayUseOthersIDs(actor) { return Answer(.refused(.notYours)) }
    if let refusal = clash(request, first, actor, owner) { return Answer(.refused(refusal)) }
    guard case .vend = request else {
      return Answer(.granted(told(known.reservation, at: now)), isRepeat: true, event: known.madeBy)
    }
    return tellAgain(known.reservation.id, from: 0, count: Self.cardsPerAnswer, actor, isRepeat: true, now)
  }

  /// A reservation as it is told: one that is due has expired.
  func told(_ reservation: Reservation, at now: UInt64) -> Reservation {
    var told = reservation
    told.state = state(reservation, at: now)
    return told
  }

  // MARK: Which cards

  /// The cards for each line in turn; what one line takes, the next cannot have.
  private func pick(
    _ lines: [Line], _ actor: Int, _ now: UInt64
  ) throws(Refusal) -> (lines: [GrantedLine], cards: [Granted]) {
    let limits = actors[actor - 1].limits
    var granted: [GrantedLine] = []
    var taken: [Granted] = []
    var runs = 0
    for (index, line) in lines.enumerated() {
      guard products.indices.contains(line.product - 1) else { throw .unknownProduct(line.product) }
      let product = products[line.product - 1]
      let isOnList = limits.products.isEmpty || limits.products.contains(line.product)
      if !isOnList || limits.currency != nil && limits.currency != product.currency {
        throw .productNotPermitted(line.product)
      }
      if product.isFrozen { throw .productFrozen(line.product) }
      if line.discount > product.price * UInt64(line.count) { throw .invalid(.discount) }
      let all = available(product, line.condition, now)
      let used = Set(taken.lazy.map(\.card))
      let mine = all.filter { !used.contains($0) }.prefix(line.count)
      runs += zip(mine, mine.dropFirst()).count { $1 != $0 + 1 || cards[$0 - 1].lot != cards[$1 - 1].lot }
      runs += mine.isEmpty ? 0 : 1
      if runs > Self.extentsPerRequest { throw .tooManyExtents(limit: Self.extentsPerRequest) }
      if mine.count < line.count {
        // While something is due and not swept, a shortage is not known to be one yet.
        throw dueCount(at: now) > 0 ? .busy : .insufficientStock(line.product, available: all.count)
      }
      taken += mine.map { Granted(card: $0, line: index) }
      granted.append(GrantedLine(line: line, unitPrice: product.price, currency: product.currency))
    }
    return (granted, taken)
  }

  /// First-expiring first, then first-imported; none that expires before the product's minimum validity is over.
  private func available(_ product: Product, _ condition: Condition, _ now: UInt64) -> [Int] {
    let lastDay = UInt64(now / 86_400_000) + UInt64(product.minimumValidityDays)
    var found: [Int] = []
    for (index, card) in cards.enumerated()
    where card.place == .stock(condition) && card.product == product.number && UInt64(card.expiry) >= lastDay {
      found.append(index + 1)
    }
    return found.sorted { (cards[$0 - 1].expiry, $0) < (cards[$1 - 1].expiry, $1) }
  }

  private mutating func take(
    _ taken: [Granted], _ lines: [GrantedLine], for request: Request, _ actor: Int, _ now: UInt64
  ) -> Answer {
    let id = request.ownID!
    let event = newEvent()
    var reservation = Reservation(
      id: id, state: .held, actor: actor, sale: Sale(), reservedAt: now, deadline: 0, dispensedAt: 0, told: 0,
      prints: 0,
      lines: lines, cards: taken)
    switch request {
    case .reserve(_, let holdSeconds, let sale, _):
      reservation.sale = sale
      reservation.deadline = holdSeconds == 0 ? 0 : now + holdSeconds * 1000
      for granted in taken { put(granted.card, .reserved(id)) }
      holds[id] = Hold(request: request, reservation: reservation, event: event)
      return Answer(.granted(reservation), event: event)
    case .vend(_, let sale, _):
      reservation.sale = sale
      holds[id] = Hold(request: request, reservation: reservation, event: event)
      return deliver(id, now, event)
    default: preconditionFailure("only reserve and vend take cards")
    }
  }
}
