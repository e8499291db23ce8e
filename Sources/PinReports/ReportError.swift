import PinEngine
import PinWords

/// Why a report cannot be made, each in one line.
package enum ReportError: Error, Equatable, CustomStringConvertible {
  case unknownReport(String)
  case unknownPeriod(String)
  case noSuchDay(String)
  /// The zone's clocks went past the whole day.
  case dayLeftOut(Day, zone: String)
  case backwards(from: Day, to: Day)
  case periodTooLong
  /// By a name and by days.
  case periodTwice
  case unknownZone(String)
  case notATimeOfDay(String)
  case unknownProduct(String)
  case unknownSection(String, known: [String])
  case notGroupedBy(Grouping, ReportKind)
  case notOfOneProduct(ReportKind)
  /// It is of documents, which its server reads.
  case notOfTheJournal(ReportKind)
  /// What calls are asked about cannot be so: the parameter's name.
  case notACall(String)
  case notATerminalShift(line: Int)
  case notAReport
  /// It was compared with what terminals said.
  case notOfTheJournalAlone
  /// The journal's first events are not there: stock and costs cannot be told.
  case journalBeginsLate(sequence: UInt64)
  case event(sequence: UInt64, JournalEventError)
  /// An event names another that does not tell what it must.
  case brokenTrail(sequence: UInt64)
  /// Made by users, say, it has more rows than a report holds.
  case tooManyRows(most: Int)
  case outOfBalance(product: String, expected: Int, counted: Int)

  package var description: String {
    switch self {
    case .unknownReport(let name): "there is no report '\(name)'; see 'pinvault report list'"
    case .unknownPeriod(let name):
      "'\(name)' is not a period: give a day (2026-03-09), a month (2026-03), a year (2026), or one of "
        + ReportPeriod.names.joined(separator: ", ")
    case .noSuchDay(let text): "there is no day '\(text)': days are YYYY-MM-DD, from 1970 on"
    case .dayLeftOut(let day, let zone): "there was no \(day.calendarText) in \(zone): its clocks went past it"
    case .backwards(let from, let to):
      "the period runs backwards: it is to end on \(to.calendarText), which is not after \(from.calendarText)"
    case .periodTooLong: "a period has at most \(ReportPeriod.mostDays) days"
    case .periodTwice: "a period has a name, or a first day and one after its last; not both"
    case .unknownZone(let name): "there is no time zone '\(name)': they are named like Europe/Berlin, or UTC"
    case .notATimeOfDay(let text): "'\(text)' is not a time of day: write it like 04:00"
    case .unknownProduct(let text): "there is no product '\(text)'; see 'pinvault product list'"
    case .unknownSection(let name, let known):
      "the report has no section '\(name)', but " + known.joined(separator: ", ")
    case .notGroupedBy(let grouping, let report): "\(report.rawValue) is not made by \(grouping.rawValue)"
    case .notOfOneProduct(let report): "\(report.rawValue) is not made of one product"
    case .notOfTheJournal(let report):
      "\(report.rawValue) is made by the server, from what the shop knows of its customers"
    case .notACall(let name): "that cannot be the \(name) of calls"
    case .notATerminalShift(let line):
      "line \(line) is not a terminal's shift, each told once: {\"actor\":…,\"number\":…,\"totals\":[{\"currency\":…,\"sales\":…}]}"
    case .notOfTheJournalAlone:
      "it says more than the journal knows (serials, what terminals counted): check one without"
    case .notAReport: "this is no report as JSON, and no reconciliation as CSV, as 'pinvault report' writes them"
    case .journalBeginsLate(let sequence):
      "the journal begins with event \(sequence): reports need it from its first event on"
    case .event(let sequence, let error): "event \(sequence): \(error)"
    case .brokenTrail(let sequence): "event \(sequence) does not tell where its cards were; see 'pinvault verify'"
    case .tooManyRows(let most):
      "made by that the report has more than \(most) rows, which is more than can be summed up"
    case .outOfBalance(let product, let expected, let counted):
      "the books of \(product) do not balance: \(expected) cards by what moved, \(counted) by where they are; "
        + "see 'pinvault verify'"
    }
  }
}
