import PinWords

extension PeriodDays {
  /// The days that somebody asks for: a period by its name, or the first day and the one after the last; today if neither
  /// is there, and up to today if the last is not.
  package init(
    named name: String? = nil, from: String? = nil, to: String? = nil, _ calendar: BusinessCalendar,
    nowMilliseconds: UInt64
  ) throws(ReportError) {
    guard name == nil || from == nil, to == nil || from != nil else { throw .periodTwice }
    let today = calendar.day(at: nowMilliseconds)
    guard let from else {
      self = try PeriodDays(try ReportPeriod(name ?? "today", today: today), calendar)
      return
    }
    let last = try to.map { (text) throws(ReportError) in try Self.day(text) } ?? today.adding(days: 1)
    self = try PeriodDays(try ReportPeriod(from: try Self.day(from), to: last), calendar)
  }

  private static func day(_ text: String) throws(ReportError) -> Day {
    guard let day = Day(calendarText: text) else { throw .noSuchDay(text) }
    return day
  }
}
