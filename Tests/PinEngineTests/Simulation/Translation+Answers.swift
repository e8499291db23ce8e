import PinWords
import ReferenceModel

@testable import PinEngine

/// What the engine answered, in the model's words.
extension ReferenceModel.Outcome {
  /// - Parameter open: opens the cards of a delivery.
  init(_ outcome: PinEngine.Outcome, open: (PinEngine.Delivery) throws -> [PinWords.Card]) rethrows {
    self =
      switch outcome {
      case .refused(let refusal): .refused(ReferenceModel.Refusal(refusal))
      case .done: .done
      case .delivery(let delivery): .delivery(ReferenceModel.Delivery(delivery, try open(delivery)))
      case .granted(let reservation): .granted(ReferenceModel.Reservation(reservation))
      case .state(let state, let deadline): .state(State(state), deadline: deadline)
      case .found(.reservation(let reservation)): .foundReservation(ReferenceModel.Reservation(reservation))
      case .found(.change(let operation, let time)): .foundChange(Self.kind(of: operation), at: time)
      case .moved(let cards): .moved(Int(cards))
      case .returned(let credits):
        .returned(
          credits.map {
            ReferenceModel.Credit(cards: Int($0.cards), amount: $0.amountMinor, currency: "\($0.currency)")
          }.sorted { $0.currency < $1.currency })
      case .stock(let levels): .levels(levels.map(Level.init))
      case .purchase(let purchase, let lots): .purchase(Int(purchase.rawValue), lots.map(PurchaseLot.init))
      case .product(let product): .product(Int(product.rawValue))
      case .actor(let actor): .actor(Int(actor.rawValue))
      case .actors(let actors): .actors(actors.map(ReferenceModel.Actor.init))
      case .shift(let shift): .shift(ReferenceModel.Shift(shift))
      case .located(let custody, _): .located(ReferenceModel.Place(custody))
      // The model has one person only; `ApprovalTests` has two.
      case .approved: preconditionFailure("nobody approves in a simulation")
      case .orderRefused, .orderChanged, .order, .orders, .customer, .cardShown, .dueMails, .deadMails, .sheet,
        .purchaseOrder, .purchaseOrders, .credential, .customers:
        preconditionFailure("nobody orders in this simulation")
      }
  }

  private static func kind(of operation: PinWords.Operation) -> String {
    switch operation {
    case .return: "giveBack"
    case .reinventory: "reinventory"
    default:
      operation.name.split(separator: " ").enumerated().map { $0 == 0 ? String($1) : $1.capitalized }.joined()
    }
  }
}

extension ReferenceModel.State {
  init(_ state: ReservationState) {
    self =
      switch state {
      case .held: .held
      case .delivered: .delivered
      case .confirmed: .confirmed
      case .released: .released
      case .expired: .expired
      case .reversed: .reversed
      case .quarantined: .quarantined
      }
  }
}

extension ReferenceModel.Place {
  init(_ custody: Custody) {
    self =
      switch custody {
      case .loading(let purchase): .loading(purchase: Int(purchase.rawValue))
      case .stock(let condition): .stock(ReferenceModel.Condition(condition))
      case .quarantined(let id): .quarantined(ID(id))
      case .reserved(let id): .reserved(ID(id))
      case .delivered(let id): .delivered(ID(id))
      case .void: .void
      }
  }
}

extension ID {
  init(_ id: RequestID) { self = ID(id.high) << 64 | ID(id.low) }
}

extension ReferenceModel.Condition {
  init(_ condition: PinWords.Condition) {
    self =
      switch condition {
      case .regular: .regular
      case .used: .used
      case .quarantined: .quarantined
      }
  }
}

extension ReferenceModel.GrantedLine {
  init(_ granted: PinWords.GrantedLine) {
    let line = granted.line
    self.init(
      line: ReferenceModel.Line(
        product: Int(line.product.rawValue), count: Int(line.count),
        condition: ReferenceModel.Condition(line.condition),
        discount: line.discountMinor, tax: line.taxMinor),
      unitPrice: granted.unitPriceMinor, currency: "\(granted.currency)")
  }
}

extension ReferenceModel.Reservation {
  init(_ reservation: PinWords.Reservation) {
    self.init(
      id: ID(reservation.id), state: State(reservation.state), actor: Int(reservation.actor.rawValue),
      sale: ReferenceModel.Sale(cashier: reservation.sale.cashier, tender: reservation.sale.tender.rawValue),
      reservedAt: reservation.reservedAtMilliseconds, deadline: reservation.deadlineMilliseconds,
      dispensedAt: reservation.dispensedAtMilliseconds, told: Int(reservation.openedCount),
      prints: Int(reservation.printCount), lines: reservation.lines.map(ReferenceModel.GrantedLine.init),
      cards: reservation.slices.flatMap { slice in
        slice.extent.cards.map { Granted(card: Int($0.rawValue), line: Int(slice.line)) }
      })
  }
}

extension ReferenceModel.Delivery {
  /// The cards in the order of the slices, as an answer carries them.
  init(_ delivery: PinEngine.Delivery, _ opened: [PinWords.Card]) {
    let places = delivery.slices.flatMap { slice in slice.extent.cards.map { (card: $0, line: Int(slice.line)) } }
    let isWhole = places.count == opened.count && zip(places, opened).allSatisfy { $0.card == $1.id }
    self.init(
      id: ID(delivery.id), state: State(delivery.state), dispensedAt: delivery.dispensedAtMilliseconds,
      first: Int(delivery.firstIndex), next: Int(delivery.nextIndex), total: Int(delivery.totalCount),
      prints: Int(delivery.printCount), lines: delivery.lines.map(ReferenceModel.GrantedLine.init),
      cards: isWhole
        ? zip(places, opened).map {
          ToldCard(
            card: Int($1.id.rawValue), line: $0.line, expiry: $1.expiry.daysSince1970, serial: $1.serial,
            pin: $1.pin.text
          )
        } : [ToldCard(card: -1, line: 0, expiry: 0, serial: "not the cards that were delivered", pin: "")])
  }
}

