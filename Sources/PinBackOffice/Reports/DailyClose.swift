import Curl
import Foundation
import Logging
import PinEngine
import PinOrders
import PinReports
import PinWords
import ServiceLifecycle

/// Mails the books of each business day to the accountant when the day is over.
///
/// Each day is mailed once: what was mailed is noted after the mail server took it. A crash between the two mails that day
/// again, and who gets it twice can tell by its Message-ID. Days that were missed are made up for, the oldest first. A day is
/// over by the store's clock, which stamps events and never goes back: whatever the machine's is set to. It never
/// ends because of what is wrong with a mail, so that no mail keeps anybody from selling.
package struct DailyClose: Service {
  package struct Configuration: Sendable {
    package var recipient: String
    package var mail: Mailer.Configuration
    package var reports: ReportSettings
    /// The store's.
    package var directory: String
    /// Whether the recipient's spreadsheet has a decimal comma.
    package var hasDecimalComma: Bool

    package init(
      to recipient: String, _ mail: Mailer.Configuration, _ reports: ReportSettings, directory: String,
      hasDecimalComma: Bool = false
    ) {
      self.hasDecimalComma = hasDecimalComma
      self.recipient = recipient
      self.mail = mail
      self.reports = reports
      self.directory = directory
    }
  }

  private let engine: Engine
  private let reports: ReportDesk
  private let configuration: Configuration
  private let calendar: BusinessCalendar
  private let mailed: MailedDays
  private let logger: Logger

  /// Of the days that were missed, how many are made up for.
  private static let mostDaysBack: UInt32 = 31
  /// What mail servers take; details that are longer are left out.
  private static let mostFileByteCount = 8 << 20

  package init(engine: Engine, reports: ReportDesk, configuration: Configuration, logger: Logger) throws {
    self.engine = engine
    self.reports = reports
    self.configuration = configuration
    self.logger = logger
    calendar = try BusinessCalendar(zone: configuration.reports.zone, dayStarts: configuration.reports.dayStarts)
    mailed = MailedDays(in: "\(configuration.directory)/books")
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var retrySeconds = configuration.mail.firstRetrySeconds
      while !Task.isCancelled, engine.failure == nil {
        do {
          let day = try await nextDay()
          try await waitForEnd(of: day)
          try await mail(day)
          try mailed.note(day)
          logger.info("the books of a day are mailed", metadata: ["day": "\(day.calendarText)"])
          retrySeconds = configuration.mail.firstRetrySeconds
        } catch is CancellationError {
          return
        } catch {
          logger.warning("the books of a day are not mailed yet", metadata: ["reason": "\(error)"])
          try? await Task.sleep(for: .seconds(retrySeconds))
          retrySeconds = min(retrySeconds * 2, 3600)
        }
      }
    }
  }

  /// The day after the last one that was mailed; the one before today if none was.
  func nextDay() async throws -> Day {
    let today = calendar.day(at: try await presentMilliseconds())
    var day = try mailed.last?.adding(days: 1) ?? Day(daysSince1970: today.daysSince1970 - 1)
    day = max(day, Day(daysSince1970: today.daysSince1970 - Self.mostDaysBack))
    while !calendar.has(day) { day = day.adding(days: 1) }
    return day
  }

  private func waitForEnd(of day: Day) async throws {
    var left = try await millisecondsLeft(of: day)
    guard left > 0 else { return }
    logger.info("the books of a day are mailed when it is over", metadata: ["day": "\(day.calendarText)"])
    while left > 0 {
      try await Task.sleep(for: .milliseconds(Int(min(left, 60_000))))
      left = try await millisecondsLeft(of: day)
    }
  }

  /// How long a day goes on by the store's clock: from 0 on it has no more events.
  func millisecondsLeft(of day: Day) async throws -> UInt64 {
    let (end, now) = (calendar.start(of: day.adding(days: 1)), try await presentMilliseconds())
    return end - min(end, now)
  }

  private func presentMilliseconds() async throws -> UInt64 {
    guard let now = await engine.presentMilliseconds() else { throw OrderFault.refused(.stopping) }
    return now
  }

  private func mail(_ day: Day) async throws {
    let days = try PeriodDays(try ReportPeriod(from: day, to: day.adding(days: 1)), calendar)
    let totals = try ReportRequest(.totals, days)
    let text = try await reports.bytes(of: totals, as: .table, most: Self.mostFileByteCount)
    let details: ReportFormat = configuration.hasDecimalComma ? .csvSemicolon : .csv
    let pages: [(ReportKind, Grouping?, ReportFormat)] = [(.dailyTotals, .user, .html), (.dailyDetails, nil, details)]
    var (files, paragraphs): ([MailFile], [String]) = ([], [String(decoding: text ?? [], as: UTF8.self)])
    for (kind, grouping, format) in pages {
      let request = try ReportRequest(kind, days, by: grouping)
      let name = "\(kind.rawValue)-\(day.calendarText).\(format.fileEnding)"
      if let bytes = try await reports.bytes(of: request, as: format, most: Self.mostFileByteCount) {
        files.append(MailFile(name: name, mediaType: format.mediaType, bytes: bytes))
      } else {
        paragraphs.append("\(name) is too long for a mail: have it made by 'pinvault report \(kind.rawValue)'.\n")
      }
    }
    let sender = configuration.mail.sender
    let domain = sender.split(separator: "@").last ?? "localhost"
    let message = MailMessage(
      from: sender, to: configuration.recipient, recipientName: "", subject: "The books of \(day.calendarText)",
      messageID: "books.\(day.calendarText).\(engine.catalogue.storeID)@\(domain)", date: Date(),
      text: paragraphs.joined(separator: "\n"))
    try await configuration.mail.server.send(
      from: sender, to: configuration.recipient, message: message.bytes(with: files))
  }
}
