/// What an actor is allowed to be. An actor may have several.
public struct Roles: OptionSet, Hashable, Sendable {
  public let rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Sells at a counter: vends, reserves, confirms, reverses, reprints; its own ids alone.
  public static let terminal = Roles(rawValue: 1 << 0)
  /// Holds cards for carts and dispenses them; its own ids alone. May reserve without a deadline.
  public static let storefront = Roles(rawValue: 1 << 1)
  /// Serves customers: returns, the used sale, anybody's ids.
  public static let clerk = Roles(rawValue: 1 << 2)
  /// Reviews orders.
  public static let reviewer = Roles(rawValue: 1 << 3)
  /// Keeps products and stock: imports, re-inventory, settle, withdraw, freeze.
  public static let stockKeeper = Roles(rawValue: 1 << 4)
  /// Reads the books.
  public static let accountant = Roles(rawValue: 1 << 5)
  /// Backs up, and approves what needs a second person.
  public static let keyCustodian = Roles(rawValue: 1 << 6)
  /// Looks at everything but PINs, and changes nothing.
  public static let auditor = Roles(rawValue: 1 << 7)
  /// Names the actors and runs the store, keeps products and stock. Cannot sell, so never sees a PIN.
  public static let administrator = Roles(rawValue: 1 << 8)

  /// Every role with its name, in the order of their bits.
  public static let named: [(name: String, role: Roles)] = [
    ("terminal", .terminal), ("storefront", .storefront), ("clerk", .clerk), ("reviewer", .reviewer),
    ("stock-keeper", .stockKeeper), ("accountant", .accountant), ("key-custodian", .keyCustodian),
    ("auditor", .auditor), ("administrator", .administrator),
  ]

  /// Every role there is.
  public static let all = named.reduce(into: Roles()) { $0.formUnion($1.role) }

  /// The role of this name, or nil.
  public init?(name: String) {
    guard let found = Roles.named.first(where: { $0.name == name }) else { return nil }
    self = found.role
  }

  /// The names of the roles in the set.
  public var names: [String] { Roles.named.filter { contains($0.role) }.map(\.name) }

  static let selling: Roles = [.terminal, .storefront, .clerk]
  static let keeping: Roles = [.stockKeeper, .administrator]
  static let looking: Roles = [
    .terminal, .storefront, .clerk, .reviewer, .stockKeeper, .accountant, .keyCustodian, .auditor, .administrator,
  ]
  static let auditing: Roles = [.accountant, .auditor, .administrator]
}

extension Operation {
  /// Who may ask for this: one of these roles is enough.
  public var allowedRoles: Roles {
    switch self {
    case .hello, .authenticate, .ping: .all
    case .reserve, .vend, .dispense, .confirm, .extend, .release, .reverse, .reprint: .selling
    case .return: [.clerk]
    case .beginPurchase, .loadCards, .commitPurchase, .abandonPurchase: .keeping
    case .reinventory, .settle, .withdraw, .freeze, .thaw, .defineProduct: .keeping
    case .lookUp: .looking
    case .stock, .catalogue: .looking
    case .card: [.clerk, .stockKeeper, .accountant, .keyCustodian, .auditor, .administrator]
    case .events, .statistics: .auditing.union(.keyCustodian)
    case .shiftTotals, .closeShift: .selling
    case .defineActor: [.administrator]
    case .actors: [.keyCustodian, .administrator]
    case .verify: [.auditor, .keyCustodian, .administrator]
    case .backup: [.keyCustodian, .administrator]
    case .approve: [.keyCustodian]
    case .defineApprovalRule: [.administrator]
    case .changeOrder: [.storefront, .clerk, .reviewer, .administrator]
    case .defineCustomer: [.storefront, .clerk]
    case .showCard: [.clerk]
    case .findOrder: [.storefront, .clerk, .reviewer, .accountant, .auditor, .administrator]
    case .mail: []
    // Its own; somebody else's, the engine says who.
    case .changeCredential: .looking
    case .defineSheet: .keeping
    case .changePurchaseOrder: [.stockKeeper, .accountant, .administrator]
    case .findCustomers: [.clerk, .reviewer, .accountant, .auditor, .administrator]
    case .sendMail: [.clerk, .administrator]
    case .findPurchaseOrder: [.stockKeeper, .accountant, .auditor, .administrator]
    }
  }
}

extension Roles {
  /// May use ids that belong to another actor.
  public var mayUseOthersIDs: Bool {
    !isDisjoint(with: [.clerk, .reviewer, .stockKeeper, .accountant, .keyCustodian, .auditor, .administrator])
  }
  /// May read reports.
  public var mayReadBooks: Bool { !isDisjoint(with: .auditing) }
  /// May ask for cards in the used condition.
  public var maySellUsed: Bool { contains(.clerk) }
  /// May reserve without a deadline.
  public var mayHoldWithoutDeadline: Bool { contains(.storefront) }
}
