import Foundation
import PinWords

/// When each business day begins and ends: a time zone, and the time of day at which the shop closes its books.
///
/// A business day begins at the first instant at which the clocks of the zone show its date and the start time, or later
/// where they jump over it. So days follow each other without a gap, have 23 or 25 hours where clocks change, and one that
/// a zone left out has no length: it does not exist.
package struct BusinessCalendar: Sendable {
  package let zone: TimeZone
  /// As it was asked for.
  package let zoneName: String
  /// Minutes after midnight: 0 to 1439.
  package let dayStartMinutes: Int

  package init(zone name: String, dayStarts: String = "00:00") throws(ReportError) {
    guard let zone = TimeZone(identifier: name) else { throw .unknownZone(name) }
    guard let minutes = Self.minutes(of: dayStarts) else { throw .notATimeOfDay(dayStarts) }
    self.zone = zone
    zoneName = name
    dayStartMinutes = minutes
  }

  /// `04:00` is 240.
  private static func minutes(of text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [2, 2], parts.joined().utf8.allSatisfy({ (48...57).contains($0) }),
      let hour = UInt8(parts[0]), let minute = UInt8(parts[1]), hour < 24,
      minute < 60
    else { return nil }
    return Int(hour) * 60 + Int(minute)
  }

  /// `04:00`.
  package var dayStartText: String {
    let (hours, minutes) = dayStartMinutes.quotientAndRemainder(dividingBy: 60)
    return "\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
  }

  /// When a business day begins, milliseconds since 1970 UTC.
  package func start(of day: Day) -> UInt64 {
    let local = Int64(day.daysSince1970) * 86_400 + Int64(dayStartMinutes) * 60
    return UInt64(max(0, firstInstant(showing: local))) * 1000
  }

  /// The business day that a time is in.
  package func day(at timeMilliseconds: UInt64) -> Day {
    let seconds = Int64(timeMilliseconds / 1000)
    let local = seconds + offset(at: seconds) - Int64(dayStartMinutes) * 60
    var day = Day(daysSince1970: UInt32(max(0, local / 86_400)))
    while day.daysSince1970 > 0, timeMilliseconds < start(of: day) { day = day.before }
    while start(of: day.adding(days: 1)) <= timeMilliseconds { day = day.adding(days: 1) }
    return day
  }

  /// Whether the zone has the day at all: Samoa went from 29 to 31 December 2011.
  package func has(_ day: Day) -> Bool { start(of: day) < start(of: day.adding(days: 1)) }

  /// The hour that the zone's clocks show: 0 to 23.
  func hour(at timeMilliseconds: UInt64) -> Int {
    let seconds = Int64(timeMilliseconds / 1000)
    return Int((seconds + offset(at: seconds) + 86_400) / 3600 % 24)
  }

  // MARK: Clocks

  /// Seconds that the zone's clocks are ahead of UTC.
  private func offset(at seconds: Int64) -> Int64 {
    Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds))))
  }

  /// The first instant at which the clocks show a time or a later one; both in seconds since 1970.
  ///
  /// No zone is 16 hours from UTC, and none changes its clocks twice within 32 hours.
  private func firstInstant(showing local: Int64) -> Int64 {
    var (low, high) = (local - 16 * 3600, local + 16 * 3600)
    let (before, after) = (offset(at: low), offset(at: high))
    if before == after { return local - before }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if offset(at: middle) == before { low = middle } else { high = middle }
    }
    // The clocks change at `high`.
    return local - before < high ? local - before : max(high, local - after)
  }
}

extension Day {
  var before: Day { Day(daysSince1970: daysSince1970 - 1) }
}
