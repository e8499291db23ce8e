import PinWords

/// The business days `[from, to)` that a report is about.
package struct ReportPeriod: Hashable, Sendable {
  package let from: Day
  /// The day after the last.
  package let to: Day

  /// A century: what a list of its days may hold.
  static let mostDays: UInt32 = 36_525

  package init(from: Day, to: Day) throws(ReportError) {
    guard from < to else { throw .backwards(from: from, to: to) }
    guard to.daysSince1970 - from.daysSince1970 <= Self.mostDays else { throw .periodTooLong }
    self.from = from
    self.to = to
  }

  package var dayCount: Int { Int(to.daysSince1970 - from.daysSince1970) }

  /// The names that stand for a period as of a day.
  package static let names = [
    "today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-quarter", "last-quarter",
    "this-year", "last-year", "last-7-days", "last-30-days",
  ]

  /// A period by its name, or a year (`2026`), a month (`2026-03`) or a day (`2026-03-09`). Weeks begin on Monday.
  package init(_ name: String, today: Day) throws(ReportError) {
    if let period = try Self.relative(name, today) {
      self = period
    } else {
      self = try Self.absolute(name)
    }
  }

  private static func absolute(_ text: String) throws(ReportError) -> ReportPeriod {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let isDigits = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    guard isDigits, parts.first?.utf8.count == 4, parts.dropFirst().allSatisfy({ $0.utf8.count == 2 }) else {
      throw .unknownPeriod(text)
    }
    switch parts.count {
    case 1:
      guard let year = Int(parts[0]), let from = Day(year: year, month: 1, day: 1) else { throw .noSuchDay(text) }
      return try ReportPeriod(from: from, to: from.adding(months: 12))
    case 2:
      guard let from = Day(calendarText: text + "-01") else { throw .noSuchDay(text) }
      return try ReportPeriod(from: from, to: from.adding(months: 1))
    case 3:
      guard let from = Day(calendarText: text) else { throw .noSuchDay(text) }
      return try ReportPeriod(from: from, to: from.adding(days: 1))
    default: throw .unknownPeriod(text)
    }
  }

  private static func relative(_ name: String, _ today: Day) throws(ReportError) -> ReportPeriod? {
    let tomorrow = today.adding(days: 1)
    // 1970-01-01 was a Thursday.
    let monday = today.subtracting(days: (today.daysSince1970 + 3) % 7)
    let (year, month, day) = today.calendarParts
    let first = today.subtracting(days: UInt32(day - 1))
    let quarter = first.adding(months: -((month - 1) % 3))
    let newYear = first.adding(months: -(month - 1))
    precondition(year >= 1971, "relative periods are asked for after 1970")
    switch name {
    case "today": return try ReportPeriod(from: today, to: tomorrow)
    case "yesterday": return try ReportPeriod(from: today.subtracting(days: 1), to: today)
    case "this-week": return try ReportPeriod(from: monday, to: monday.adding(days: 7))
    case "last-week": return try ReportPeriod(from: monday.subtracting(days: 7), to: monday)
    case "this-month": return try ReportPeriod(from: first, to: first.adding(months: 1))
    case "last-month": return try ReportPeriod(from: first.adding(months: -1), to: first)
    case "this-quarter": return try ReportPeriod(from: quarter, to: quarter.adding(months: 3))
    case "last-quarter": return try ReportPeriod(from: quarter.adding(months: -3), to: quarter)
    case "this-year": return try ReportPeriod(from: newYear, to: newYear.adding(months: 12))
    case "last-year": return try ReportPeriod(from: newYear.adding(months: -12), to: newYear)
    case "last-7-days": return try ReportPeriod(from: today.subtracting(days: 7), to: today)
    case "last-30-days": return try ReportPeriod(from: today.subtracting(days: 30), to: today)
    default: return nil
    }
  }
}

extension Day {
  func subtracting(days: UInt32) -> Day { Day(daysSince1970: daysSince1970 - min(days, daysSince1970)) }

  /// The first of a month, so many months later, for a day that is the first of one.
  fileprivate func adding(months: Int) -> Day {
    let (year, month, day) = calendarParts
    precondition(day == 1, "months are added to the first of one")
    let (years, index) = (year * 12 + month - 1 + months).quotientAndRemainder(dividingBy: 12)
    return Day(year: years, month: index + 1, day: 1) ?? .never
  }
}
