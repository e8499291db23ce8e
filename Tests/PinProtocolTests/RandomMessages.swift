import PinBytes
import PinProtocol
import PinWords
import TestSupport

// Messages of every operation with random content, all of them valid.

extension SeededGenerator {
  mutating func number<Value: FixedWidthInteger>(_ range: ClosedRange<Value>) -> Value {
    // The ends of a range are where it goes wrong.
    switch Int.random(in: 0..<8, using: &self) {
    case 0: range.lowerBound
    case 1: range.upperBound
    default: Value.random(in: range, using: &self)
    }
  }

  mutating func any<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
    number(Value.min...Value.max)
  }

  mutating func id() -> RequestID {
    RequestID.generate(atMilliseconds: UInt64.random(in: 0..<1 << 47, using: &self), using: &self)
  }

  mutating func oneOf<Choice: CaseIterable>(_ type: Choice.Type = Choice.self) -> Choice {
    Choice.allCases.randomElement(using: &self)!
  }

  mutating func list<Element>(_ counts: ClosedRange<Int>, _ make: (inout Self) -> Element) -> [Element] {
    let count = number(counts)
    return (0..<count).map { _ in make(&self) }
  }

  /// Text of so many bytes, with letters of one to three bytes.
  mutating func text(_ byteCounts: ClosedRange<Int>) -> String {
    let count = number(byteCounts)
    var text = ""
    while text.utf8.count < count {
      let letter: Character = ["a", "Z", "7", " ", "é", "€"].randomElement(using: &self)!
      text.append(text.utf8.count + letter.utf8.count <= count ? letter : "x")
    }
    return text
  }

  mutating func actorName() -> String {
    String(list(1...32) { "abcXYZ019-_.".randomElement(using: &$0)! })
  }

  mutating func currency() -> Currency {
    Currency(String(list(3...3) { "ABCXYZ".randomElement(using: &$0)! }))!
  }

  mutating func bytes32() -> Bytes32 { Bytes32.random(using: &self) }
  mutating func day() -> Day { Day(daysSince1970: any()) }
  mutating func sale() -> Sale { Sale(cashier: any(), tender: oneOf()) }
  mutating func product() -> ProductID { ProductID(number(1...UInt32.max)) }
  mutating func roles() -> Roles { Roles(rawValue: number(1...Roles.all.rawValue)) }
  mutating func cardID() -> CardID { CardID(any()) }

  mutating func line(count: ClosedRange<UInt32>) -> Line {
    Line(
      product: product(), count: number(count), condition: Bool.random(using: &self) ? .used : .regular,
      discountMinor: any(), taxMinor: any())
  }

  mutating func granted() -> GrantedLine {
    GrantedLine(line: line(count: 1...100_000), unitPriceMinor: any(), currency: currency())
  }

  mutating func extents(_ counts: ClosedRange<Int>) -> [Extent] {
    var free: UInt64 = 1
    return list(counts) { random in
      let extent = Extent(first: CardID(free + random.number(0...1 << 40)), count: random.number(1...UInt32.max))
      free = extent.end.rawValue
      return extent
    }
  }

  mutating func productRecord(isFrozen: Bool) -> Product {
    Product(
      id: ProductID(any()), sku: String(list(1...32) { "AZ-09 ".randomElement(using: &$0)! }), name: text(1...64),
      vendor: text(1...64), currency: currency(), faceValueMinor: any(), priceMinor: any(),
      instructions: text(0...240), lowStockThreshold: any(), minimumValidityDays: any(), isFrozen: isFrozen)
  }

  mutating func actorRecord(hasOldKey: Bool) -> ActorDescription {
    ActorDescription(
      id: ActorID(any()), name: actorName(), roles: roles(), isRevoked: Bool.random(using: &self),
      limits: actorLimits(), oldKey: hasOldKey ? OldKey(endsAtMilliseconds: any()) : nil)
  }

  mutating func actorLimits() -> ActorLimits {
    var limits = ActorLimits()
    limits.requestsPerSecond = any()
    limits.minute = ActorLimits.Allowance(cards: any(), reprints: any(), valueMinor: noneOrAny())
    limits.day = ActorLimits.Allowance(cards: any(), reprints: any(), valueMinor: noneOrAny())
    if limits.minute.valueMinor > 0 || limits.day.valueMinor > 0 { limits.currency = currency() }
    let products: Set<UInt32> = Set((0..<number(0...5)).map { _ in number(1...UInt32.max) })
    limits.products = products.sorted().map { ProductID($0) }
    return limits
  }

  private mutating func noneOrAny() -> UInt64 { Bool.random(using: &self) ? 0 : any() }

  mutating func keyChange() -> KeyChange {
    switch number(0...3) {
    case 0: .keep
    case 1: .renew
    case 2: .rotate(oldKeyEndsAtMilliseconds: any())
    default: .endOldKey(atMilliseconds: any())
    }
  }

  mutating func request(_ operation: Operation) -> RequestMessage {
    switch operation {
    case .hello: .hello(Hello(method: oneOf(), actorName: actorName(), nonce: bytes32()))
    case .authenticate: .authenticate(Authenticate(proof: bytes32()))
    case .ping: .ping
    case .reserve:
      .reserve(
        Reserve(
          id: id(), holdSeconds: number(0...Limits().longestHoldSeconds), sale: sale(),
          lines: list(1...Int(Limits().linesPerRequest)) { $0.line(count: 1...Limits().cardsPerLine) }))
    case .vend: .vend(Vend(id: id(), sale: sale(), line: line(count: 1...UInt32(Limits().cardsPerAnswer))))
    case .dispense: .dispense(id())
    case .confirm: .confirm(id())
    case .extend: .extend(Extend(reservation: id(), deadlineMilliseconds: number(1...UInt64.max)))
    case .release: .release(id())
    case .reverse: .reverse(id())
    case .return: .return(Return(id: id(), reservation: id(), extents: extents(0...Int(Limits().extentsPerRequest))))
    case .reprint: .reprint(Reprint(reservation: id(), firstIndex: any(), count: number(0...Limits().cardsPerAnswer)))
    case .beginPurchase:
      .beginPurchase(
        BeginPurchase(
          id: id(), product: product(), vendor: text(0...64), unitCostMinor: any(), invoice: text(0...64), lots: lots())
      )
    case .loadCards:
      .loadCards(
        LoadCards(
          purchase: PurchaseID(number(1...UInt32.max)), chunk: any(),
          cards: list(1...100) { random in
            LoadCards.Card(expiry: random.day(), serial: random.text(0...255), pin: PIN(random.text(0...255)))
          }))
    case .commitPurchase: .commitPurchase(PurchaseID(number(1...UInt32.max)))
    case .abandonPurchase: .abandonPurchase(PurchaseID(number(1...UInt32.max)))
    case .reinventory:
      .reinventory(StockChange(id: id(), extents: extents(1...Int(Limits().extentsPerRequest)), reason: text(1...200)))
    case .settle: .settle(Settle(id: id(), reservation: id(), reason: text(1...200)))
    case .withdraw:
      .withdraw(StockChange(id: id(), extents: extents(1...Int(Limits().extentsPerRequest)), reason: text(1...200)))
    case .freeze: .freeze(ProductStop(id: id(), product: product(), reason: text(1...200)))
    case .thaw: .thaw(ProductStop(id: id(), product: product(), reason: text(1...200)))
    case .defineProduct: .defineProduct(DefineProduct(id: id(), product: productRecord(isFrozen: false)))
    case .lookUp: .lookUp(id())
    case .stock: .stock(Bool.random(using: &self) ? StockQuery(product: product()) : StockQuery(after: product()))
    case .card: .card(CardQuery(serial: text(1...64), vendor: text(0...64)))
    case .catalogue: .catalogue(CatalogueQuery(after: ProductID(any())))
    case .events:
      .events(
        EventsQuery(
          fromSequence: number(1...UInt64.max), waitMilliseconds: number(0...30_000), maximumBytes: number(0...65_536)))
    case .shiftTotals: .shiftTotals
    case .closeShift: .closeShift(id())
    case .defineActor:
      .defineActor(DefineActor(id: id(), actor: actorRecord(hasOldKey: false), keyChange: keyChange()))
    case .actors: .actors(ActorsQuery(after: ActorID(any())))
    case .verify: .verify
    case .backup: .backup(Backup(path: text(1...1024)))
    case .statistics: .statistics
    case .approve: .approve(Approve(id: id(), request: approvable()))
    case .defineApprovalRule: .defineApprovalRule(approvalRule())
    case .changeOrder, .defineCustomer, .showCard, .findOrder, .mail, .sendMail, .changeCredential, .defineSheet,
      .changePurchaseOrder,
      .findPurchaseOrder, .findCustomers:
      preconditionFailure("\(operation) is not asked on the wire")
    }
  }

  private mutating func approvalRule() -> DefineApprovalRule {
    DefineApprovalRule(id: id(), rule: ApprovalRule(cardsPerDay: any()))
  }

  private mutating func approvable() -> ApprovableRequest {
    switch number(0...2) as Int {
    case 0:
      .reinventory(StockChange(id: id(), extents: extents(1...Int(Limits().extentsPerRequest)), reason: text(1...200)))
    case 1: .defineActor(DefineActor(id: id(), actor: actorRecord(hasOldKey: false), keyChange: keyChange()))
    default: .defineApprovalRule(approvalRule())
    }
  }

  private mutating func lots() -> [DeclaredLot] {
    let expiries = Set(list(1...Int(Limits().lotsPerPurchase)) { $0.day() })
    return expiries.map { DeclaredLot(expiry: $0, count: number(1...UInt32.max)) }
  }
}