extension ReferenceModel.Level {
  init(_ level: StockLevel) {
    self.init(product: Int(level.product.rawValue))
    regular = Int(level.regular)
    used = Int(level.used)
    quarantined = Int(level.quarantined)
    reserved = Int(level.reserved)
    delivered = Int(level.delivered)
    void = Int(level.void)
    loading = Int(level.loading)
  }
}

extension ReferenceModel.PurchaseLot {
  init(_ lot: PurchasedLot) {
    self.init(
      number: Int(lot.lot.rawValue), expiry: lot.expiry.daysSince1970, first: Int(lot.extent.first.rawValue),
      declared: Int(lot.extent.count), loaded: Int(lot.loadedCount))
  }
}

extension ReferenceModel.Actor {
  init(_ actor: ActorDescription) {
    self.init(
      number: Int(actor.id.rawValue), name: actor.name,
      roles: Set(Role.allCases.filter { actor.roles.contains($0.words) }), isRevoked: actor.isRevoked,
      limits: ReferenceModel.Limits(actor.limits))
  }
}

extension ReferenceModel.Limits {
  init(_ limits: ActorLimits) {
    self.init()
    minute = Allowance(limits.minute)
    day = Allowance(limits.day)
    currency = limits.currency.map { "\($0)" }
    products = limits.products.map { Int($0.rawValue) }
  }
}

extension ReferenceModel.Allowance {
  init(_ allowance: ActorLimits.Allowance) {
    self.init(cards: Int(allowance.cards), reprints: Int(allowance.reprints), value: allowance.valueMinor)
  }
}

extension ReferenceModel.Limit {
  init(_ limit: ActorLimit) {
    self =
      switch limit {
      case .cardsPerMinute: .cardsPerMinute
      case .cardsPerDay: .cardsPerDay
      case .valuePerMinute: .valuePerMinute
      case .valuePerDay: .valuePerDay
      case .reprintsPerMinute: .reprintsPerMinute
      case .reprintsPerDay: .reprintsPerDay
      }
  }
}

extension ReferenceModel.Shift {
  /// The totals in the order of their currencies: the documents fix none.
  init(_ shift: PinWords.Shift) {
    self.init(
      number: Int(shift.number), openedAt: shift.openedAtMilliseconds,
      totals: shift.totals.map(ReferenceModel.ShiftTotal.init).sorted { $0.currency < $1.currency })
  }
}

extension ReferenceModel.ShiftTotal {
  init(_ total: PinWords.ShiftTotal) {
    self.init(currency: "\(total.currency)")
    sales = Int(total.sales)
    cards = Int(total.cards)
    gross = total.grossMinor
    discount = total.discountMinor
    tax = total.taxMinor
    reversals = Int(total.reversals)
    reversedCards = Int(total.reversedCards)
    reversed = total.reversedMinor
    returnedCards = Int(total.returnedCards)
    returned = total.returnedMinor
  }
}

extension ReferenceModel.LoadRefusal {
  init(_ refusal: PinWords.LoadRefusal) {
    let reason: Reason =
      switch refusal.reason {
      case .duplicatePIN: .duplicatePIN
      case .duplicateSerial: .duplicateSerial
      case .undeclared: .undeclared
      case .malformed: .malformed
      }
    self.init(index: Int(refusal.index), reason: reason, purchase: Int(refusal.purchase.rawValue))
  }
}

extension ReferenceModel.Refusal {
  init(_ refusal: PinWords.Refusal) {
    self =
      switch refusal {
      case .invalid(let field): .invalid(ReferenceModel.Field(field))
      case .notPermitted: .notPermitted
      case .idReused(let field): .idReused(ReferenceModel.Field(field))
      case .notYours: .notYours
      case .unknownID: .unknownID
      case .unknownProduct(let product): .unknownProduct(Int(product.rawValue))
      case .unknownPurchase: .unknownPurchase
      case .unknownCard: .unknownCard
      case .unknownActor: .unknownActor
      case .nameTaken: .nameTaken
      case .lastAdministrator: .lastAdministrator
      case .productFrozen(let product): .productFrozen(Int(product.rawValue))
      case .insufficientStock(let product, let available):
        .insufficientStock(Int(product.rawValue), available: Int(available))
      case .tooManyExtents(let limit): .tooManyExtents(limit: Int(limit))
      case .wrongState(let state): .wrongState(State(state))
      case .deadlinePassed: .deadlinePassed
      case .final: .final
      case .withdrawn: .withdrawn
      case .notInCustody(let card): .notInCustody(Int(card.rawValue))
      case .outOfTurn(let expected): .outOfTurn(expected: Int(expected))
      case .busy: .busy
      case .importRunning(let purchase): .importRunning(Int(purchase.rawValue))
      case .productNotPermitted(let product): .productNotPermitted(Int(product.rawValue))
      case .limitReached(let limit, let left, let retryAfter):
        .limitReached(ReferenceModel.Limit(limit), left: left, retryAfter: UInt64(retryAfter))
      case .approvalRequired, .cardDamaged, .storageFull, .stopping, .oldKeyStillWorks, .tooManyRequests:
        .other("\(refusal)")
      }
  }
}

extension ReferenceModel.Field {
  /// By its name in the protocol's page, where words are apart.
  init(_ field: PinWords.Field) {
    let name = field.description.filter { $0.isLetter }.lowercased()
    self = Self.allCases.first { "\($0)".lowercased() == name } ?? .other
  }
}
