import PinBytes
import PinWords

/// Everything that can be asked.
public enum RequestMessage: Hashable, Sendable {
  // Session
  indirect case hello(Hello)
  case authenticate(Authenticate)
  case ping
  // Selling
  case reserve(Reserve)
  case vend(Vend)
  case dispense(RequestID)
  case confirm(RequestID)
  case extend(Extend)
  case release(RequestID)
  case reverse(RequestID)
  case `return`(Return)
  case reprint(Reprint)
  // Stock keeping
  indirect case beginPurchase(BeginPurchase)
  case loadCards(LoadCards)
  case commitPurchase(PurchaseID)
  case abandonPurchase(PurchaseID)
  case reinventory(StockChange)
  indirect case settle(Settle)
  case withdraw(StockChange)
  case freeze(ProductStop)
  case thaw(ProductStop)
  indirect case defineProduct(DefineProduct)
  // Looking
  case lookUp(RequestID)
  case stock(StockQuery)
  case card(CardQuery)
  case catalogue(CatalogueQuery)
  case events(EventsQuery)
  // Shift
  case shiftTotals
  case closeShift(RequestID)
  // Running the store
  indirect case defineActor(DefineActor)
  case actors(ActorsQuery)
  case verify
  case backup(Backup)
  case statistics
  indirect case approve(Approve)
  case defineApprovalRule(DefineApprovalRule)

  /// Appends the whole frame to the writer.
  ///
  /// What the server would refuse as out of range under these limits is refused here, and nothing is written.
  public func encode(
    requestNumber: UInt32, into writer: inout ByteWriter, limits: Limits = Limits()
  ) throws(ProtocolFault) {
    let body = self.body
    try body?.check(limits)
    let start = writer.beginFrame(operationNumber: operation.rawValue, requestNumber: requestNumber)
    body?.write(to: &writer)
    try writer.endFrame(from: start, limit: limits.frameBytes)
  }

  /// Reads a request's body: its layout first, then every range that does not need the store's state.
  ///
  /// Of the hot operations only reserve allocates, for its lines.
  public static func decode(
    _ operation: Operation, body: RawSpan, limits: Limits
  ) throws(ProtocolFault) -> RequestMessage {
    switch operation {
    case .hello: .hello(try decode(body, limits))
    case .authenticate: .authenticate(try decode(body, limits))
    case .ping: try empty(.ping, body)
    case .reserve: .reserve(try decode(body, limits))
    case .vend: .vend(try decode(body, limits))
    case .dispense: .dispense(try decode(body, limits))
    case .confirm: .confirm(try decode(body, limits))
    case .extend: .extend(try decode(body, limits))
    case .release: .release(try decode(body, limits))
    case .reverse: .reverse(try decode(body, limits))
    case .return: .return(try decode(body, limits))
    case .reprint: .reprint(try decode(body, limits))
    case .beginPurchase: .beginPurchase(try decode(body, limits))
    case .loadCards: .loadCards(try decode(body, limits))
    case .commitPurchase: .commitPurchase(try decode(body, limits))
    case .abandonPurchase: .abandonPurchase(try decode(body, limits))
    case .reinventory: .reinventory(try decode(body, limits))
    case .settle: .settle(try decode(body, limits))
    case .withdraw: .withdraw(try decode(body, limits))
    case .freeze: .freeze(try decode(body, limits))
    case .thaw: .thaw(try decode(body, limits))
    case .defineProduct: .defineProduct(try decode(body, limits))
    case .lookUp: .lookUp(try decode(body, limits))
    case .stock: .stock(try decode(body, limits))
    case .card: .card(try decode(body, limits))
    case .catalogue: .catalogue(try decode(body, limits))
    case .events: .events(try decode(body, limits))
    case .shiftTotals: try empty(.shiftTotals, body)
    case .closeShift: .closeShift(try decode(body, limits))
    case .defineActor: .defineActor(try decode(body, limits))
    case .actors: .actors(try decode(body, limits))
    case .verify: try empty(.verify, body)
    case .backup: .backup(try decode(body, limits))
    case .statistics: try empty(.statistics, body)
    case .approve: .approve(try decode(body, limits))
    case .defineApprovalRule: .defineApprovalRule(try decode(body, limits))
    case .changeOrder, .defineCustomer, .showCard, .findOrder, .mail, .sendMail, .changeCredential, .defineSheet,
      .changePurchaseOrder,
      .findPurchaseOrder, .findCustomers:
      throw .unknownOperation(operation.rawValue)
    }
  }

  private static func decode<Body: RequestBody>(_ bytes: RawSpan, _ limits: Limits) throws(ProtocolFault) -> Body {
    var reader = BodyReader(bytes)
    let body = try Body(from: &reader)
    try reader.finish()
    try body.check(limits)
    return body
  }

  private static func empty(_ message: RequestMessage, _ bytes: RawSpan) throws(ProtocolFault) -> RequestMessage {
    try BodyReader(bytes).finish()
    return message
  }

  private var body: (any RequestBody)? {
    switch self {
    case .ping, .shiftTotals, .verify, .statistics: nil
    case .hello(let body): body
    case .authenticate(let body): body
    case .reserve(let body): body
    case .vend(let body): body
    case .extend(let body): body
    case .dispense(let id), .confirm(let id), .release(let id), .reverse(let id), .lookUp(let id), .closeShift(let id):
      id
    case .return(let body): body
    case .reprint(let body): body
    case .beginPurchase(let body): body
    case .loadCards(let body): body
    case .commitPurchase(let purchase), .abandonPurchase(let purchase): purchase
    case .reinventory(let change), .withdraw(let change): change
    case .settle(let body): body
    case .freeze(let stop), .thaw(let stop): stop
    case .defineProduct(let body): body
    case .stock(let query): query
    case .card(let query): query
    case .catalogue(let query): query
    case .events(let query): query
    case .defineActor(let body): body
    case .actors(let query): query
    case .backup(let body): body
    case .approve(let body): body
    case .defineApprovalRule(let body): body
    }
  }

  public var operation: Operation {
    switch self {
    case .hello: .hello
    case .authenticate: .authenticate
    case .ping: .ping
    case .reserve: .reserve
    case .vend: .vend
    case .dispense: .dispense
    case .confirm: .confirm
    case .extend: .extend
    case .release: .release
    case .reverse: .reverse
    case .return: .return
    case .reprint: .reprint
    case .beginPurchase: .beginPurchase
    case .loadCards: .loadCards
    case .commitPurchase: .commitPurchase
    case .abandonPurchase: .abandonPurchase
    case .reinventory: .reinventory
    case .settle: .settle
    case .withdraw: .withdraw
    case .freeze: .freeze
    case .thaw: .thaw
    case .defineProduct: .defineProduct
    case .lookUp: .lookUp
    case .stock: .stock
    case .card: .card
    case .catalogue: .catalogue
    case .events: .events
    case .shiftTotals: .shiftTotals
    case .closeShift: .closeShift
    case .defineActor: .defineActor
    case .actors: .actors
    case .verify: .verify
    case .backup: .backup
    case .statistics: .statistics
    case .approve: .approve
    case .defineApprovalRule: .defineApprovalRule
    }
  }
}
