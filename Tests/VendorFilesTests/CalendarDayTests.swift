import Testing

@testable import VendorFiles

@Suite struct CalendarDayTests {
  static let known: [(text: String, days: Int32)] = [
    ("1970-01-01", 0),
    ("1969-12-31", -1),
    ("1970-03-01", 59),
    ("1972-02-29", 789),
    ("1999-12-31", 10_956),
    ("2000-02-28", 11_015),
    ("2000-02-29", 11_016),
    ("2000-03-01", 11_017),
    ("2024-02-29", 19_782),
    ("2026-01-01", 20_454),
    ("2038-01-19", 24_855),
    ("2100-02-28", 47_540),
    ("2100-03-01", 47_541),
    ("1900-03-01", -25_508),
    ("0000-01-01", -719_528),
    ("0000-02-29", -719_469),
    ("9999-12-31", 2_932_896),
  ]

  @Test(arguments: known)
  func aKnownDayHasItsNumber(_ known: (text: String, days: Int32)) throws {
    #expect(try CalendarDay(text: known.text).daysSince1970 == known.days)
    #expect(CalendarDay(daysSince1970: known.days).description == known.text)
  }

  /// Walks through every day of ten thousand years by month lengths alone.
  @Test func daysFollowOneAnotherWithoutGap() {
    var expected: Int32 = -719_528
    for year in 0...9999 {
      let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for month in 1...12 {
        for day in [1, 2, 15, lengths[month - 1]] {
          let found = CalendarDay(year: year, month: month, day: day)
          let civil = found?.civil ?? (0, 0, 0)
          guard found?.daysSince1970 == expected + Int32(day - 1), civil == (year, month, day) else {
            Issue.record("\(year)-\(month)-\(day) is not day \(expected + Int32(day - 1))")
            return
          }
        }
        guard CalendarDay(year: year, month: month, day: lengths[month - 1] + 1) == nil else {
          Issue.record("\(year)-\(month) is too long")
          return
        }
        expected += Int32(lengths[month - 1])
      }
    }
    #expect(expected == 2_932_897)
  }

  @Test(arguments: ["2100-02-29", "1900-02-29", "2027-02-29", "2030-06-31", "2030-00-01", "2030-01-00", "2030-13-01"])
  func aDayThatTheCalendarDoesNotHaveIsRefused(_ text: String) {
    #expect(throws: CalendarDay.Fault.noSuchDay) { try CalendarDay(text: text) }
  }

  @Test(arguments: [
    "", "2030", "2030-1-1", "30-01-01", "2030/01/01", "2030-01-011", " 2030-01-01", "２030-01-01", "+030-01-01",
  ])
  func whatIsNotWrittenAsADateIsRefused(_ text: String) {
    #expect(throws: CalendarDay.Fault.notADate) { try CalendarDay(text: text) }
  }
}
