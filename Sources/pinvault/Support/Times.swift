import ArgumentParser
import Glibc
import PinWords
import VendorFiles

/// Times as the program prints and reads them: always UTC.
enum Times {
  /// `2026-03-01T12:00:00.123Z`, for machines.
  static func stamp(_ milliseconds: UInt64) -> String {
    let (day, time) = parts(milliseconds)
    return "\(day)T\(time).\(padded(milliseconds % 1000, to: 3))Z"
  }

  /// `2026-03-01 12:00:00 UTC`, for people.
  static func text(_ milliseconds: UInt64) -> String {
    let (day, time) = parts(milliseconds)
    return "\(day) \(time) UTC"
  }

  private static func parts(_ milliseconds: UInt64) -> (day: String, time: String) {
    let seconds = milliseconds / 1000 % 86_400
    let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, to: 2) }.joined(separator: ":")
    return (Day(atMilliseconds: milliseconds).text ?? "never", time)
  }

  private static func padded(_ number: UInt64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Day {
  /// `2026-03-01`; nil for `never`.
  var text: String? { self == .never ? nil : CalendarDay(daysSince1970: Int32(clamping: daysSince1970)).description }

  /// For people.
  var textOrNever: String { text ?? "never" }
}

/// A day given on the command line as `YYYY-MM-DD`.
struct DayArgument: ExpressibleByArgument {
  let calendarDay: CalendarDay

  init?(argument: String) {
    do throws(CalendarDay.Fault) { calendarDay = try CalendarDay(text: argument) } catch { return nil }
  }
}

/// A length of time given on the command line: a number and `s`, `m`, `h` or `d`; a number alone is seconds.
struct SecondsArgument: ExpressibleByArgument {
  let seconds: UInt32

  init(seconds: UInt32) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = UInt32(unit == nil ? argument[...] : argument.dropLast()) else { return nil }
    let (seconds, overflowed) = number.multipliedReportingOverflow(by: unit ?? 1)
    if overflowed { return nil }
    self.seconds = seconds
  }

  var duration: Duration { .seconds(Int(seconds)) }
  var defaultValueDescription: String { "\(seconds)s" }
}

/// The machine's clock.
enum SystemTime {
  /// Milliseconds since 1970 UTC.
  static var milliseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
