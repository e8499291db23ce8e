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

  /// Whether it can be so: codes as they must be, amounts within bounds.
  package var isSound: Bool {
    let largest: UInt64 = 1 << 40
    return from.isCountryCode && to.isCountryCode && perMinuteThousandths <= largest && connectionMinor <= largest
      && (1...3600).contains(roundingSeconds) && maintenanceMinor <= largest && validFrom != .never
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
  /// Whether it is written as ISO 3166-1 writes a country: two capital letters.
  package var isCountryCode: Bool {
    utf8.count == 2 && utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
  }
}
