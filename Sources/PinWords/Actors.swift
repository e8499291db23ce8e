/// Who may ask: name, roles, limits, and whether it still may.
public struct ActorDescription: Hashable, Sendable {
  public var id: ActorID
  /// 1 to 32 bytes: letters, digits, `-`, `_`, `.`; unique.
  public var name: String
  public var roles: Roles
  public var isRevoked: Bool
  public var limits: ActorLimits
  /// The key that the actor had before, while it goes on working beside the new one; nil if there is none. Told, never
  /// asked: `KeyChange` changes it.
  public var oldKey: OldKey?

  public init(
    id: ActorID, name: String, roles: Roles, isRevoked: Bool = false, limits: ActorLimits = ActorLimits(),
    oldKey: OldKey? = nil
  ) {
    self.id = id
    self.name = name
    self.roles = roles
    self.isRevoked = isRevoked
    self.limits = limits
    self.oldKey = oldKey
  }
}

/// A key that was replaced and still works, so that a fleet can be changed over one by one.
public struct OldKey: Hashable, Sendable {
  /// When it ends by itself, milliseconds since 1970 UTC; 0 for not before it is told to.
  public var endsAtMilliseconds: UInt64

  public init(endsAtMilliseconds: UInt64 = 0) { self.endsAtMilliseconds = endsAtMilliseconds }

  /// Whether it still works at a time.
  @inlinable
  public func works(at timeMilliseconds: UInt64) -> Bool {
    endsAtMilliseconds == 0 || timeMilliseconds < endsAtMilliseconds
  }
}

/// What becomes of an actor's keys.
public enum KeyChange: Hashable, Sendable {
  /// Nothing. A new actor gets its first key all the same.
  case keep
  /// A new key; all before it end at once.
  case renew
  /// A new key beside the present one, which becomes the old one and ends at a time, or (0) when it is told to.
  case rotate(oldKeyEndsAtMilliseconds: UInt64)
  /// The old key ends at a time, or (0) now.
  case endOldKey(atMilliseconds: UInt64)

  /// Whether a new key comes of it.
  public var makesKey: Bool {
    switch self {
    case .renew, .rotate: true
    case .keep, .endOldKey: false
    }
  }

  /// Its number, on the wire and in events.
  package var number: UInt8 {
    switch self {
    case .keep: 0
    case .renew: 1
    case .rotate: 2
    case .endOldKey: 3
    }
  }

  /// When the old key ends; 0 where none is stated.
  package var timeMilliseconds: UInt64 {
    switch self {
    case .keep, .renew: 0
    case .rotate(let timeMilliseconds), .endOldKey(let timeMilliseconds): timeMilliseconds
    }
  }

  /// The change with a number and a time; nil if there is none.
  package init?(number: UInt8, timeMilliseconds: UInt64) {
    switch (number, timeMilliseconds) {
    case (0, 0): self = .keep
    case (1, 0): self = .renew
    case (2, _): self = .rotate(oldKeyEndsAtMilliseconds: timeMilliseconds)
    case (3, _): self = .endOldKey(atMilliseconds: timeMilliseconds)
    default: return nil
    }
  }
}

/// Add an actor (id 0), or say anew what one is: name, roles, limits, whether it is revoked.
public struct DefineActor: Hashable, Sendable {
  public var id: RequestID
  public var actor: ActorDescription
  public var keyChange: KeyChange

  public init(id: RequestID, actor: ActorDescription, keyChange: KeyChange = .keep) {
    self.id = id
    self.actor = actor
    self.keyChange = keyChange
  }

  /// Whether a new key comes of it.
  public var makesKey: Bool { keyChange.makesKey || actor.id.rawValue == 0 }
}

/// How much an actor may do. A number that is 0 limits nothing.
public struct ActorLimits: Hashable, Sendable {
  /// Requests of any kind, over all its connections: as many at once, and then so many a second.
  public var requestsPerSecond: UInt32 = 0
  /// In a minute of UTC.
  public var minute = Allowance()
  /// In a day of UTC, which begins at midnight.
  public var day = Allowance()
  /// Of both values; nil if there is neither. What costs another currency is not sold then.
  public var currency: Currency?
  /// What it may sell, in rising order; empty for everything. At most `mostProducts`.
  public var products: [ProductID] = []

  public static let mostProducts = 1000

  public init() {}

  /// What may be done in a stretch of time.
  public struct Allowance: Hashable, Sendable {
    /// Cards it may take, by reserve or vend. They count no longer when their hold ends unsold.
    public var cards: UInt32
    /// Cards whose PINs it may be told again, or of which another took them.
    public var reprints: UInt32
    /// The price of the cards it may take, in minor units, before any discount.
    public var valueMinor: UInt64

    public init(cards: UInt32 = 0, reprints: UInt32 = 0, valueMinor: UInt64 = 0) {
      self.cards = cards
      self.reprints = reprints
      self.valueMinor = valueMinor
    }
  }

  /// Whether nothing is limited.
  public var isEmpty: Bool { self == ActorLimits() }

  /// Whether a product may be sold, as far as the product goes.
  package func allow(_ product: ProductID, costing price: Currency) -> Bool {
    if let currency, currency != price { return false }
    return products.isEmpty || products.containsSorted(product)
  }

  /// The first field that is not as it must be; nil if none is.
  package var invalidField: Field? {
    if (currency != nil) != (minute.valueMinor > 0 || day.valueMinor > 0) { return .currency }
    let isInOrder = zip(products, products.dropFirst()).allSatisfy { $0 < $1 }
    if products.count > Self.mostProducts || !isInOrder || products.first?.rawValue == 0 { return .product }
    return nil
  }
}

/// Which of an actor's limits was reached, with its number on the wire.
public enum ActorLimit: UInt8, Sendable, Codable, CaseIterable, CustomStringConvertible {
  case cardsPerMinute = 1
  case cardsPerDay = 2
  case valuePerMinute = 3
  case valuePerDay = 4
  case reprintsPerMinute = 5
  case reprintsPerDay = 6

  public var description: String {
    switch self {
    case .cardsPerMinute: "cards a minute"
    case .cardsPerDay: "cards a day"
    case .valuePerMinute: "value a minute"
    case .valuePerDay: "value a day"
    case .reprintsPerMinute: "reprints a minute"
    case .reprintsPerDay: "reprints a day"
    }
  }
}

extension [ProductID] {
  /// Whether a list in rising order has this one.
  fileprivate func containsSorted(_ product: ProductID) -> Bool {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < product { low = middle + 1 } else { high = middle }
    }
    return low < endIndex && self[low] == product
  }
}
