import Foundation
import PinWords

/// A payment card as its owner tells it: number and expiry, never the security code. It has no description.
package struct PaymentCardDetails: Sendable, Codable, Equatable, CustomStringConvertible, CustomReflectable {
  /// 12 to 19 digits that pass the Luhn check.
  package let number: String
  /// `YYYY-MM`.
  package let expiry: String

  package var description: String { "PaymentCardDetails(hidden)" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// Nil unless the number is one, spaces and dashes apart, and the expiry a month.
  package init?(number text: String, expiry: String) {
    let number = text.filter { $0 != " " && $0 != "-" }
    guard (12...19).contains(number.utf8.count), number.utf8.allSatisfy(Self.isDigit), Self.passesLuhn(number),
      let month = Self.month(expiry)
    else { return nil }
    self.number = number
    self.expiry = month
  }

  /// Whether its month is over everywhere: the day is longest where clocks are twelve hours behind UTC.
  package func isExpired(at date: Date) -> Bool { expiry < CardVault.period(of: date - 12 * 3600) }

  package var lastFour: String { String(number.suffix(4)) }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// ISO/IEC 7812-1, annex B: every second digit from the right doubled, the digits' sum divisible by ten.
  private static func passesLuhn(_ number: String) -> Bool {
    let sum = number.utf8.reversed().enumerated().reduce(0) { sum, place in
      let digit = Int(place.element - UInt8(ascii: "0"))
      guard place.offset % 2 == 1 else { return sum + digit }
      return sum + (digit > 4 ? digit * 2 - 9 : digit * 2)
    }
    return sum % 10 == 0
  }

  private static func month(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count == 7, bytes[4] == UInt8(ascii: "-"), bytes[..<4].allSatisfy(isDigit),
      bytes[5...].allSatisfy(isDigit), let month = Int(text.suffix(2)), (1...12).contains(month)
    else { return nil }
    return text
  }
}
