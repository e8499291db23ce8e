import PinBytes
import PinProtocol
import PinWords

extension Samples {
  struct SampleAnswer {
    let name: String
    let operation: Operation
    let number: UInt32
    let message: AnswerMessage

    init(
      _ name: String, _ operation: Operation, sequence: UInt64, after milliseconds: UInt64 = 0, number: UInt32? = nil,
      isRepeat: Bool = false, _ outcome: AnswerMessage.Outcome
    ) {
      self.name = name
      self.operation = operation
      self.number = number ?? UInt32(operation.rawValue)
      message = AnswerMessage(
        sequence: sequence, timeMilliseconds: Samples.time + milliseconds, isRepeat: isRepeat, outcome: outcome)
    }

    init(
      _ name: String, _ operation: Operation, sequence: UInt64, after milliseconds: UInt64 = 0, number: UInt32? = nil,
      isRepeat: Bool = false, done answer: Answer
    ) {
      self.init(
        name, operation, sequence: sequence, after: milliseconds, number: number, isRepeat: isRepeat, .done(answer))
    }
  }

  static func granted(_ line: Line, _ unitPriceMinor: UInt64) -> GrantedLine {
    GrantedLine(line: line, unitPriceMinor: unitPriceMinor, currency: dollar)
  }

  static let soldDelivery = Delivery(
    head: DeliveryHead(
      reservation: vend, state: .delivered, dispensedAtMilliseconds: time + 30, firstIndex: 0, nextIndex: 1, total: 1,
      printCount: 0),
    lines: [
      DeliveryLine(
        granted: granted(soldLine, 1000), faceValueMinor: 1000, name: "Acme 10", instructions: "Dial *123*PIN#")
    ],
    cards: [
      Delivery.Card(
        id: CardID(1_048_577), line: 0, expiry: expiry, serial: "AC00012345", pin: PIN("493221768054"))
    ])

  static let cartLines = [
    DeliveryLine(
      granted: granted(acmeLine, 1000), faceValueMinor: 1000, name: "Acme 10", instructions: "Dial *123*PIN#"),
    DeliveryLine(granted: granted(novaLine, 2500), faceValueMinor: 2500, name: "Nova 25", instructions: ""),
  ]
  static let cartCards = [
    Delivery.Card(id: CardID(1_048_578), line: 0, expiry: expiry, serial: "AC00012346", pin: PIN("110482936175")),
    Delivery.Card(id: CardID(1_048_579), line: 0, expiry: expiry, serial: "AC00012347", pin: PIN("927364510288")),
    Delivery.Card(id: CardID(2_097_153), line: 1, expiry: .never, serial: "N-77-0001", pin: PIN("ZX4K-99QP-L2")),
  ]

  static func cartDelivery(from firstIndex: UInt32, printCount: UInt16) -> Delivery {
    Delivery(
      head: DeliveryHead(
        reservation: reservation, state: .delivered, dispensedAtMilliseconds: time + 40, firstIndex: firstIndex,
        nextIndex: 3, total: 3, printCount: printCount),
      lines: cartLines, cards: Array(cartCards[Int(firstIndex)...]))
  }

  static func purchase(counts: (UInt32, UInt32)) -> PurchaseAnswer {
    PurchaseAnswer(
      purchase: PurchaseID(12),
      lots: [
        PurchaseAnswer.Lot(firstCard: CardID(3_000_001), lot: LotID(31), expiry: expiry, count: counts.0),
        PurchaseAnswer.Lot(firstCard: CardID(3_001_001), lot: LotID(32), expiry: .never, count: counts.1),
      ])
  }

  static let level: StockLevel = {
    var level = StockLevel(product: ProductID(7))
    (level.regular, level.used, level.quarantined, level.reserved) = (9988, 2, 1, 3)
    (level.delivered, level.void) = (5, 11)
    return level
  }()

  static let life = CardLife(
    id: CardID(1_048_577), serial: "AC00012345", product: ProductID(7), lot: LotID(5), purchase: PurchaseID(8),
    expiry: expiry, custody: .delivered(vend),
    life: [
      CardEvent(sequence: 4002, timeMilliseconds: time + 30, actor: ActorID(17), name: "vended", id: vend),
      CardEvent(
        sequence: 9, timeMilliseconds: time - 86_400_000, actor: ActorID(2), name: "purchase-committed", id: .zero),
    ])

