/// Cards that come back, and what operators do to cards, products and actors. Each is called once for an id.
extension Model {
  mutating func giveBack(_ id: ID, _ of: ID, _ runs: [Run], _ actor: Int, _ now: UInt64) -> Outcome {
    do throws(Refusal) {
      let reservation = try hold(of, actor).reservation
      let state = state(reservation, at: now)
      guard state == .delivered || state == .confirmed else { throw .wrongState(state) }
      let there = reservation.cards.filter { cards[$0.card - 1].place == .delivered(of) }
      var named = there
      if runs.isEmpty {
        if there.isEmpty { throw .notInCustody(reservation.cards[0].card) }
      } else {
        named = []
        for card in runs.flatMap(\.cards) {
          guard let granted = there.first(where: { $0.card == card }) else { throw .notInCustody(card) }
          named.append(granted)
        }
      }
      for granted in named { put(granted.card, .stock(.used)) }
      // The documents fix no order.
      let currencies = Set(named.map { reservation.lines[$0.line].currency }).sorted()
      return .returned(
        currencies.map { currency in
          let part = named.filter { reservation.lines[$0.line].currency == currency }
          let worth = worth(of: part, in: reservation)
          total(currency, of: actor) { total in
            total.returnedCards += part.count
            total.returned += worth
          }
          return Credit(cards: part.count, amount: worth, currency: currency)
        })
    } catch { return .refused(error) }
  }

  mutating func reinventory(_ runs: [Run]) -> Outcome {
    move(runs, to: .stock(.regular)) {
      switch $0 {
      case .stock(.used), .stock(.quarantined), .quarantined: true
      default: false
      }
    }
  }

  mutating func withdraw(_ runs: [Run]) -> Outcome {
    move(runs, to: .void) {
      switch $0 {
      case .stock, .quarantined, .reserved: true
      case .delivered, .void, .loading: false
      }
    }
  }

  private mutating func move(_ runs: [Run], to place: Place, where isTaken: (Place) -> Bool) -> Outcome {
    if runs.contains(where: { $0.cards.upperBound - 1 > cards.count }) { return .refused(.unknownCard) }
    let taken = runs.flatMap(\.cards).filter { isTaken(cards[$0 - 1].place) }
    if taken.isEmpty { return .refused(.notInCustody(runs[0].first)) }
    for card in taken { put(card, place) }
    return .moved(taken.count)
  }

  mutating func settle(_ of: ID, _ actor: Int, _ now: UInt64) -> Outcome {
    do throws(Refusal) {
      let reservation = try hold(of, actor).reservation
      let there = reservation.cards.filter { cards[$0.card - 1].place == .quarantined(of) }
      let state = state(reservation, at: now)
      if state != .quarantined || there.isEmpty { throw .wrongState(state) }
      bookSettlement(of: there, in: reservation)
      for granted in there { put(granted.card, .delivered(of)) }
      holds[of]!.reservation.state = .confirmed
      return .moved(there.count)
    } catch { return .refused(error) }
  }

  mutating func stop(_ product: Int, isFrozen: Bool) -> Outcome {
    guard products.indices.contains(product - 1) else { return .refused(.unknownProduct(product)) }
    products[product - 1].isFrozen = isFrozen
    return .done
  }

  mutating func define(_ product: Product) -> Outcome {
    if product.number == 0 {
      if products.contains(where: { $0.sku == product.sku }) { return .refused(.nameTaken) }
      products.append(product)
      products[products.count - 1].number = products.count
      return .product(products.count)
    }
    guard products.indices.contains(product.number - 1) else { return .refused(.unknownProduct(product.number)) }
    let known = products[product.number - 1]
    if known.sku != product.sku { return .refused(.invalid(.sku)) }
    if known.currency != product.currency { return .refused(.invalid(.currency)) }
    products[product.number - 1] = product
    products[product.number - 1].isFrozen = known.isFrozen
    return .product(product.number)
  }

  mutating func define(_ actor: Actor) -> Outcome {
    if let product = actor.limits.products.first(where: { $0 > products.count }) {
      return .refused(.unknownProduct(product))
    }
    if actor.number != 0 && !actors.indices.contains(actor.number - 1) { return .refused(.unknownActor) }
    if actors.contains(where: { $0.name == actor.name && $0.number != actor.number }) { return .refused(.nameTaken) }
    if actor.number == 0 {
      actors.append(actor)
      actors[actors.count - 1].number = actors.count
      return .actor(actors.count)
    }
    var after = actors
    after[actor.number - 1] = actor
    guard after.contains(where: { $0.roles.contains(.administrator) && !$0.isRevoked }) else {
      return .refused(.lastAdministrator)
    }
    actors = after
    return .actor(actor.number)
  }

  func stock(_ product: Int) -> Answer {
    if product != 0 && !products.indices.contains(product - 1) { return Answer(.refused(.unknownProduct(product))) }
    return Answer(.levels((product == 0 ? Array(1..<products.count + 1) : [product]).map(level)))
  }

  private func level(of product: Int) -> Level {
    var level = Level(product: product)
    for card in cards where card.product == product {
      switch card.place {
      case .loading: level.loading += 1
      case .stock(.regular): level.regular += 1
      case .stock(.used): level.used += 1
      case .stock(.quarantined), .quarantined: level.quarantined += 1
      case .reserved: level.reserved += 1
      case .delivered: level.delivered += 1
      case .void: level.void += 1
      }
    }
    return level
  }
}
