import PinWords

/// What a call from one country to another costs with a product, from a day on.
package struct CountryRate: Hashable, Sendable {
  /// ISO 3166-1: two capital letters.
  package var from: String
  package var to: String
  package var isMobile: Bool
  /// In thousandths of a minor unit of the product's currency: 29.5 cents are 29,500.
  package var perMinuteThousandths: UInt64
  /// What each call costs beside its time, in minor units.
  package var connectionMinor: UInt64
  /// Time is charged in steps of so many seconds, each begun one whole: 1 to 3600.
  package var roundingSeconds: UInt16
  /// What holding the card costs from its first call on, in minor units.
  package var maintenanceMinor: UInt64
  package var validFrom: Day

  package init(
    from: String, to: String, isMobile: Bool, perMinuteThousandths: UInt64, connectionMinor: UInt64,
    roundingSeconds: UInt16, maintenanceMinor: UInt64, validFrom: Day
  ) {
    self.from = from
    self.to = to
    self.isMobile = isMobile
    self.perMinuteThousandths = perMinuteThousandths
    self.connectionMinor = connectionMinor
    self.roundingSeconds = roundingSeconds
    self.maintenanceMinor = maintenanceMinor
    self.validFrom = validFrom
  }

  var isSound: Bool {
    let largest: UInt64 = 1 << 40
    return from.isCountryCode && to.isCountryCode && perMinuteThousandths <= largest && connectionMinor <= largest
      && (1...3600).contains(roundingSeconds) && maintenanceMinor <= largest && validFrom != .never
  }
}

/// The rates of a product as its document has them: a line for each, so that a document holds some 1,800.
struct RateSheet: Codable, Equatable {
  static let mostBytes = 60 << 10
  private var lines: [String]

  /// Nil if one of them cannot be so, two are of the same call and day, or they are too many.
  init?(_ rates: [CountryRate]) {
    guard rates.allSatisfy(\.isSound) else { return nil }
    let calls = rates.map { [$0.from, $0.to, "\($0.isMobile)", "\($0.validFrom.daysSince1970)"] }
    guard Set(calls).count == calls.count else { return nil }
    lines = rates.map { rate in
      [
        rate.from, rate.to, rate.isMobile ? "m" : "f", "\(rate.perMinuteThousandths)", "\(rate.connectionMinor)",
        "\(rate.roundingSeconds)", "\(rate.maintenanceMinor)", "\(rate.validFrom.daysSince1970)",
      ].joined(separator: ",")
    }
    guard lines.reduce(0, { $0 + $1.utf8.count + 3 }) <= Self.mostBytes else { return nil }
  }

  var rates: [CountryRate] {
    lines.compactMap { line in
      let parts = line.split(separator: ",").map(String.init)
      guard parts.count == 8, let perMinute = UInt64(parts[3]), let connection = UInt64(parts[4]),
        let rounding = UInt16(parts[5]), let maintenance = UInt64(parts[6]), let day = UInt32(parts[7])
      else { return nil }
      return CountryRate(
        from: parts[0], to: parts[1], isMobile: parts[2] == "m", perMinuteThousandths: perMinute,
        connectionMinor: connection, roundingSeconds: rounding, maintenanceMinor: maintenance,
        validFrom: Day(daysSince1970: day))
    }
  }
}

/// A country that a customer calls, and where that is known from.
package struct CalledCountry: Codable, Hashable, Sendable {
  package enum Source: String, Codable, Sendable, CaseIterable {
    case registration, checkout, search, `import`
  }
  package var country: String
  package var knownFrom: Source

  package init(country: String, knownFrom: Source) {
    self.country = country
    self.knownFrom = knownFrom
  }
}

extension String {
  var isCountryCode: Bool {
    utf8.count == 2 && utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
  }
}
