/// A run of consecutive card ids of one lot, `[first, first + count)`.
public struct Extent: Hashable, Sendable, Codable, CustomStringConvertible {
  public var first: CardID
  public var count: UInt32

  @inlinable
  public init(first: CardID, count: UInt32) {
    self.first = first
    self.count = count
  }

  /// The id after the last.
  @inlinable public var end: CardID { CardID(first.rawValue + UInt64(count)) }
  /// The last id; the extent must not be empty.
  @inlinable public var last: CardID { CardID(first.rawValue + UInt64(count) - 1) }
  public var description: String { count == 1 ? "\(first)" : "\(first)-\(first.rawValue + UInt64(count) - 1)" }
}

/// What shape a card in stock is in.
public enum Condition: UInt8, Sendable, Codable, CaseIterable {
  /// Never disclosed.
  case regular = 0
  /// Came back after its PIN was disclosed; sold only by the used sale.
  case used = 1
  /// What became of it is unknown; not sold.
  case quarantined = 2
}

/// A calendar day, counted from 1970-01-01. A card is good through the end (UTC) of its expiry day.
public struct Day: Hashable, Comparable, Sendable {
  public let daysSince1970: UInt32

  @inlinable public init(daysSince1970: UInt32) { self.daysSince1970 = daysSince1970 }

  /// No expiry: sorts after every day.
  public static let never = Day(daysSince1970: .max)

  /// The day in UTC at a time given in milliseconds since 1970.
  @inlinable
  public init(atMilliseconds timeMilliseconds: UInt64) {
    daysSince1970 = UInt32(clamping: timeMilliseconds / 86_400_000)
  }

  @inlinable public static func < (left: Day, right: Day) -> Bool { left.daysSince1970 < right.daysSince1970 }

  /// This day and so many more; `never` stays `never`.
  @inlinable
  public func adding(days: UInt32) -> Day {
    let (sum, overflowed) = daysSince1970.addingReportingOverflow(days)
    return overflowed ? .never : Day(daysSince1970: sum)
  }
}

/// An ISO 4217 code, three capital letters.
public struct Currency: Hashable, Sendable, LosslessStringConvertible {
  /// The three letters, the first in the highest byte.
  public let code: UInt32

  /// A currency from its packed letters, or nil if they are not three capital letters.
  public init?(code: UInt32) {
    // Without a list of the letters: this is asked for every line of every sale.
    func isCapital(_ letter: UInt32) -> Bool { letter & 0xFF >= 0x41 && letter & 0xFF <= 0x5A }
    guard code >> 24 == 0, isCapital(code >> 16), isCapital(code >> 8), isCapital(code) else { return nil }
    self.code = code
  }

  public init?(_ text: String) {
    let letters = Array(text.utf8)
    guard letters.count == 3 else { return nil }
    self.init(code: UInt32(letters[0]) << 16 | UInt32(letters[1]) << 8 | UInt32(letters[2]))
  }

  public var description: String {
    String(
      decoding: [
        UInt8(truncatingIfNeeded: code >> 16), UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code),
      ], as: UTF8.self)
  }
}

/// What is sold: a SKU with a face value, a price, a currency, a vendor and a status.
public struct Product: Hashable, Sendable {
  public var id: ProductID
  /// 1 to 32 printable ASCII bytes, unique.
  public var sku: String
  /// 1 to 64 bytes of UTF-8, for people.
  public var name: String
  /// 1 to 64 bytes of UTF-8.
  public var vendor: String
  public var currency: Currency
  /// What the card is worth, in minor units.
  public var faceValueMinor: UInt64
  /// What a buyer pays, in minor units.
  public var priceMinor: UInt64
  /// How to redeem the card, printed on the receipt: up to 240 bytes of UTF-8.
  public var instructions: String
  /// Below this many regular cards, stock is low; 0 for never.
  public var lowStockThreshold: UInt32
  /// A card that expires in fewer days is not handed out.
  public var minimumValidityDays: UInt16
  /// A frozen product refuses reserve, vend and dispense.
  public var isFrozen: Bool

  public init(
    id: ProductID, sku: String, name: String, vendor: String, currency: Currency, faceValueMinor: UInt64,
    priceMinor: UInt64, instructions: String = "", lowStockThreshold: UInt32 = 0, minimumValidityDays: UInt16 = 0,
    isFrozen: Bool = false
  ) {
    self.id = id
    self.sku = sku
    self.name = name
    self.vendor = vendor
    self.currency = currency
    self.faceValueMinor = faceValueMinor
    self.priceMinor = priceMinor
    self.instructions = instructions
    self.lowStockThreshold = lowStockThreshold
    self.minimumValidityDays = minimumValidityDays
    self.isFrozen = isFrozen
  }
}

/// How many cards of one product are where.
public struct StockLevel: Hashable, Sendable, Codable {
  public var product: ProductID
  public var regular: UInt64 = 0
  public var used: UInt64 = 0
  public var quarantined: UInt64 = 0
  public var reserved: UInt64 = 0
  public var delivered: UInt64 = 0
  public var void: UInt64 = 0
  /// Cards of imports that are under way.
  public var loading: UInt64 = 0

  public init(product: ProductID) { self.product = product }
}
