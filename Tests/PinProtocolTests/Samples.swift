import PinBytes
import PinProtocol
import PinWords

/// The messages that `protocol.md` shows as dumps, by the names of the dumps.
///
/// The document's bytes were not made by this codec: these values and those bytes must agree.
enum Samples {
  static let vend = RequestID("018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10")!
  static let reservation = RequestID("018f0e6c-4a10-7d02-8b1e-2f6a90c4d511")!
  static let approval = RequestID("018f0e6c-6c41-7d55-8f2a-3b4c5d6e7f80")!
  static let change = RequestID("018f0e6c-5b2e-7a33-b0c7-91d2e4f80a22")!
  static let storeID = RequestID("7b1d9e52-0c4f-4f8a-9d61-3ae2b75c8801")!
  static let time: UInt64 = 1_735_689_600_000
  static let dollar = Currency("USD")!
  static let expiry = Day(daysSince1970: 20_818)
  static let key = run(from: 0)

  static func run(from first: UInt8) -> Bytes32 { Bytes32((0..<32).map { first + $0 })! }

  /// The proofs of the worked example, which `AuthenticationTests` computes.
  static let clientProof = proof("client-proof")
  static let serverProof = proof("server-proof")
  private static func proof(_ name: String) -> Bytes32 { Bytes32(Document.shared.dumps[name] ?? []) ?? .zero }

  static let acmeLine = Line(product: ProductID(7), count: 2, discountMinor: 100, taxMinor: 300)
  static let novaLine = Line(product: ProductID(9), count: 1)
  static let soldLine = Line(product: ProductID(7), count: 1, taxMinor: 150)
  static let product = Product(
    id: ProductID(0), sku: "ACME-10", name: "Acme 10", vendor: "Acme", currency: dollar, faceValueMinor: 1000,
    priceMinor: 1000, instructions: "Dial *123*PIN#", lowStockThreshold: 100, minimumValidityDays: 30)

  /// 20 requests a second; 10 cards a minute, 500 cards worth 5,000 dollars and 3 reprints a day; products 7 and 9.
  static var tillLimits: ActorLimits {
    var limits = ActorLimits()
    limits.requestsPerSecond = 20
    limits.minute.cards = 10
    limits.day = ActorLimits.Allowance(cards: 500, reprints: 3, valueMinor: 500_000)
    limits.currency = Currency("USD")
    limits.products = [ProductID(7), ProductID(9)]
    return limits
  }

  static let requests: [(name: String, number: UInt32, message: RequestMessage)] = [
    ("hello", 1, .hello(Hello(actorName: "till-17", nonce: run(from: 0x20)))),
    ("authenticate", 2, .authenticate(Authenticate(proof: clientProof))),
    ("ping", 3, .ping),
    (
      "reserve", 16,
      .reserve(
        Reserve(
          id: reservation, holdSeconds: 900, sale: Sale(cashier: 3, tender: .card), lines: [acmeLine, novaLine]))
    ),
    ("vend", 17, .vend(Vend(id: vend, sale: Sale(cashier: 3, tender: .cash), line: soldLine))),
    ("dispense", 18, .dispense(reservation)),
    ("confirm", 19, .confirm(vend)),
    ("extend", 20, .extend(Extend(reservation: reservation, deadlineMilliseconds: time + 1_800_000))),
    ("release", 21, .release(reservation)),
    ("reverse", 22, .reverse(vend)),
    (
      "return", 23,
      .return(Return(id: change, reservation: reservation, extents: [Extent(first: CardID(1_048_578), count: 2)]))
    ),
    ("reprint", 24, .reprint(Reprint(reservation: reservation, firstIndex: 2, count: 1))),
    (
      "begin-purchase", 32,
      .beginPurchase(
        BeginPurchase(
          id: change, product: ProductID(7), vendor: "Acme", unitCostMinor: 870, invoice: "INV-2025-01",
          lots: [DeclaredLot(expiry: expiry, count: 1000), DeclaredLot(expiry: .never, count: 5)]))
    ),
    (
      "load-cards", 33,
      .loadCards(
        LoadCards(
          purchase: PurchaseID(12), chunk: 0,
          cards: [
            LoadCards.Card(expiry: expiry, serial: "AC00020001", pin: PIN("700112233445")),
            LoadCards.Card(expiry: expiry, serial: "AC00012345", pin: PIN("700112233446")),
          ]))
    ),
    ("commit-purchase", 34, .commitPurchase(PurchaseID(12))),
    ("abandon-purchase", 35, .abandonPurchase(PurchaseID(12))),
    (
      "reinventory", 36,
      .reinventory(
        StockChange(id: change, extents: [Extent(first: CardID(1_048_577), count: 1)], reason: "counted and unopened"))
    ),
    ("settle", 37, .settle(Settle(id: change, reservation: vend, reason: "receipt found"))),
    (
      "withdraw", 38,
      .withdraw(
        StockChange(
          id: change,
          extents: [Extent(first: CardID(1_048_580), count: 10), Extent(first: CardID(2_097_154), count: 1)],
          reason: "vendor recall"))
    ),
    ("freeze", 39, .freeze(ProductStop(id: change, product: ProductID(7), reason: "vendor outage"))),
    ("thaw", 40, .thaw(ProductStop(id: change, product: ProductID(7), reason: "vendor is back"))),
    ("define-product", 41, .defineProduct(DefineProduct(id: change, product: product))),
    ("look-up", 48, .lookUp(vend)),
    ("stock", 49, .stock(StockQuery(product: ProductID(7)))),
    ("card", 50, .card(CardQuery(serial: "AC00012345", vendor: "Acme"))),
    ("catalogue", 51, .catalogue(CatalogueQuery())),
    ("events", 52, .events(EventsQuery(fromSequence: 4002, waitMilliseconds: 30_000, maximumBytes: 4096))),
    ("shift-totals", 64, .shiftTotals),
    ("close-shift", 65, .closeShift(change)),
    (
      "define-actor", 80,
      .defineActor(
        DefineActor(
          id: change,
          actor: ActorDescription(id: ActorID(18), name: "till-18", roles: .terminal, limits: tillLimits),
          keyChange: .rotate(oldKeyEndsAtMilliseconds: time + 604_800_000)))
    ),
    ("actors", 81, .actors(ActorsQuery(after: ActorID(16)))),
    ("verify", 82, .verify),
    ("backup", 83, .backup(Backup(path: "/var/backups/pinvault/2025-01-01"))),
    ("statistics", 84, .statistics),
    (
      "approve", 85,
      .approve(
        Approve(
          id: approval,
          request: .reinventory(
            StockChange(id: change, extents: [Extent(first: CardID(1_048_577), count: 900)], reason: "seals unbroken")))
      )
    ),
    (
      "define-approval-rule", 86,
      .defineApprovalRule(DefineApprovalRule(id: change, rule: ApprovalRule(cardsPerDay: 500)))
    ),
  ]
}
