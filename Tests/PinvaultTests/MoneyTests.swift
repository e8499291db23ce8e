import PinWords
import Testing

@testable import pinvault

@Suite struct MoneyTests {
  @Test(
    "a decimal amount is the currency's minor units, by its own exponent",
    arguments: [
      ("10.00", "USD", 1000), ("10", "USD", 1000), ("0.05", "EUR", 5), ("10.5", "GBP", 1050), ("1000", "JPY", 1000),
      ("1000", "KRW", 1000), ("1.234", "KWD", 1234), ("1", "BHD", 1000), ("0", "USD", 0),
      ("184467440737095516.15", "USD", UInt64.max),
    ])
  func parses(text: String, currency: String, minor: UInt64) throws {
    #expect(Money.minor(text, in: try #require(Currency(currency))) == minor)
  }

  @Test(
    "what is not an amount of the currency is refused",
    arguments: [
      ("", "USD"), ("10.", "USD"), (".50", "USD"), ("1.234", "USD"), ("10.0", "JPY"), ("-1", "USD"), ("1e3", "USD"),
      ("1,50", "EUR"), ("+1", "USD"), ("1.2345", "KWD"), ("١", "USD"), ("184467440737095516.16", "USD"), (" 1", "USD"),
    ])
  func refuses(text: String, currency: String) throws {
    #expect(Money.minor(text, in: try #require(Currency(currency))) == nil)
  }

  @Test(
    "minor units are printed with all their decimals",
    arguments: [
      (1000, "USD", "10.00"), (5, "USD", "0.05"), (0, "EUR", "0.00"), (1000, "JPY", "1000"), (1, "KWD", "0.001"),
    ] as [(UInt64, String, String)])
  func prints(minor: UInt64, currency: String, text: String) throws {
    #expect(Money.text(minor, in: try #require(Currency(currency))) == text)
  }
}