  static let catalogued: Product = {
    var product = Samples.product
    product.id = ProductID(7)
    product.isFrozen = true
    return product
  }()

  static let shift: Shift = {
    var total = ShiftTotal(currency: dollar)
    (total.grossMinor, total.discountMinor, total.taxMinor) = (4500, 100, 450)
    (total.reversedMinor, total.returnedMinor) = (1000, 1900)
    (total.sales, total.cards, total.reversals, total.reversedCards, total.returnedCards) = (2, 4, 1, 1, 2)
    return Shift(number: 5, openedAtMilliseconds: time - 3_600_000, totals: [total])
  }()

  static let sold = Reservation(
    id: vend, state: .quarantined, actor: ActorID(17), sale: Sale(cashier: 3, tender: .cash),
    reservedAtMilliseconds: time + 30, deadlineMilliseconds: 0, dispensedAtMilliseconds: time + 30, openedCount: 1,
    printCount: 0, lines: [granted(soldLine, 1000)],
    slices: [Slice(line: 0, product: ProductID(7), lot: LotID(5), extent: Extent(first: CardID(1_048_577), count: 1))])

  /// Spelled out, so that another default does not change the worked example.
  static let limits: Limits = {
    var limits = Limits()
    (limits.frameBytes, limits.cardsPerLine, limits.cardsPerAnswer) = (65_536, 100_000, 128)
    (limits.linesPerRequest, limits.extentsPerRequest, limits.lotsPerPurchase) = (100, 256, 256)
    (limits.cardsPerChunk, limits.requestsInFlight, limits.rememberedDays) = (512, 1024, 90)
    (limits.longestHoldSeconds, limits.reversalSeconds) = (604_800, 86_400)
    return limits
  }()

  static let deadline = time + 1_800_000

