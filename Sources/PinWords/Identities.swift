/// The identities of everything PinVault names, each a type of its own so that none is taken for another.
///
/// Read this file first: the rest of the folder is the vocabulary of the design's first section, shared by the engine, the
/// protocol and the client, and holds no behaviour beyond what a word means.
public protocol Identity: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible
where RawValue: FixedWidthInteger & Codable & Sendable {
  init(rawValue: RawValue)
}

extension Identity {
  @inlinable public init(_ rawValue: RawValue) { self.init(rawValue: rawValue) }
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  public var description: String { String(rawValue) }
  public init(from decoder: any Decoder) throws {
    self.init(rawValue: try decoder.singleValueContainer().decode(RawValue.self))
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// A card's number, given by the store at import, never reused; a lot's cards have consecutive ids. The first is 1.
public struct CardID: Identity {
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Cards of one product, one purchase and one expiry, under one data key.
public struct LotID: Identity {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// What one import brings in from a vendor.
public struct PurchaseID: Identity {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// What is sold. Terminals use this number; people use the SKU. The first is 1.
public struct ProductID: Identity {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Who sells cards to the shop; serials and PINs are unique per vendor over all history.
public struct VendorID: Identity {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Who asks. The store itself is 0; the first administrator is 1.
public struct ActorID: Identity {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The store acting by itself: expiring holds, voiding interrupted imports.
  public static let store = ActorID(rawValue: 0)
}

/// The 128-bit id a client chooses for a change; a reservation is known by the id of the request that made it.
///
/// Ids that rise with time (UUIDv7) keep the store's inserts together; any value but zero is accepted.
public struct RequestID: Hashable, Comparable, Sendable {
  public let high: UInt64
  public let low: UInt64

  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The id that is not one: refused as a request's id.
  public static let zero = RequestID(high: 0, low: 0)

  @inlinable
  public static func < (left: Self, right: Self) -> Bool {
    left.high == right.high ? left.low < right.low : left.high < right.high
  }

  /// A new UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits.
  public static func generate(
    atMilliseconds timeMilliseconds: UInt64, using generator: inout some RandomNumberGenerator
  ) -> RequestID {
    let high = timeMilliseconds << 16 | 0x7000 | UInt64.random(in: 0..<0x1000, using: &generator)
    let low = 0x8000_0000_0000_0000 | UInt64.random(in: 0..<0x4000_0000_0000_0000, using: &generator)
    return RequestID(high: high, low: low)
  }
}

extension RequestID: LosslessStringConvertible, Codable {
  /// The usual form, `018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10`.
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var place = 0
      for digit in 0..<32 {
        if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
          buffer[place] = UInt8(ascii: "-")
          place += 1
        }
        let half = digit < 16 ? high : low
        let value = UInt8(truncatingIfNeeded: half >> UInt64(60 - digit % 16 * 4)) & 15
        buffer[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
        place += 1
      }
      return place
    }
  }

  /// Reads 32 hexadecimal digits, with or without dashes.
  public init?(_ text: String) {
    let digits = text.filter { $0 != "-" }
    guard digits.utf8.count == 32, digits.allSatisfy(\.isHexDigit),
      let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = RequestID(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a 128-bit id")
    }
    self = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
