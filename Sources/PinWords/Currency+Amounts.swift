/// Minor units as decimals, for people.
extension Currency {
  /// How many decimals the currency has: ISO 4217's minor-unit exponent.
  package var decimals: Int { Self.unusualDecimals[code] ?? 2 }

  private static let unusualDecimals: [UInt32: Int] = {
    let names: [Int: [String]] = [
      0: [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
        "XPF",
      ],
      3: ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 4: ["CLF", "UYW"],
    ]
    return names.reduce(into: [:]) { codes, entry in
      for name in entry.value.compactMap({ Currency($0) }) { codes[name.code] = entry.key }
    }
  }()

  /// `1000` in dollars is `10.00`, and `-5` is `-0.05`.
  package func text(minor: some BinaryInteger) -> String { text(minor: Int128(minor)) }

  /// The same; reports write it for each amount of each row.
  package func text(minor: Int128) -> String { decimalText(minor.magnitude, isNegative: minor < 0, decimals: decimals) }

  /// Thousandths of a minor unit: `29500` in dollars is `0.29500`.
  package func text(thousandths: UInt64) -> String {
    decimalText(UInt128(thousandths), isNegative: false, decimals: decimals + 3)
  }
}

/// A number with so many of its digits behind the point.
private func decimalText(_ magnitude: UInt128, isNegative: Bool, decimals: Int) -> String {
  guard var rest = UInt64(exactly: magnitude) else {
    // More than 20 digits: nothing that is sold costs so much, but sums are not cut.
    let digits = String(magnitude)
    let point = decimals == 0 ? "" : "." + digits.suffix(decimals)
    return (isNegative ? "-" : "") + digits.dropLast(decimals) + point
  }
  var (digitCount, power) = (1, rest)
  while power >= 10 { (digitCount, power) = (digitCount + 1, power / 10) }
  digitCount = max(digitCount, decimals + 1)
  let byteCount = (isNegative ? 1 : 0) + digitCount + (decimals > 0 ? 1 : 0)
  return String(unsafeUninitializedCapacity: byteCount) { buffer in
    if isNegative { buffer[0] = UInt8(ascii: "-") }
    var place = byteCount - 1
    for digit in 0..<digitCount {
      if decimals > 0, digit == decimals {
        buffer[place] = UInt8(ascii: ".")
        place -= 1
      }
      buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      (rest, place) = (rest / 10, place - 1)
    }
    return byteCount
  }
}
