import PinBytes
import PinProtocol
import PinWords
import TestSupport

extension SeededGenerator {
  mutating func answer(to operation: Operation) -> AnswerMessage {
    AnswerMessage(
      sequence: any(), timeMilliseconds: any(), isRepeat: Bool.random(using: &self),
      outcome: .done(doneAnswer(to: operation)))
  }

  private mutating func doneAnswer(to operation: Operation) -> Answer {
    switch operation {
    case .ping, .abandonPurchase, .freeze, .thaw, .defineApprovalRule: .nothing
    case .hello:
      .hello(HelloAnswer(storeID: id(), nonce: bytes32(), limits: limits(), server: text(0...255)))
    case .authenticate:
      .authenticate(AuthenticateAnswer(proof: bytes32(), actor: ActorID(any()), roles: roles()))
    case .reserve:
      .reserved(
        ReserveAnswer(
          deadlineMilliseconds: any(), cardCount: any(), state: oneOf(), lines: list(0...100) { $0.granted() }))
    case .vend, .dispense, .reprint: .delivery(delivery())
    case .confirm, .extend, .release, .reverse:
      .standing(Standing(state: oneOf(), deadlineMilliseconds: any()))
    case .return:
      .returned(
        ReturnAnswer(
          cardsReturned: any(),
          credits: list(0...5) { random in
            ReturnAnswer.Credit(amountMinor: random.any(), currency: random.currency(), cards: random.any())
          }))
    case .beginPurchase, .commitPurchase:
      .purchase(
        PurchaseAnswer(
          purchase: PurchaseID(any()),
          lots: list(0...1024) { random in
            PurchaseAnswer.Lot(
              firstCard: random.cardID(), lot: LotID(random.any()), expiry: random.day(), count: random.any())
          }))
    case .loadCards:
      .loaded(
        LoadCardsAnswer(
          accepted: any(),
          refusals: list(0...512) { random in
            LoadRefusal(index: random.any(), reason: random.oneOf(), purchase: PurchaseID(random.any()))
          }))
    case .reinventory, .settle, .withdraw: .changed(ChangedAnswer(cardCount: any()))
    case .defineProduct: .product(DefineProductAnswer(product: ProductID(any())))
    case .lookUp:
      .found(
        Bool.random(using: &self) ? .change(oneOf(), timeMilliseconds: any()) : .reservation(reservation()))
    case .stock: .stock(page { $0.stockLevel() })
    case .card: .cards(page { $0.cardLife() })
    case .catalogue: .catalogue(page { $0.productRecord(isFrozen: Bool.random(using: &$0)) })
    case .events: .events(events())
    case .shiftTotals, .closeShift:
      .shift(Shift(number: any(), openedAtMilliseconds: any(), totals: list(0...9) { $0.shiftTotal() }))
    case .defineActor:
      .actor(DefineActorAnswer(actor: ActorID(any()), key: Bool.random(using: &self) ? bytes32() : nil))
    case .actors: .actors(page { $0.actorRecord(hasOldKey: Bool.random(using: &$0)) })
    case .verify, .backup, .statistics: .report(Report(text: text(0...9000)))
    case .approve: .approved(ApproveAnswer(validUntilMilliseconds: any()))
    case .changeOrder, .defineCustomer, .showCard, .findOrder, .mail, .sendMail, .changeCredential, .defineSheet,
      .changePurchaseOrder,
      .findPurchaseOrder, .findCustomers:
      preconditionFailure("\(operation) is not asked on the wire")
    }
  }

  private mutating func page<Record: PageRecord>(_ make: (inout Self) -> Record) -> Page<Record> {
    Page(list(0...20, make), hasMore: Bool.random(using: &self))
  }

  private mutating func limits() -> Limits {
    var limits = Limits()
    (limits.frameBytes, limits.cardsPerLine, limits.cardsPerAnswer, limits.linesPerRequest) = (
      any(), any(), any(), any()
    )
    (limits.extentsPerRequest, limits.lotsPerPurchase, limits.cardsPerChunk) = (any(), any(), any())
    (limits.requestsInFlight, limits.longestHoldSeconds, limits.reversalSeconds) = (any(), any(), any())
    limits.rememberedDays = any()
    return limits
  }

  mutating func delivery() -> Delivery {
    let lines = list(1...20) { random in
      DeliveryLine(
        granted: random.granted(), faceValueMinor: random.any(), name: random.text(0...64),
        instructions: random.text(0...240))
    }
    let head = DeliveryHead(
      reservation: id(), state: oneOf(), dispensedAtMilliseconds: any(), firstIndex: any(), nextIndex: any(),
      total: any(), printCount: any())
    let cards = list(0...128) { random in
      Delivery.Card(
        id: random.cardID(), line: UInt16(random.number(0...lines.count - 1)), expiry: random.day(),
        serial: random.text(0...64), pin: PIN(random.text(1...64)))
    }
    return Delivery(head: head, lines: lines, cards: cards)
  }

  private mutating func reservation() -> Reservation {
    Reservation(
      id: id(), state: oneOf(), actor: ActorID(any()), sale: sale(), reservedAtMilliseconds: any(),
      deadlineMilliseconds: any(), dispensedAtMilliseconds: any(), openedCount: any(), printCount: any(),
      lines: list(0...100) { $0.granted() },
      slices: list(0...256) { random in
        Slice(
          line: random.any(), product: random.product(), lot: LotID(random.any()),
          extent: Extent(first: random.cardID(), count: random.any()))
      })
  }

  private mutating func stockLevel() -> StockLevel {
    var level = StockLevel(product: product())
    (level.regular, level.used, level.quarantined, level.reserved) = (any(), any(), any(), any())
    (level.delivered, level.void, level.loading) = (any(), any(), any())
    return level
  }

  private mutating func cardLife() -> CardLife {
    let purchase = PurchaseID(any())
    let custody: Custody =
      switch oneOf(CustodyKind.self) {
      case .loading: .loading(purchase)
      case .stock: .stock(oneOf())
      case .quarantined: .quarantined(Bool.random(using: &self) ? .zero : id())
      case .reserved: .reserved(id())
      case .delivered: .delivered(id())
      case .void: .void
      }
    return CardLife(
      id: cardID(), serial: text(1...64), product: product(), lot: LotID(any()), purchase: purchase, expiry: day(),
      custody: custody,
      life: list(0...20) { random in
        CardEvent(
          sequence: random.any(), timeMilliseconds: random.any(), actor: ActorID(random.any()),
          name: random.text(1...40), id: random.id())
      })
  }

  private mutating func events() -> EventsAnswer {
    EventsAnswer(
      headSequence: any(),
      events: list(0...20) { random in
        EventsAnswer.Event(
          sequence: random.any(), timeMilliseconds: random.any(), bytes: random.list(0...300) { $0.any() })
      })
  }

  private mutating func shiftTotal() -> ShiftTotal {
    var total = ShiftTotal(currency: currency())
    (total.sales, total.cards, total.reversals) = (any(), any(), any())
    (total.reversedCards, total.returnedCards) = (any(), any())
    (total.grossMinor, total.discountMinor, total.taxMinor) = (any(), any(), any())
    (total.reversedMinor, total.returnedMinor) = (any(), any())
    return total
  }
}
