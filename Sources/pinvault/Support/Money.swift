import PinWords

/// Amounts of money between decimals, as people write them, and the integer minor units that everything else knows.
enum Money {
  /// How many decimals the currency has: ISO 4217's minor-unit exponent.
  static func decimals(of currency: Currency) -> Int {
    switch currency.description {
    case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
      "XOF", "XPF":
      0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    case "CLF", "UYW": 4
    default: 2
    }
  }

  /// `10.00` in dollars is 1000; nil unless it is digits, at most one point, and no more decimals than the currency has.
  static func minor(_ text: String, in currency: Currency) -> UInt64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = decimals(of: currency)
    let fraction = parts.count == 2 ? parts[1] : ""
    guard !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= decimals else { return nil }
    let digits = parts[0] + fraction + String(repeating: "0", count: decimals - fraction.utf8.count)
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return UInt64(digits)
  }

  /// The same with an error that says what is wrong.
  static func parse(_ text: String, in currency: Currency, option: String) throws(Fault) -> UInt64 {
    if let minor = minor(text, in: currency) { return minor }
    let decimals = decimals(of: currency)
    let example = decimals == 0 ? "10" : "10." + String(repeating: "0", count: decimals)
    throw Fault(.usage, "\(option) '\(text)': not an amount in \(currency); write it like \(example)")
  }

  /// `1000` in dollars is `10.00`.
  static func text(_ minor: UInt64, in currency: Currency) -> String {
    let decimals = decimals(of: currency)
    let digits = String(minor)
    guard decimals > 0 else { return digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// `10.00 USD`.
  static func textWithCurrency(_ minor: UInt64, in currency: Currency) -> String {
    "\(text(minor, in: currency)) \(currency)"
  }
}
