import PinWords

/// The days of a period with the instants at which they begin, for times that come in order.
package struct PeriodDays: Sendable {
  package let period: ReportPeriod
  package let calendar: BusinessCalendar
  /// One more than there are days: the last is where the period ends.
  private let starts: [UInt64]
  private var current = 0

  package init(_ period: ReportPeriod, _ calendar: BusinessCalendar) throws(ReportError) {
    for day in [period.from, Day(daysSince1970: period.to.daysSince1970 - 1)] where !calendar.has(day) {
      throw .dayLeftOut(day, zone: calendar.zoneName)
    }
    self.period = period
    self.calendar = calendar
    starts = (period.from.daysSince1970...period.to.daysSince1970).map {
      calendar.start(of: Day(daysSince1970: $0))
    }
  }

  /// When the period begins, milliseconds since 1970 UTC.
  package var startMilliseconds: UInt64 { starts[0] }
  /// When it is over.
  package var endMilliseconds: UInt64 { starts[starts.count - 1] }

  /// Its days, those left out that the zone does not have.
  var labels: [String] {
    starts.indices.dropLast().filter { starts[$0] < starts[$0 + 1] }.map {
      Day(daysSince1970: period.from.daysSince1970 + UInt32($0)).calendarText
    }
  }

  /// How many of its days have begun by a time; at least 1.
  func daysReached(by timeMilliseconds: UInt64) -> Int {
    max(1, starts.dropLast().count { $0 <= timeMilliseconds })
  }

  /// The day of a time within the period that is not before the one asked for last.
  mutating func day(at timeMilliseconds: UInt64) -> Day {
    precondition(timeMilliseconds < endMilliseconds, "a time is within its period")
    while timeMilliseconds >= starts[current + 1] { current += 1 }
    return Day(daysSince1970: period.from.daysSince1970 + UInt32(current))
  }
}
