/// Minor units as decimals, for people.
extension Currency {
  /// How many decimals the currency has: ISO 4217's minor-unit exponent.
  package var decimals: Int {
    switch description {
    case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
      "XOF", "XPF":
      0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    case "CLF", "UYW": 4
    default: 2
    }
  }

  /// `1000` in dollars is `10.00`, and `-5` is `-0.05`.
  package func text(minor: some BinaryInteger) -> String {
    let digits = String(minor.magnitude)
    let sign = minor < 0 ? "-" : ""
    let decimals = decimals
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
