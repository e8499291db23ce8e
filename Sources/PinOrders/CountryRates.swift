import PinWords

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
