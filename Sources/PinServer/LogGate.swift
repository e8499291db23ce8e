import Logging
import NIOCore

/// Lets only so many lines a minute through of each kind that strangers can cause, so that they cannot fill the log.
///
/// How many were held back is told at the end of the minute. It belongs to one event loop; time is what it is told.
struct LogGate {
  enum Kind: String, CaseIterable {
    case authenticationFailed = "authentication failed"
    case tooManyConnections = "closing: too many connections"
    case tooManyStrangers = "closing: too many connections that have not authenticated"
    case outlived = "closing: a time limit is over"
  }

  /// Lines of one kind in one minute.
  static let linesPerMinute = 10

  private struct Count {
    var told = 0
    var heldBack = 0
  }

  private var counts: [Kind: Count] = [:]
  private var minuteBegan: NIODeadline?

  /// Whether there is, or may be, something left to be told.
  var isCounting: Bool { minuteBegan != nil }

  /// Whether a line of this kind is to be written now; it is counted in any case.
  mutating func takes(_ kind: Kind, at now: NIODeadline) -> Bool {
    if minuteBegan == nil { minuteBegan = now }
    if counts[kind, default: Count()].told < Self.linesPerMinute {
      counts[kind, default: Count()].told += 1
      return true
    }
    counts[kind, default: Count()].heldBack += 1
    return false
  }

  /// When a minute is over: what was held back in it, and a new one begins.
  mutating func endMinute(at now: NIODeadline) -> [(kind: Kind, heldBack: Int)] {
    guard let began = minuteBegan, now - began >= .minutes(1) else { return [] }
    let heldBack = Kind.allCases.compactMap { kind in
      counts[kind].flatMap { $0.heldBack > 0 ? (kind: kind, heldBack: $0.heldBack) : nil }
    }
    counts = [:]
    minuteBegan = nil
    return heldBack
  }
}

extension ServingLoop {
  /// Writes a line that strangers can cause, unless there were many of its kind in the last minute.
  func logOfStrangers(
    _ kind: LogGate.Kind, _ level: Logger.Level, _ metadata: @autoclosure () -> Logger.Metadata
  ) {
    guard logGate.takes(kind, at: .now()) else { return }
    logger.log(level: level, "\(kind.rawValue)", metadata: metadata())
  }

  /// Tells what was held back, once a minute.
  func tellWhatWasHeldBack() {
    for (kind, heldBack) in logGate.endMinute(at: .now()) {
      logger.warning("\(kind.rawValue): more of these in the last minute", metadata: ["count": "\(heldBack)"])
    }
  }
}
