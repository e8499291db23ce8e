import PinBytes
import PinEngine
import PinProtocol
import PinWords

/// What the engine says, in the protocol's terms.
extension ServingLoop {
  func message(of answered: Answered, _ slot: RequestSlot) -> AnswerMessage {
    AnswerMessage(
      sequence: answered.sequence, timeMilliseconds: answered.timeMilliseconds == 0 ? now : answered.timeMilliseconds,
      isRepeat: answered.isRepeat, outcome: outcome(of: answered, slot))
  }

  private func outcome(of answered: Answered, _ slot: RequestSlot) -> AnswerMessage.Outcome {
    switch answered.outcome {
    case .refused(let refusal): .refused(refusal)
    case .done: .done(.nothing)
    case .granted(let reservation): .done(.reserved(ReserveAnswer(of: reservation)))
    case .state(let state, let deadline): .done(.standing(Standing(state: state, deadlineMilliseconds: deadline)))
    case .found(let found): .done(.found(found))
    case .moved(let cards): .done(.changed(ChangedAnswer(cardCount: cards)))
    case .returned(let credits): .done(.returned(ReturnAnswer(of: credits)))
    case .stock(let levels):
      .done(.stock(Page(fitting: levels.lazy.filter { $0.product.rawValue > slot.parameter }, limits: limits)))
    case .purchase(let purchase, let lots):
      .done(.purchase(PurchaseAnswer(purchase, lots, isCommitted: slot.operation == .commitPurchase)))
    case .product(let product): .done(.product(DefineProductAnswer(product: product)))
    case .actor(let actor): .done(.actor(DefineActorAnswer(actor: actor)))
    case .actors(let actors):
      .done(.actors(Page(fitting: actors.lazy.filter { $0.id.rawValue > slot.parameter }, limits: limits)))
    case .shift(let shift): .done(.shift(shift))
    case .approved(let until): .done(.approved(ApproveAnswer(validUntilMilliseconds: until)))
    case .delivery, .located, .orderRefused, .orderChanged, .order, .orders, .customer, .cardShown, .dueMails,
      .deadMails, .sheet, .purchaseOrder, .purchaseOrders, .credential, .customers:
      preconditionFailure("what has an encoder of its own, or is not asked for on this port")
    }
  }
}

extension RequestSlot {
  var operation: Operation? { Operation(onWire: operationNumber) }
}

extension ReserveAnswer {
  fileprivate init(of reservation: Reservation) {
    self.init(
      deadlineMilliseconds: reservation.deadlineMilliseconds, cardCount: UInt32(clamping: reservation.cardCount),
      state: reservation.state, lines: reservation.lines)
  }
}

extension ReturnAnswer {
  fileprivate init(of credits: [PinEngine.Credit]) {
    self.init(
      cardsReturned: credits.reduce(0) { $0 + $1.cards },
      credits: credits.map { Credit(amountMinor: $0.amountMinor, currency: $0.currency, cards: $0.cards) })
  }
}

extension PurchaseAnswer {
  fileprivate init(_ purchase: PurchaseID, _ lots: [PurchasedLot], isCommitted: Bool) {
    self.init(
      purchase: purchase,
      lots: lots.map { lot in
        Lot(
          firstCard: lot.extent.first, lot: lot.lot, expiry: lot.expiry,
          count: isCommitted ? lot.loadedCount : lot.extent.count)
      })
  }
}
