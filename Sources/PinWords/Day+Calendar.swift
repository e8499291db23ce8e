/// Days as people write them, `YYYY-MM-DD`, in the Gregorian calendar.
extension Day {
  /// The day of a year, month and day; nil if there is none, or none since 1970.
  package init?(year: Int, month: Int, day: Int) {
    guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
    // Counted from 0000-03-01, where a leap day is the last of its year: 146,097 days are 400 years, 1461 four, and months
    // from March on begin on day (153 m + 2) / 5 of their year.
    let marchYear = month > 2 ? year : year - 1
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfEra = marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + (153 * monthFromMarch + 2) / 5
    self.init(daysSince1970: UInt32(dayOfEra + day - 1 - 719_468))
    guard calendarParts == (year, month, day) else { return nil }
  }

  /// Its year, month and day; not for `never`.
  package var calendarParts: (year: Int, month: Int, day: Int) { Self.calendarParts(daysSince1970: Int(daysSince1970)) }

  static func calendarParts(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (daysSince1970 + 719_468).quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }

  /// Reads `YYYY-MM-DD`; nil for anything else, and for a day that does not exist.
  package init?(calendarText text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2],
      text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// `YYYY-MM-DD`; years past 9999 simply have more digits.
  package var calendarText: String { Self.calendarText(daysSince1970: Int(daysSince1970)) }

  static func calendarText(daysSince1970: Int) -> String {
    // The digits of the largest year that a `UInt64` of milliseconds has, and eight of the date and the dashes.
    String(unsafeUninitializedCapacity: 20) { put(daysSince1970: daysSince1970, in: $0) }
  }

  /// Writes the text at the beginning of a buffer; returns how long it is.
  fileprivate static func put(daysSince1970: Int, in buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let (year, month, day) = calendarParts(daysSince1970: daysSince1970)
    var (width, power) = (4, year / 10_000)
    while power > 0 { (width, power) = (width + 1, power / 10) }
    putDigits(UInt64(year), width: width, at: 0, in: buffer)
    buffer[width] = UInt8(ascii: "-")
    putDigits(UInt64(month), width: 2, at: width + 1, in: buffer)
    buffer[width + 3] = UInt8(ascii: "-")
    putDigits(UInt64(day), width: 2, at: width + 4, in: buffer)
    return width + 6
  }
}

/// A time as RFC 3339 writes it, in UTC: `2027-01-15T08:00:00.000Z`.
package func rfc3339(_ timeMilliseconds: UInt64) -> String {
  let (seconds, milliseconds) = timeMilliseconds.quotientAndRemainder(dividingBy: 1000)
  let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
  let (hours, minute) = minutes.quotientAndRemainder(dividingBy: 60)
  let (days, hour) = hours.quotientAndRemainder(dividingBy: 24)
  return String(unsafeUninitializedCapacity: 34) { buffer in
    var place = Day.put(daysSince1970: Int(days), in: buffer)
    func add(_ mark: UInt8, _ number: UInt64, width: Int) {
      buffer[place] = mark
      putDigits(number, width: width, at: place + 1, in: buffer)
      place += width + 1
    }
    add(UInt8(ascii: "T"), hour, width: 2)
    add(UInt8(ascii: ":"), minute, width: 2)
    add(UInt8(ascii: ":"), second, width: 2)
    add(UInt8(ascii: "."), milliseconds, width: 3)
    buffer[place] = UInt8(ascii: "Z")
    return place + 1
  }
}

/// Writes a number's last digits, with zeros in front.
private func putDigits(_ number: UInt64, width: Int, at place: Int, in buffer: UnsafeMutableBufferPointer<UInt8>) {
  var rest = number
  for digit in (0..<width).reversed() {
    buffer[place + digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
    rest /= 10
  }
}
