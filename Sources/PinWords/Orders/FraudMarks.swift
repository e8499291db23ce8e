/// What the fraud list knows somebody by: a keyed hash, the same for the same e-mail address, device and so on.
public struct Mark: Hashable, Sendable {
  public enum Kind: UInt8, Sendable, CaseIterable {
    case email = 1
    case address = 2
    case device = 3
    case card = 4
  }

  public var kind: Kind
  /// 16 bytes, which tell nothing of what they are of without the store's key.
  public var digest: [UInt8]

  public init(_ kind: Kind, _ digest: [UInt8]) {
    self.kind = kind
    self.digest = digest
  }
}

/// The kinds of marks of an order that were on the fraud list when it came, or when its payment card was changed.
public struct Suspicions: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  public init(_ kind: Mark.Kind) { rawValue = 1 << (kind.rawValue - 1) }

  public static let all: Suspicions = [
    Suspicions(.email), Suspicions(.address), Suspicions(.device), Suspicions(.card),
  ]

  public var kinds: [Mark.Kind] { Mark.Kind.allCases.filter { contains(Suspicions($0)) } }
}
