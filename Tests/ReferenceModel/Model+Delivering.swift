/// What becomes of a reservation: dispensed, told again, confirmed, extended, released, reversed, looked up.
extension Model {
  mutating func dispense(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      let hold = try model.hold(id, actor)
      switch model.state(hold.reservation, at: now) {
      case .held: break
      case .expired: throw .deadlinePassed
      case .delivered, .confirmed:
        return model.tellAgain(id, from: 0, count: Self.cardsPerAnswer, actor, isRepeat: true, now)
      case let state: throw .wrongState(state)
      }
      for granted in hold.reservation.lines where model.products[granted.line.product - 1].isFrozen {
        throw .productFrozen(granted.line.product)
      }
      let today = now / 86_400_000
      let isWhole = hold.reservation.cards.allSatisfy {
        let card = model.cards[$0.card - 1]
        return card.place == .reserved(id) && UInt64(card.expiry) >= today
      }
      if !isWhole { throw .withdrawn }
      if actor != hold.reservation.actor {
        let count = min(hold.reservation.cards.count, Self.cardsPerAnswer)
        if let refusal = model.limit(ofTelling: count, actor, now) { throw refusal }
        model.countReprint(of: count, by: actor, now)
      }
      return model.deliver(id, now, model.newEvent())
    }
  }

  /// The moment of disclosure: the sale counts, and the first cards are told.
  mutating func deliver(_ id: ID, _ now: UInt64, _ event: Int) -> Answer {
    var reservation = holds[id]!.reservation
    reservation.state = .delivered
    reservation.dispensedAt = now
    reservation.told = min(reservation.cards.count, Self.cardsPerAnswer)
    for granted in reservation.cards { put(granted.card, .delivered(id)) }
    holds[id]!.reservation = reservation
    holds[id]!.event = event
    book(reservation)
    return Answer(.delivery(part(of: reservation, from: 0, to: reservation.told, prints: 0)), event: event)
  }

  mutating func reprint(_ id: ID, _ first: Int, _ count: Int, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      let reservation = try model.hold(id, actor).reservation
      let state = model.state(reservation, at: now)
      guard state == .delivered || state == .confirmed else { throw .wrongState(state) }
      guard first < reservation.cards.count, first <= reservation.told else { throw .invalid(.index) }
      let count = count == 0 ? Self.cardsPerAnswer : count
      return model.tellAgain(id, from: first, count: count, actor, isRepeat: false, now)
    }
  }

  /// Tells cards of a delivery: those told before, which counts as a print, or the next that were not. Each reprint is one
  /// of its own; vend and dispense are repeats.
  mutating func tellAgain(
    _ id: ID, from first: Int, count: Int, _ actor: Int, isRepeat: Bool, _ now: UInt64
  ) -> Answer {
    let reservation = holds[id]!.reservation
    var end = min(first + count, reservation.cards.count)
    let isPrint = first < reservation.told
    if isPrint { end = min(end, reservation.told) }
    let answer = part(of: reservation, from: first, to: end, prints: isPrint ? reservation.prints + 1 : 0)
    // Nothing is opened, so nothing happens: it tells how things are.
    if answer.cards.isEmpty && isPrint {
      return Answer(.delivery(answer), isRepeat: isRepeat, event: holds[id]!.event)
    }
    let isOwn = reservation.actor == actor
    let isOpen = reservation.state == .delivered && now < reservation.dispensedAt + Self.reversalMilliseconds
    if isPrint || !isOwn, !(isOwn && isRepeat && isOpen) {
      if let refusal = limit(ofTelling: end - first, actor, now) { return Answer(.refused(refusal)) }
      countReprint(of: end - first, by: actor, now)
    }
    if isPrint { holds[id]!.reservation.prints += 1 } else { holds[id]!.reservation.told = end }
    return Answer(.delivery(answer), isRepeat: isRepeat, event: newEvent())
  }

  /// A part of a delivery, with the cards that are still in it.
  private func part(of reservation: Reservation, from first: Int, to end: Int, prints: Int) -> Delivery {
    let told = reservation.cards[first..<end].filter { cards[$0.card - 1].place == .delivered(reservation.id) }
    return Delivery(
      id: reservation.id, state: reservation.state, dispensedAt: reservation.dispensedAt, first: first, next: end,
      total: reservation.cards.count, prints: prints, lines: reservation.lines,
      cards: told.map {
        let card = cards[$0.card - 1]
        return ToldCard(card: $0.card, line: $0.line, expiry: card.expiry, serial: card.serial, pin: card.pin)
      })
  }

  mutating func confirm(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      let hold = try model.hold(id, actor)
      switch model.state(hold.reservation, at: now) {
      case .confirmed: return model.standing(hold, at: now)
      case .delivered: return model.settle(id, as: .confirmed, now)
      case let state: throw .wrongState(state)
      }
    }
  }

  mutating func extend(_ id: ID, to deadline: UInt64, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      let hold = try model.hold(id, actor)
      switch model.state(hold.reservation, at: now) {
      case .held: break
      case .expired: throw .deadlinePassed
      case let state: throw .wrongState(state)
      }
      if hold.reservation.deadline == deadline { return model.standing(hold, at: now) }
      if deadline <= now { throw .invalid(.deadline) }
      model.holds[id]!.reservation.deadline = deadline
      model.holds[id]!.event = model.newEvent()
      return Answer(.state(.held, deadline: deadline), event: model.events)
    }
  }

  mutating func release(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      let hold = try model.hold(id, actor)
      switch model.state(hold.reservation, at: now) {
      case .held: return model.giveUp(id, as: .released, now)
      case .released, .expired, .reversed: return model.standing(hold, at: now)
      case let state: throw .wrongState(state)
      }
    }
  }

  mutating func reverse(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    refusing { (model) throws(Refusal) in
      guard model.holds[id] != nil || model.changes[id] != nil else { return model.remember(id, actor, now) }
      let hold = try model.hold(id, actor)
      switch model.state(hold.reservation, at: now) {
      case .held: return model.giveUp(id, as: .reversed, now)
      case .released, .expired, .reversed, .quarantined: return model.standing(hold, at: now)
      case .confirmed: throw .final
      case .delivered:
        if now - hold.reservation.dispensedAt >= Self.reversalMilliseconds { throw .final }
        model.bookReversal(of: hold.reservation)
        for granted in hold.reservation.cards where model.cards[granted.card - 1].place == .delivered(id) {
          model.put(granted.card, .quarantined(id))
        }
        return model.settle(id, as: .quarantined, now)
      }
    }
  }

  /// A reversal that came before its request: it can never come to pass.
  private mutating func remember(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    let event = newEvent()
    let reservation = Reservation(
      id: id, state: .reversed, actor: actor, sale: Sale(), reservedAt: now, deadline: 0, dispensedAt: 0, told: 0,
      prints: 0, lines: [], cards: [])
    holds[id] = Hold(request: nil, reservation: reservation, endedAt: now, event: event)
    return Answer(.state(.reversed, deadline: 0), event: event)
  }

  /// Its cards go back as they were; those that were withdrawn do not.
  mutating func giveUp(_ id: ID, as state: State, _ now: UInt64) -> Answer {
    for granted in holds[id]!.reservation.cards where cards[granted.card - 1].place == .reserved(id) {
      let condition = holds[id]!.reservation.lines[granted.line].line.condition
      put(granted.card, .stock(condition))
    }
    holds[id]!.endedAt = now
    return settle(id, as: state, now)
  }

  private mutating func settle(_ id: ID, as state: State, _ now: UInt64) -> Answer {
    holds[id]!.reservation.state = state
    holds[id]!.event = newEvent()
    return Answer(.state(state, deadline: holds[id]!.reservation.deadline), event: events)
  }

  /// It is done already: how it stands.
  private func standing(_ hold: Hold, at now: UInt64) -> Answer {
    Answer(
      .state(state(hold.reservation, at: now), deadline: hold.reservation.deadline), isRepeat: true, event: hold.event)
  }

  func lookUp(_ id: ID, _ actor: Int, _ now: UInt64) -> Answer {
    if let change = changes[id] {
      let isTheirs = change.actor == actor || mayUseOthersIDs(actor)
      return Answer(isTheirs ? .foundChange(change.request.kind, at: change.at) : .refused(.notYours))
    }
    do {
      return Answer(.foundReservation(told(try hold(id, actor).reservation, at: now)))
    } catch {
      return Answer(.refused(error))
    }
  }

  private mutating func refusing(_ body: (inout Model) throws(Refusal) -> Answer) -> Answer {
    do { return try body(&self) } catch { return Answer(.refused(error)) }
  }

  // MARK: Sweeping

  /// What is due: holds past their deadline, and ended ones that have been remembered long enough; in the order of times.
  private func due(at now: UInt64) -> [ID] {
    holds.compactMap { id, hold in dueTime(of: hold).flatMap { $0 <= now ? (time: $0, id: id) : nil } }
      .sorted { $0 < $1 }.map(\.id)
  }

  private func dueTime(of hold: Hold) -> UInt64? {
    switch hold.reservation.state {
    case .held: hold.reservation.deadline == 0 ? nil : hold.reservation.deadline
    case .released, .expired, .reversed: hold.endedAt + Self.rememberedMilliseconds
    case .delivered, .confirmed, .quarantined: nil
    }
  }

  package func dueCount(at now: UInt64) -> Int { due(at: now).count }

  /// The hold that a sweep comes to last of those that are dead, and whose it is; nil for none.
  package func lastDeadHold(at now: UInt64) -> (id: ID, actor: Int)? {
    due(at: now).last { holds[$0]!.reservation.state == .held }.map { ($0, holds[$0]!.reservation.actor) }
  }

  /// Expires and forgets what is due, the first `limit` of it.
  package mutating func sweep(at now: UInt64, limit: Int = .max) {
    for id in due(at: now).prefix(limit) {
      if holds[id]!.reservation.state == .held {
        _ = giveUp(id, as: .expired, now)
        noteMoves()
      } else {
        holds[id] = nil
        _ = newEvent()
      }
    }
  }

  /// The times at which something ends: holds, what may be reversed, what is remembered.
  package var endingTimes: Set<UInt64> {
    holds.values.reduce(into: []) { times, hold in
      if let due = dueTime(of: hold) { times.insert(due) }
      if hold.reservation.state == .delivered { times.insert(hold.reservation.dispensedAt + Self.reversalMilliseconds) }
    }
  }
}
