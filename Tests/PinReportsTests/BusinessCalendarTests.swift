import PinWords
import Testing

@testable import PinReports

/// Business days: of 23, 24 and 25 hours, closing at another hour than midnight, and days that never were.
@Suite struct BusinessCalendarTests {
  struct Case: Sendable {
    var zone: String
    var starts = "00:00"
    var day: String
    /// When it begins, UTC.
    var begins: String
    var hours: Double
  }

  static let cases = [
    Case(zone: "UTC", day: "2027-03-28", begins: "2027-03-28T00:00:00.000Z", hours: 24),
    Case(zone: "Europe/Berlin", day: "2027-03-28", begins: "2027-03-27T23:00:00.000Z", hours: 23),
    Case(zone: "Europe/Berlin", day: "2027-10-31", begins: "2027-10-30T22:00:00.000Z", hours: 25),
    // Closing at four, it is the day before that has the hour less or more.
    Case(zone: "Europe/Berlin", starts: "04:00", day: "2027-03-27", begins: "2027-03-27T03:00:00.000Z", hours: 23),
    Case(zone: "Europe/Berlin", starts: "04:00", day: "2027-03-28", begins: "2027-03-28T02:00:00.000Z", hours: 24),
    Case(zone: "Europe/Berlin", starts: "04:00", day: "2027-10-30", begins: "2027-10-30T02:00:00.000Z", hours: 25),
    // A start that the clocks jump over is the moment they do; one that they show twice is the first.
    Case(zone: "Europe/Berlin", starts: "02:30", day: "2027-03-28", begins: "2027-03-28T01:00:00.000Z", hours: 23.5),
    Case(zone: "Europe/Berlin", starts: "02:30", day: "2027-10-31", begins: "2027-10-31T00:30:00.000Z", hours: 25),
    Case(zone: "America/New_York", day: "2027-11-07", begins: "2027-11-07T04:00:00.000Z", hours: 25),
    // Midnight itself does not exist on this day.
    Case(zone: "America/Havana", day: "2027-03-14", begins: "2027-03-14T05:00:00.000Z", hours: 23),
    Case(zone: "Australia/Lord_Howe", day: "2027-10-03", begins: "2027-10-02T13:30:00.000Z", hours: 23.5),
    Case(zone: "Asia/Kathmandu", day: "2027-01-01", begins: "2026-12-31T18:15:00.000Z", hours: 24),
    Case(zone: "Pacific/Apia", day: "2011-12-29", begins: "2011-12-29T10:00:00.000Z", hours: 24),
    Case(zone: "Pacific/Apia", day: "2011-12-31", begins: "2011-12-30T10:00:00.000Z", hours: 24),
  ]

  @Test(arguments: cases) func aDayBeginsWhenClocksSaySo(_ item: Case) throws {
    let calendar = try BusinessCalendar(zone: item.zone, dayStarts: item.starts)
    let day = try #require(Day(calendarText: item.day))
    #expect(rfc3339(calendar.start(of: day)) == item.begins)
    #expect(calendar.start(of: day.adding(days: 1)) - calendar.start(of: day) == UInt64(item.hours * 3_600_000))
    #expect(calendar.has(day))
    #expect(calendar.day(at: calendar.start(of: day)) == day)
    #expect(calendar.day(at: calendar.start(of: day.adding(days: 1)) - 1) == day)
  }

  @Test func aDayThatAZoneLeftOutDoesNotExist() throws {
    let calendar = try BusinessCalendar(zone: "Pacific/Apia")
    let day = try #require(Day(calendarText: "2011-12-30"))
    #expect(!calendar.has(day))
    let period = try ReportPeriod(from: day, to: day.adding(days: 1))
    #expect(throws: ReportError.dayLeftOut(day, zone: "Pacific/Apia")) { try PeriodDays(period, calendar) }
  }

  @Test(arguments: [
    ("today", "2027-03-17", "2027-03-18"), ("yesterday", "2027-03-16", "2027-03-17"),
    ("this-week", "2027-03-15", "2027-03-22"), ("last-week", "2027-03-08", "2027-03-15"),
    ("this-month", "2027-03-01", "2027-04-01"), ("last-month", "2027-02-01", "2027-03-01"),
    ("this-quarter", "2027-01-01", "2027-04-01"), ("last-quarter", "2026-10-01", "2027-01-01"),
    ("this-year", "2027-01-01", "2028-01-01"), ("last-year", "2026-01-01", "2027-01-01"),
    ("last-7-days", "2027-03-10", "2027-03-17"), ("last-30-days", "2027-02-15", "2027-03-17"),
    ("2028-02-29", "2028-02-29", "2028-03-01"), ("2028-02", "2028-02-01", "2028-03-01"),
    ("2027-12", "2027-12-01", "2028-01-01"), ("2027", "2027-01-01", "2028-01-01"),
  ]) func aPeriodHasAName(_ name: String, _ from: String, _ to: String) throws {
    // A Wednesday.
    let today = try #require(Day(calendarText: "2027-03-17"))
    let period = try ReportPeriod(name, today: today)
    #expect([period.from.calendarText, period.to.calendarText] == [from, to])
  }

  @Test(arguments: [
    ("2027-02-29", ReportError.noSuchDay("2027-02-29")), ("2027-13", .noSuchDay("2027-13")),
    ("2027-3-1", .unknownPeriod("2027-3-1")), ("", .unknownPeriod("")), ("tomorrow", .unknownPeriod("tomorrow")),
    ("1969", .noSuchDay("1969")),
  ]) func whatIsNoPeriodIsRefused(_ text: String, _ error: ReportError) throws {
    let today = try #require(Day(calendarText: "2027-03-17"))
    #expect(throws: error) { try ReportPeriod(text, today: today) }
  }

  @Test func aPeriodGoesForward() throws {
    let day = try #require(Day(calendarText: "2027-03-17"))
    #expect(throws: ReportError.backwards(from: day, to: day)) { try ReportPeriod(from: day, to: day) }
    #expect(throws: ReportError.periodTooLong) { try ReportPeriod(from: day, to: day.adding(days: 36_526)) }
    #expect(throws: ReportError.unknownZone("Mars/Phobos")) { try BusinessCalendar(zone: "Mars/Phobos") }
    for text in ["24:00", "4:00", "04:60", "0400", "-1:00", "+1:00"] {
      #expect(throws: ReportError.notATimeOfDay(text)) { try BusinessCalendar(zone: "UTC", dayStarts: text) }
    }
  }
}
