import PinBytes
import PinWords

/// What each operation answers when it is done.
public enum Answer: Hashable, Sendable {
  /// Ping, abandon purchase, freeze, thaw, define approval rule: that it is done says it all.
  case nothing
  indirect case hello(HelloAnswer)
  indirect case authenticate(AuthenticateAnswer)
  case reserved(ReserveAnswer)
  /// Vend, dispense, reprint. A server writes these with `DeliveryEncoder`.
  indirect case delivery(Delivery)
  /// Confirm, extend, release, reverse.
  case standing(Standing)
  case returned(ReturnAnswer)
  /// Begin and commit purchase.
  case purchase(PurchaseAnswer)
  case loaded(LoadCardsAnswer)
  /// Re-inventory, settle, withdraw.
  case changed(ChangedAnswer)
  case product(DefineProductAnswer)
  indirect case found(Found)
  case stock(Page<StockLevel>)
  case cards(Page<CardLife>)
  case catalogue(Page<Product>)
  case events(EventsAnswer)
  /// Shift totals, close shift.
  case shift(Shift)
  indirect case actor(DefineActorAnswer)
  case actors(Page<ActorDescription>)
  /// Verify, backup, statistics.
  case report(Report)
  case approved(ApproveAnswer)

  init(to operation: Operation, from reader: inout BodyReader) throws(ProtocolFault) {
    self =
      switch operation {
      case .ping, .abandonPurchase, .freeze, .thaw, .defineApprovalRule: .nothing
      case .hello: .hello(try HelloAnswer(from: &reader))
      case .authenticate: .authenticate(try AuthenticateAnswer(from: &reader))
      case .reserve: .reserved(try ReserveAnswer(from: &reader))
      case .vend, .dispense, .reprint: .delivery(try Delivery(from: &reader))
      case .confirm, .extend, .release, .reverse: .standing(try Standing(from: &reader))
      case .return: .returned(try ReturnAnswer(from: &reader))
      case .beginPurchase, .commitPurchase: .purchase(try PurchaseAnswer(from: &reader))
      case .loadCards: .loaded(try LoadCardsAnswer(from: &reader))
      case .reinventory, .settle, .withdraw: .changed(try ChangedAnswer(from: &reader))
      case .defineProduct: .product(try DefineProductAnswer(from: &reader))
      case .lookUp: .found(try Found(from: &reader))
      case .stock: .stock(try Page(from: &reader))
      case .card: .cards(try Page(from: &reader))
      case .catalogue: .catalogue(try Page(from: &reader))
      case .events: .events(try EventsAnswer(from: &reader))
      case .shiftTotals, .closeShift: .shift(try Shift(from: &reader))
      case .defineActor: .actor(try DefineActorAnswer(from: &reader))
      case .actors: .actors(try Page(from: &reader))
      case .verify, .backup, .statistics: .report(try Report(from: &reader))
      case .approve: .approved(try ApproveAnswer(from: &reader))
      case .changeOrder, .defineCustomer, .showCard, .findOrder, .mail, .sendMail, .changeCredential, .defineSheet,
        .changePurchaseOrder,
        .findPurchaseOrder, .findCustomers:
        throw .unknownOperation(operation.rawValue)
      }
  }

  var body: (any AnswerBody)? {
    switch self {
    case .nothing: nil
    case .hello(let body): body
    case .authenticate(let body): body
    case .reserved(let body): body
    case .delivery(let body): body
    case .standing(let body): body
    case .returned(let body): body
    case .purchase(let body): body
    case .loaded(let body): body
    case .changed(let body): body
    case .product(let body): body
    case .found(let body): body
    case .stock(let body): body
    case .cards(let body): body
    case .catalogue(let body): body
    case .events(let body): body
    case .shift(let body): body
    case .actor(let body): body
    case .actors(let body): body
    case .report(let body): body
    case .approved(let body): body
    }
  }
}
