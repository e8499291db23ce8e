/// Which changes need a second person: off until an administrator and a key custodian together turn it on.
///
/// While it is on, these need the approval of a key custodian other than the one who asks: a re-inventory that takes the
/// cards re-inventoried alone in one day (UTC) above a number, and naming or changing a key custodian. Changing the rule
/// itself needs one always, whether it is on or off: so nobody turns it on who has no second person, or off alone.
public struct ApprovalRule: Hashable, Sendable {
  /// How many cards all actors together may re-inventory in a day without approval.
  public var cardsPerDay: UInt64

  public init(cardsPerDay: UInt64) { self.cardsPerDay = cardsPerDay }

  /// Nothing but changing the rule needs a second person.
  public static let off = ApprovalRule(cardsPerDay: .max)
  public var isOn: Bool { self != .off }

  /// How long an approval can be used.
  public static let validSeconds: UInt64 = 86_400
}

/// Change the rule for approvals.
public struct DefineApprovalRule: Hashable, Sendable {
  public var id: RequestID
  public var rule: ApprovalRule

  public init(id: RequestID, rule: ApprovalRule) {
    self.id = id
    self.rule = rule
  }
}

/// A request that may need a second person, as that person has to name it: whole.
public enum ApprovableRequest: Hashable, Sendable {
  case reinventory(StockChange)
  case defineActor(DefineActor)
  case defineApprovalRule(DefineApprovalRule)

  public var operation: Operation {
    switch self {
    case .reinventory: .reinventory
    case .defineActor: .defineActor
    case .defineApprovalRule: .defineApprovalRule
    }
  }

  /// The request's own id.
  public var id: RequestID {
    switch self {
    case .reinventory(let change): change.id
    case .defineActor(let define): define.id
    case .defineApprovalRule(let define): define.id
    }
  }
}

/// Approve exactly this request of somebody else's, once, within `ApprovalRule.validSeconds`.
public struct Approve: Hashable, Sendable {
  public var id: RequestID
  public var request: ApprovableRequest

  public init(id: RequestID, request: ApprovableRequest) {
    self.id = id
    self.request = request
  }
}

/// Why a change that needs a second person has none.
public enum ApprovalLack: UInt8, Sendable, Codable, CaseIterable, CustomStringConvertible {
  /// Nobody approved it, or it was used.
  case missing = 0
  case expired = 1
  /// The one who approved it is the one who asks.
  case own = 2
  /// The one who approved it may not any more.
  case lapsed = 3

  public var description: String {
    switch self {
    case .missing: "nobody has approved it"
    case .expired: "its approval has expired"
    case .own: "its approval is the asker's own"
    case .lapsed: "who approved it may not any more"
    }
  }
}
