/// A day of the Gregorian calendar, counted from 1970-01-01, without a time zone.
package struct CalendarDay: Hashable, Comparable, Sendable {
  /// 0 is 1970-01-01; days before it are negative.
  package let daysSince1970: Int32

  package init(daysSince1970: Int32) {
    self.daysSince1970 = daysSince1970
  }

  package static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.daysSince1970 < right.daysSince1970
  }
}

extension CalendarDay {
  /// Why a text is no day.
  package enum Fault: Error, Equatable, Sendable {
    /// It is not four digits, a dash, two digits, a dash and two digits.
    case notADate
    /// It is written as a date, but the calendar has no such day.
    case noSuchDay
  }

  /// Reads `YYYY-MM-DD`, and nothing else: no spaces, no shorter year.
  package init(text: String) throws(Fault) {
    var text = text
    let result = text.withUTF8 { bytes in CalendarDay.parse(bytes.span, in: 0..<bytes.count) }
    self = try result.get()
  }

  static func parse(_ bytes: Span<UInt8>, in range: Range<Int>) -> Result<CalendarDay, Fault> {
    guard range.count == 10 else { return .failure(.notADate) }
    var number = 0
    for index in 0..<10 {
      let byte = bytes[range.lowerBound + index]
      if index == 4 || index == 7 {
        guard byte == UInt8(ascii: "-") else { return .failure(.notADate) }
      } else {
        guard byte &- UInt8(ascii: "0") < 10 else { return .failure(.notADate) }
        number = number * 10 + Int(byte - UInt8(ascii: "0"))
      }
    }
    guard let day = CalendarDay(year: number / 10_000, month: number / 100 % 100, day: number % 100) else {
      return .failure(.noSuchDay)
    }
    return .success(day)
  }
}

/// Years run from March here, so that the leap day is the last of its year and a year's length disturbs no month.
extension CalendarDay {
  private static let daysIn400Years = 146_097
  /// From 0000-03-01 to 1970-01-01.
  private static let daysBefore1970 = 719_468

  /// Nil if the calendar has no such day. Years run from 0 to 9999.
  package init?(year: Int, month: Int, day: Int) {
    guard (0...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    guard day <= CalendarDay.length(ofMonth: month, inYear: year) else { return nil }
    // Year -1's March begins the era that holds January and February of year 0.
    let marchYear = (month > 2 ? year : year - 1) + 400
    let wholeYears = marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400
    let wholeMonths = CalendarDay.daysBefore(marchMonth: (month + 9) % 12)
    let days = wholeYears + wholeMonths + day - 1 - CalendarDay.daysIn400Years - CalendarDay.daysBefore1970
    daysSince1970 = Int32(days)
  }

  /// Days from 1 March to the first of the month that comes so many months after it.
  ///
  /// Month lengths from March on repeat 31, 30, 31, 30, 31: 153 days in five months.
  private static func daysBefore(marchMonth: Int) -> Int {
    (marchMonth * 153 + 2) / 5
  }

  private static func length(ofMonth month: Int, inYear year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Year, month and day of month.
  package var civil: (year: Int, month: Int, day: Int) {
    let day = Int(daysSince1970) + CalendarDay.daysBefore1970
    let era = day >= 0 ? day / CalendarDay.daysIn400Years : (day + 1) / CalendarDay.daysIn400Years - 1
    let dayOfEra = day - era * CalendarDay.daysIn400Years
    // An era's leap days, as far as they come before the day, taken out: then every year has 365 days.
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (dayOfYear * 5 + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - CalendarDay.daysBefore(marchMonth: marchMonth) + 1)
  }
}

extension CalendarDay: CustomStringConvertible {
  /// `YYYY-MM-DD`.
  package var description: String {
    let (year, month, day) = civil
    return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
  }

  private func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }
}
