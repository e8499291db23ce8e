import PinWords
import Testing

@testable import PinEngine

/// Where every card is, kept beside the engine from its answers alone: the plainest thing that could be right.
struct HistoryModel {
  enum Place: Hashable {
    case stock(Condition)
    case reserved(RequestID, was: Condition)
    case delivered(RequestID)
    case quarantined(RequestID)
    case void
  }

  struct ModelCard {
    let product: ProductID
    let expiry: Day
    let serial: String
    let pin: String
    var place = Place.stock(.regular)
    /// The id it was last disclosed under; nil again once it has come back.
    var disclosedUnder: RequestID?
  }

  private(set) var cards: [CardID: ModelCard] = [:]
  private var deadlines: [RequestID: UInt64] = [:]
  private(set) var frozen: Set<ProductID> = []
  private(set) var faults: [String] = []

  mutating func add(_ card: CardID, of product: ProductID, expiry: Day, serial: String, pin: String) {
    cards[card] = ModelCard(product: product, expiry: expiry, serial: serial, pin: pin)
  }

  func level(of product: ProductID) -> StockLevel {
    var level = StockLevel(product: product)
    for card in cards.values where card.product == product {
      switch card.place {
      case .stock(.used): level.used += 1
      case .stock: level.regular += 1
      case .reserved: level.reserved += 1
      case .delivered: level.delivered += 1
      case .quarantined: level.quarantined += 1
      case .void: level.void += 1
      }
    }
    return level
  }

  func cards(in place: Place) -> Set<CardID> { Set(cards.filter { $0.value.place == place }.keys) }

  /// Holds that are due give their cards back.
  mutating func expire(atMilliseconds now: UInt64) {
    for (id, deadline) in deadlines where deadline <= now { giveBack(id) }
  }

  // MARK: Answers

  /// Takes in what was answered to a command that was decided at a time.
  mutating func take(_ command: Command, _ answered: Answered, openedCards: [Card]) {
    switch (command, answered.outcome) {
    case (.reserve(let reserve), .granted(let granted)) where !answered.isRepeat:
      checkGrant(reserve.lines, granted.slices, at: answered.timeMilliseconds)
      for slice in granted.slices {
        let condition = reserve.lines[Int(slice.line)].condition
        move(slice.extent, to: .reserved(reserve.id, was: condition))
      }
      deadlines[reserve.id] = granted.deadlineMilliseconds
    case (.vend(let vend), .delivery(let delivery)) where !answered.isRepeat:
      checkGrant([vend.line], Array(delivery.slices), at: answered.timeMilliseconds)
      for slice in delivery.slices { move(slice.extent, to: .delivered(vend.id)) }
      open(delivery, openedCards)
    case (.vend(let vend), .refused(.insufficientStock)): checkShortage([vend.line], at: answered.timeMilliseconds)
    case (.reserve(let reserve), .refused(.insufficientStock)):
      checkShortage(reserve.lines, at: answered.timeMilliseconds)
    case (.dispense(let id), .delivery(let delivery)):
      if !answered.isRepeat {
        deadlines[id] = nil
        for (card, facts) in cards { if case .reserved(id, _) = facts.place { cards[card]!.place = .delivered(id) } }
      }
      open(delivery, openedCards)
    case (_, .delivery(let delivery)): open(delivery, openedCards)
    case (_, .refused): break
    case (.extend(let extend), .state): deadlines[extend.reservation] = extend.deadlineMilliseconds
    case (.release(let id), .state) where !answered.isRepeat: giveBack(id)
    case (.reverse(let id), .state(.reversed, _)) where !answered.isRepeat: giveBack(id)
    case (.reverse(let id), .state(.quarantined, _)) where !answered.isRepeat:
      for card in cards(in: .delivered(id)) { cards[card]!.place = .quarantined(id) }
    case (.freeze(let stop), .done) where !answered.isRepeat: frozen.insert(stop.product)
    case (.thaw(let stop), .done) where !answered.isRepeat: frozen.remove(stop.product)
    default: if !answered.isRepeat { takeChange(command, answered.outcome) }
    }
  }

