/// Everything that can be asked, with its number: on the wire, and under the id of a change.
public enum Operation: UInt8, Sendable, CaseIterable, Hashable {
  // Session
  case hello = 1
  case authenticate = 2
  case ping = 3
  // Selling
  case reserve = 16
  case vend = 17
  case dispense = 18
  case confirm = 19
  case extend = 20
  case release = 21
  case reverse = 22
  case `return` = 23
  case reprint = 24
  // Stock keeping
  case beginPurchase = 32
  case loadCards = 33
  case commitPurchase = 34
  case abandonPurchase = 35
  case reinventory = 36
  case settle = 37
  case withdraw = 38
  case freeze = 39
  case thaw = 40
  case defineProduct = 41
  // Looking
  case lookUp = 48
  case stock = 49
  case card = 50
  case catalogue = 51
  case events = 52
  // Shift
  case shiftTotals = 64
  case closeShift = 65
  // Running the store
  case defineActor = 80
  case actors = 81
  case verify = 82
  case backup = 83
  case statistics = 84
  case approve = 85
  case defineApprovalRule = 86
  // The shop's, asked of the back office: numbers from 128 on are not on the wire
  case changeOrder = 128
  case defineCustomer = 129
  case showCard = 130
  case findOrder = 131
  /// The store's own.
  case mail = 132
  case changeCredential = 144
  case defineSheet = 140
  case changePurchaseOrder = 141
  case findPurchaseOrder = 142
  case findCustomers = 143
  /// Marketing mail, and mail that was given up.
  case sendMail = 145

  /// The operations of the wire.
  public static let allCases = (0..<128).compactMap { Operation(rawValue: $0) }

  /// The operation that a number on the wire stands for, or nil.
  @inlinable public init?(onWire number: UInt8) {
    guard number < 128 else { return nil }
    self.init(rawValue: number)
  }

  /// The operation's name in messages and logs, such as `begin purchase`.
  public var name: String {
    switch self {
    case .beginPurchase: "begin purchase"
    case .loadCards: "load cards"
    case .commitPurchase: "commit purchase"
    case .abandonPurchase: "abandon purchase"
    case .reinventory: "re-inventory"
    case .defineProduct: "define product"
    case .lookUp: "look up"
    case .shiftTotals: "shift totals"
    case .closeShift: "close shift"
    case .defineActor: "define actor"
    case .defineApprovalRule: "define approval rule"
    case .changeOrder: "change order"
    case .defineCustomer: "define customer"
    case .showCard: "show card"
    case .findOrder: "find order"
    case .changeCredential: "change credential"
    case .defineSheet: "define sheet"
    case .changePurchaseOrder: "change purchase order"
    case .findPurchaseOrder: "find purchase order"
    case .findCustomers: "find customers"
    case .sendMail: "send mail"
    default: "\(self)"
    }
  }
}
