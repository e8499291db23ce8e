import PinWords

/// Amounts of money between decimals, as people write them, and the integer minor units that everything else knows.
enum Money {
  /// `10.00` in dollars is 1000; nil unless it is digits, at most one point, and no more decimals than the currency has.
  static func minor(_ text: String, in currency: Currency) -> UInt64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = currency.decimals
    let fraction = parts.count == 2 ? parts[1] : ""
    guard !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= decimals else { return nil }
    let digits = parts[0] + fraction + String(repeating: "0", count: decimals - fraction.utf8.count)
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return UInt64(digits)
  }

  /// The same with an error that says what is wrong.
  static func parse(_ text: String, in currency: Currency, option: String) throws(Fault) -> UInt64 {
    if let minor = minor(text, in: currency) { return minor }
    let decimals = currency.decimals
    let example = decimals == 0 ? "10" : "10." + String(repeating: "0", count: decimals)
    throw Fault(.usage, "\(option) '\(text)': not an amount in \(currency); write it like \(example)")
  }

  /// `1000` in dollars is `10.00`.
  static func text(_ minor: UInt64, in currency: Currency) -> String { currency.text(minor: minor) }

  /// `10.00 USD`.
  static func textWithCurrency(_ minor: UInt64, in currency: Currency) -> String {
    "\(text(minor, in: currency)) \(currency)"
  }
}