  private mutating func takeChange(_ command: Command, _ outcome: Outcome) {
    switch (command, outcome) {
    case (.return(let request), .returned(let credits)):
      let delivered = cards(in: .delivered(request.reservation))
      let named = request.extents.isEmpty ? delivered : Set(request.extents.flatMap(\.cards))
      if !named.isSubset(of: delivered) || credits.reduce(0, { $0 + Int($1.cards) }) != named.count {
        fault("returned what was not there")
      }
      for card in named { comeBack(card, as: .used) }
    case (.withdraw(let change), .moved(let count)):
      var moved: UInt64 = 0
      for card in change.extents.flatMap(\.cards) {
        switch cards[card]!.place {
        case .delivered, .void: continue
        case .stock, .reserved, .quarantined: cards[card]!.place = .void
        }
        moved += 1
      }
      if moved != count { fault("withdrew \(count) cards, not \(moved)") }
    case (.reinventory(let change), .moved(let count)):
      var moved: UInt64 = 0
      for card in change.extents.flatMap(\.cards) {
        switch cards[card]!.place {
        case .stock(.used), .quarantined: comeBack(card, as: .regular)
        default: continue
        }
        moved += 1
      }
      if moved != count { fault("re-inventoried \(count) cards, not \(moved)") }
    case (.settle(let settle), .moved(let count)):
      let quarantined = cards(in: .quarantined(settle.reservation))
      if UInt64(quarantined.count) != count { fault("settled \(count) cards, not \(quarantined.count)") }
      for card in quarantined { cards[card]!.place = .delivered(settle.reservation) }
    default: break
    }
  }

  // MARK: Laws

  /// The cards that came are the first that could be had: first-expiring, then first-imported.
  private mutating func checkGrant(_ lines: [Line], _ slices: [Slice], at now: UInt64) {
    var taken: Set<CardID> = []
    for (index, line) in lines.enumerated() {
      let got = slices.filter { Int($0.line) == index }.flatMap(\.extent.cards)
      let expected = available(line, at: now).filter { !taken.contains($0) }.prefix(Int(line.count))
      if got != Array(expected) { fault("granted \(got) where \(Array(expected)) were next") }
      if frozen.contains(line.product) { fault("granted a product whose sale is stopped") }
      taken.formUnion(got)
    }
  }

  private mutating func checkShortage(_ lines: [Line], at now: UInt64) {
    var wanted: [Line: UInt32] = [:]
    for line in lines {
      wanted[Line(product: line.product, count: 0, condition: line.condition), default: 0] += line.count
    }
    if wanted.allSatisfy({ Int($0.value) <= available($0.key, at: now).count }) { fault("a shortage that is none") }
  }

  private func available(_ line: Line, at now: UInt64) -> [CardID] {
    let today = Day(atMilliseconds: now)
    return cards.filter {
      $0.value.product == line.product && $0.value.place == .stock(line.condition) && $0.value.expiry >= today
    }
    .sorted { ($0.value.expiry, $0.key) < ($1.value.expiry, $1.key) }.map(\.key)
  }

  /// What is opened is in that delivery, is the PIN that was imported, and was never told under another id since it
  /// last came back.
  private mutating func open(_ delivery: Delivery, _ opened: [Card]) {
    if delivery.openedCount != opened.count { fault("\(opened.count) cards opened of \(delivery.openedCount)") }
    for card in opened {
      guard let known = cards[card.id] else { return fault("opened a card that was never imported") }
      if known.place != .delivered(delivery.id) { fault("opened card \(card.id), which is \(known.place)") }
      if known.pin != card.pin.text { fault("card \(card.id) has another PIN") }
      if let other = known.disclosedUnder, other != delivery.id {
        fault("card \(card.id) is disclosed under \(delivery.id) and was under \(other)")
      }
      cards[card.id]!.disclosedUnder = delivery.id
    }
  }

  // MARK: Moves

  private mutating func move(_ extent: Extent, to place: Place) {
    for card in extent.cards { cards[card]!.place = place }
  }

  private mutating func giveBack(_ id: RequestID) {
    deadlines[id] = nil
    for (card, facts) in cards {
      if case .reserved(id, let condition) = facts.place { cards[card]!.place = .stock(condition) }
    }
  }

  private mutating func comeBack(_ card: CardID, as condition: Condition) {
    cards[card]!.place = .stock(condition)
    cards[card]!.disclosedUnder = nil
  }

  private mutating func fault(_ text: String) { faults.append(text) }
}

extension Extent {
  var cards: [CardID] { (first.rawValue..<end.rawValue).map { CardID($0) } }
}
