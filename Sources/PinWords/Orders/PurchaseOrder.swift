/// What the shop wants from a vendor, and what came of it, as its last event left it.
public struct PurchaseOrder: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var product: ProductID
    public var count: UInt32
    /// What one card is to cost, in minor units.
    public var unitCostMinor: UInt64
    /// Cards that came in against it.
    public var received: UInt64 = 0
    /// Cards of those deliveries that were refused: duplicates, and whatever else could not be loaded.
    public var refused: UInt64 = 0

    public init(product: ProductID, count: UInt32, unitCostMinor: UInt64) {
      self.product = product
      self.count = count
      self.unitCostMinor = unitCostMinor
    }

    public var isWhole: Bool { received >= UInt64(count) }
    /// Cards that have not come yet.
    public var short: UInt64 { isWhole ? 0 : UInt64(count) - received }
  }

  public var id: RequestID
  /// How many changes made it what it is.
  public var version: UInt32
  public var state: PurchaseOrderState
  /// Who drafted it first, and when.
  public var actor: ActorID
  public var draftedAtMilliseconds: UInt64
  public var currency: Currency
  public var vendor: String
  /// Each product once.
  public var lines: [Line]
  /// The imports that came in against it.
  public var receipts: [PurchaseID]

  public init(
    id: RequestID, version: UInt32, state: PurchaseOrderState, actor: ActorID, draftedAtMilliseconds: UInt64,
    currency: Currency, vendor: String, lines: [Line], receipts: [PurchaseID] = []
  ) {
    self.id = id
    self.version = version
    self.state = state
    self.actor = actor
    self.draftedAtMilliseconds = draftedAtMilliseconds
    self.currency = currency
    self.vendor = vendor
    self.lines = lines
    self.receipts = receipts
  }
}

public enum PurchaseOrderState: UInt8, Sendable, Codable, CaseIterable {
  case draft = 1
  /// The vendor may be asked for it.
  case approved = 2
  /// All of it came in.
  case received = 3
  /// Nothing more is waited for.
  case closed = 4
}

/// The life of a purchase order: what may be done to one that stands so, and by whom. What it becomes, the act says.
public enum PurchaseOrderAct: UInt8, Sendable, Codable, CaseIterable {
  /// Write it, or write it anew.
  case draft = 1
  case approve = 2
  /// An import came in against it.
  case receive = 3
  /// Wait for no more of it, or give it up.
  case close = 4

  // swift-format-ignore
  private var rule: (roles: Roles, from: Set<PurchaseOrderState>) {
    switch self {
    case .draft:   ([.stockKeeper, .accountant, .administrator], [.draft])
    case .approve: ([.accountant, .administrator],               [.draft])
    case .receive: ([.stockKeeper, .administrator],              [.approved])
    case .close:   ([.accountant, .administrator],               [.draft, .approved, .received])
    }
  }

  /// One of these is enough.
  public var allowedRoles: Roles { rule.roles }

  public func mayBeDone(to state: PurchaseOrderState) -> Bool { rule.from.contains(state) }
}