  static let answers: [SampleAnswer] = [
    SampleAnswer(
      "hello", .hello, sequence: 0,
      done: .hello(
        HelloAnswer(storeID: storeID, nonce: run(from: 0x40), limits: limits, server: "pinvault 1.0.0"))),
    SampleAnswer(
      "authenticate", .authenticate, sequence: 4000,
      done: .authenticate(AuthenticateAnswer(proof: serverProof, actor: ActorID(17), roles: .terminal))),
    SampleAnswer("ping", .ping, sequence: 4000, after: 10, done: .nothing),
    SampleAnswer(
      "reserve", .reserve, sequence: 4001, after: 20,
      done: .reserved(
        ReserveAnswer(
          deadlineMilliseconds: time + 900_020, cardCount: 3, state: .held,
          lines: [granted(acmeLine, 1000), granted(novaLine, 2500)]))),
    SampleAnswer("vend", .vend, sequence: 4002, after: 30, done: .delivery(soldDelivery)),
    SampleAnswer(
      "vend-repeat", .vend, sequence: 4022, after: 90, number: 21, isRepeat: true, done: .delivery(soldDelivery)),
    SampleAnswer(
      "dispense", .dispense, sequence: 4003, after: 40, done: .delivery(cartDelivery(from: 0, printCount: 0))),
    SampleAnswer("confirm", .confirm, sequence: 4004, done: .standing(Standing(state: .confirmed))),
    SampleAnswer(
      "extend", .extend, sequence: 4005, done: .standing(Standing(state: .held, deadlineMilliseconds: deadline))),
    SampleAnswer(
      "release", .release, sequence: 4006,
      done: .standing(Standing(state: .released, deadlineMilliseconds: deadline))),
    SampleAnswer("reverse", .reverse, sequence: 4007, done: .standing(Standing(state: .quarantined))),
    SampleAnswer(
      "return", .return, sequence: 4008,
      done: .returned(
        ReturnAnswer(
          cardsReturned: 2, credits: [ReturnAnswer.Credit(amountMinor: 1900, currency: dollar, cards: 2)]))),
    SampleAnswer(
      "reprint", .reprint, sequence: 4009, after: 50, done: .delivery(cartDelivery(from: 2, printCount: 1))),
    SampleAnswer("begin-purchase", .beginPurchase, sequence: 4010, done: .purchase(purchase(counts: (1000, 5)))),
    SampleAnswer(
      "load-cards", .loadCards, sequence: 4010,
      done: .loaded(
        LoadCardsAnswer(
          accepted: 1, refusals: [LoadRefusal(index: 1, reason: .duplicateSerial, purchase: PurchaseID(8))]))),
    SampleAnswer("commit-purchase", .commitPurchase, sequence: 4011, done: .purchase(purchase(counts: (1, 0)))),
    SampleAnswer("abandon-purchase", .abandonPurchase, sequence: 4012, done: .nothing),
    SampleAnswer("reinventory", .reinventory, sequence: 4013, done: .changed(ChangedAnswer(cardCount: 1))),
    SampleAnswer("settle", .settle, sequence: 4014, done: .changed(ChangedAnswer(cardCount: 1))),
    SampleAnswer("withdraw", .withdraw, sequence: 4015, done: .changed(ChangedAnswer(cardCount: 11))),
    SampleAnswer("freeze", .freeze, sequence: 4016, done: .nothing),
    SampleAnswer("thaw", .thaw, sequence: 4017, done: .nothing),
    SampleAnswer(
      "define-product", .defineProduct, sequence: 4018, done: .product(DefineProductAnswer(product: ProductID(7)))),
    SampleAnswer("look-up", .lookUp, sequence: 4007, done: .found(.reservation(sold))),
    SampleAnswer(
      "look-up-change", .lookUp, sequence: 4019, number: 49, done: .found(.change(.freeze, timeMilliseconds: time))),
    SampleAnswer("stock", .stock, sequence: 4019, done: .stock(Page([level]))),
    SampleAnswer("card", .card, sequence: 4019, done: .cards(Page([life]))),
    SampleAnswer("catalogue", .catalogue, sequence: 4019, done: .catalogue(Page([catalogued], hasMore: true))),
    SampleAnswer(
      "events", .events, sequence: 4019,
      done: .events(
        EventsAnswer(
          headSequence: 4019,
          events: [
            EventsAnswer.Event(
              sequence: 4002, timeMilliseconds: time + 30, bytes: [0x0A, 0x01, 0, 0, 0, 0, 0, 0x11])
          ]))),
    SampleAnswer("shift-totals", .shiftTotals, sequence: 4019, done: .shift(shift)),
    SampleAnswer("close-shift", .closeShift, sequence: 4020, done: .shift(shift)),
    SampleAnswer(
      "define-actor", .defineActor, sequence: 4021,
      done: .actor(DefineActorAnswer(actor: ActorID(18), key: run(from: 0x60)))),
    SampleAnswer(
      "actors", .actors, sequence: 4021,
      done: .actors(
        Page([
          ActorDescription(
            id: ActorID(18), name: "till-18", roles: .terminal, limits: tillLimits,
            oldKey: OldKey(endsAtMilliseconds: time + 604_800_000))
        ]))),
    SampleAnswer("verify", .verify, sequence: 4021, done: .report(Report(text: #"{"violations":[]}"#))),
    SampleAnswer("backup", .backup, sequence: 4021, done: .report(Report(text: #"{"sequence":4021}"#))),
    SampleAnswer("statistics", .statistics, sequence: 4021, done: .report(Report(text: #"{"batches":812}"#))),
    SampleAnswer(
      "approve", .approve, sequence: 4022, done: .approved(ApproveAnswer(validUntilMilliseconds: time + 86_400_000))),
    SampleAnswer("define-approval-rule", .defineApprovalRule, sequence: 4023, done: .nothing),
    SampleAnswer(
      "insufficient-stock", .vend, sequence: 4002, number: 18,
      .refused(.insufficientStock(ProductID(7), available: 3))),
    SampleAnswer("busy", .vend, sequence: 4002, number: 19, .refused(.busy(retryAfterMilliseconds: 20))),
    SampleAnswer(
      "limit-reached", .vend, sequence: 4002, number: 21,
      .refused(.limitReached(.cardsPerDay, left: 2, retryAfterMilliseconds: 3_600_000))),
    SampleAnswer("malformed-frame", .vend, sequence: 4002, number: 20, .fault(.malformedFrame)),
  ]
}
