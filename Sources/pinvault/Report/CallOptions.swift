import ArgumentParser
import PinWords

/// What country reports are asked about, and whether serials are wanted: what the back office alone can tell.
struct CallOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How long one call is. (default: 300)", valueName: "seconds")) var callSeconds: UInt32?
  @Option(
    help: ArgumentHelp(
      "What is spent on calls, in --currency. (default: what each card is worth)", valueName: "amount"))
  var amount: String?
  @Option(help: ArgumentHelp("Only calls to this country, as ISO 3166 writes it.", valueName: "country"))
  var country: String?
  @Option(help: ArgumentHelp("Only calls from this country.", valueName: "country")) var fromCountry: String?
  @Option(help: ArgumentHelp("Only calls to these: fixed or mobile.", valueName: "line")) var line: String?
  @Flag(help: "Only customers who have consented to marketing mail.") var consenting = false
  @Flag(help: "With the serials of the cards, in daily-details and purchases.") var serials = false

  var isGiven: Bool {
    serials || consenting || callSeconds != nil || amount != nil || country != nil || fromCountry != nil || line != nil
  }

  /// As the back office takes them.
  func parameters(_ currency: Currency?) throws -> [(String, String?)] {
    var minor: UInt64?
    if let amount {
      guard let currency else { throw Fault(.usage, "--amount needs --currency") }
      minor = Money.minor(amount, in: currency)
      guard minor != nil else { throw Fault(.usage, "--amount '\(amount)': not an amount in \(currency)") }
    }
    return [
      ("call_seconds", callSeconds.map { "\($0)" }), ("amount_minor", minor.map { "\($0)" }), ("country", country),
      ("from_country", fromCountry), ("line", line), ("serials", serials ? "true" : nil),
      ("consents", consenting ? "true" : nil),
    ]
  }
}
