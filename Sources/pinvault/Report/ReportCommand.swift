import ArgumentParser
import Foundation
import PinReports
import PinStore
import PinWords

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "The books: what was sold, came back, was earned and is there, for a period.",
    discussion: """
      With --data it reads the journal in the data directory, or in a backup: no key is needed, and it may be served \
      meanwhile. Without, the back office is asked, which also has serials, call rates and customers.

      Examples:
        pinvault report daily-totals --data vault --period last-month --by user
        pinvault report country-rates --actor books --key-file books.key --country IN --call-seconds 420
        pinvault report daily-details --data vault --from 2026-03-01 --to 2026-04-01 --zone Europe/Berlin --out march.csv
      """,
    subcommands: [Make.self, List.self, Check.self, Index.self, Mail.self], defaultSubcommand: Make.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The reports there are, and what each can be made by.",
      discussion: """
        Example:
          pinvault report list
        """)

    func run() throws {
      var table = Table(["NAME", "WHAT IT SHOWS", "BY"])
      for kind in ReportKind.allCases {
        table.add([kind.rawValue, kind.about, kind.groupings.map(\.rawValue).joined(separator: ", ")])
      }
      try StandardOutput.write(line: table.text)
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prove a report as JSON, or a reconciliation as CSV: make it again from the journal, and compare.",
      discussion: """
        Ends with \(ExitStatus.notSound.rawValue) if a byte differs.

        Example:
          pinvault report check march.json --data vault
        """)

    @Argument(help: ArgumentHelp("The report.", valueName: "file")) var file: String
    @Option(help: ArgumentHelp("The data directory, or a backup.", valueName: "directory")) var data: String

    func run() throws {
      guard Files.exists(file) else { throw Fault(.badInput, "\(file): no such file") }
      let report: Data
      do { report = try Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe) } catch {
        throw Fault(.badInput, "\(file): it cannot be read")
      }
      let view = try JournalView(of: Files.trimmed(data))
      let progress = Progress(name: file, isShown: StandardError.isTerminal)
      let verdict = try ReportCheck.check(report, against: view) { done, most in
        progress.show("\(done * 100 / most) % of \(most) events")
      }
      progress.clear()
      switch verdict {
      case .same(let lastSequence, let hasMore):
        let rest = hasMore ? "; the period has gone on since" : ""
        try StandardOutput.write(line: "\(file) is what the journal says, through event \(lastSequence)\(rest)")
      case .differs(let line): throw Fault(.notSound, "\(file): line \(line) is not what the journal says")
      case .otherStore(let store): throw Fault(.notSound, "\(file): made from store \(store), not from this one")
      case .beyondJournal(let last):
        throw Fault(.notSound, "\(file): made from events that this journal does not have: its last is \(last)")
      }
    }
  }

  struct Index: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Keep the books as of each part of the journal: later reports need not read what was before their days.",
      discussion: """
        Writes into 'books' in the data directory; it can be deleted at any time. The server does the same when it makes \
        reports itself.

        Example:
          pinvault report index --data vault
        """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String

    func run() throws {
      let directory = Files.trimmed(data)
      let view = try JournalView(of: directory)
      let progress = Progress(name: "books", isShown: StandardError.isTerminal)
      try BooksFolder(of: directory).bringUpToDate(with: view) { done, most in
        progress.show("\(done * 100 / most) % of \(most) events")
      }
      progress.clear()
      try StandardOutput.write(line: "books are kept up to segment \(view.lastSegment)")
    }
  }

  struct Make: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "make",
      abstract: "Make a report (what 'pinvault report NAME' does).",
      discussion: """
        Example:
          pinvault report totals --data vault --period yesterday --by user --format csv
        """)

    @Argument(help: ArgumentHelp("Which report: see 'pinvault report list'.", valueName: "name"))
    var name: String
    @Option(
      help: ArgumentHelp(
        "The data directory, or a backup. (default: the back office is asked)", valueName: "directory"))
    var data: String?
    @OptionGroup var period: PeriodOptions

    @Option(help: ArgumentHelp("Make rows by this: user, actor, product or tender.", valueName: "what"))
    var by: Grouping?
    @Option(help: ArgumentHelp("Only this product: its SKU or number.", valueName: "product")) var product: String?
    @Option(help: ArgumentHelp("Only this currency.", valueName: "code")) var currency: Currency?

    @Option(
      help: ArgumentHelp(
        "Compare shifts with what terminals counted: a line {\"actor\":…,\"number\":…,\"totals\":[…]} for each.",
        valueName: "file"))
    var terminalTotals: String?

    @OptionGroup var calls: CallOptions
    @OptionGroup var output: ReportOutputOptions
    @OptionGroup var office: OfficeOptions

    /// What does not go together, in a line.
    private func confirmSound(_ kind: ReportKind) throws(Fault) {
      let reasons = [
        (data != nil && office.office != nil, "--data or --office, not both"),
        (data != nil && calls.isGiven, "--data has no calls and no serials: ask the back office"),
        (data == nil && terminalTotals != nil, "--terminal-totals needs --data"),
        (terminalTotals != nil && kind != .shifts, "--terminal-totals is for shifts"),
        (output.section != nil && !output.chosen.isCSV, "--section is for CSV, which has one table"),
        (
          data == nil && !office.saysWhoAsks,
          "--data says where the journal is; or ask the back office, with --actor and --key-file"
        ),
      ]
      for (isSo, reason) in reasons where isSo { throw Fault(.usage, reason) }
    }

    func run() async throws {
      let kind = try ReportKind(name: name)
      try confirmSound(kind)
      guard let data else { return try ask(kind) }
      guard kind.isOfJournal else { throw ReportError.notOfTheJournal(kind) }
      var request = try ReportRequest(
        kind, try period.days(), by: by, product: product, currency: currency)
      request.terminalShifts = try terminalTotals.map { file in
        guard let bytes = try Files.contents(of: file, limit: 1 << 28) else {
          throw Fault(.badInput, "\(file): no such file")
        }
        do { return try TerminalShift.read(bytes) } catch { throw Fault(.badInput, "\(file): \(error)") }
      }
      let directory = Files.trimmed(data)
      let (made, view, folder) = (request, try JournalView(of: directory), BooksFolder(of: directory))
      let progress = Progress(name: kind.rawValue, isShown: StandardError.isTerminal)
      try output.write(ending: progress) { take in
        let writer = output.chosen.writer(TextSink(take), section: output.section, style: output.style)
        let run = ReportRun(made, of: view, openedFrom: folder, to: writer)
        try run.run { done, most in progress.show("\(done * 100 / most) % of \(most) events") }
      }
    }

    /// Has the back office make it.
    private func ask(_ kind: ReportKind) throws {
      let format = office.json ? ReportFormat.json : output.chosen
      let style = format == .table ? output.style : TableWriter.Style()
      let parameters =
        period.parameters + (try calls.parameters(currency)) + [
          ("by", by?.rawValue), ("product", product), ("currency", currency?.description), ("section", output.section),
          ("format", format.rawValue), ("width", style.width.map { "\(min(max($0, 20), 10_000))" }),
          ("colour", style.hasColour ? "true" : nil),
        ]
      let query = parameters.compactMap { name, value in value.map { "\(name)=\($0.inPath)" } }.joined(separator: "&")
      try output.write(ending: Progress(name: kind.rawValue, isShown: false)) { take in
        try office.get("/reports/\(kind.rawValue)?\(query)", taking: take)
      }
    }
  }
}

extension Grouping: ExpressibleByArgument {}

/// Which business days.
struct PeriodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A day (2026-03-09), month (2026-03) or year, or \(ReportPeriod.names.joined(separator: ", ")). (default: today)",
      valueName: "period"))
  var period: String?
  @Option(help: ArgumentHelp("The first day.", valueName: "day")) var from: String?
  @Option(help: ArgumentHelp("The day after the last. (default: tomorrow)", valueName: "day")) var to: String?
  @Option(
    help: ArgumentHelp(
      "The time zone of days, such as Europe/Berlin. (default: this machine's, or the back office's setting)",
      valueName: "zone"))
  var zone: String?
  @Option(
    help: ArgumentHelp(
      "When a business day starts. (default: 00:00, or the back office's setting)", valueName: "time"))
  var dayStarts: String?

  func days() throws(ReportError) -> PeriodDays {
    let calendar = try BusinessCalendar(zone: zone ?? TimeZone.current.identifier, dayStarts: dayStarts ?? "00:00")
    return try PeriodDays(
      named: period, from: from, to: to, calendar, nowMilliseconds: SystemTime.milliseconds)
  }
}

extension PeriodOptions {
  /// As the back office takes them.
  var parameters: [(String, String?)] {
    [("period", period), ("from", from), ("to", to), ("zone", zone), ("day_starts", dayStarts)]
  }
}

extension Fault {
  init(_ error: ReportError) {
    switch error {
    case .journalBeginsLate, .notAReport, .notATerminalShift, .notOfTheJournalAlone:
      self.init(.badInput, error.description)
    case .event, .brokenTrail, .outOfBalance: self.init(.rotten, error.description)
    case .unknownReport, .unknownPeriod, .noSuchDay, .dayLeftOut, .backwards, .periodTooLong, .periodTwice,
      .unknownZone, .notATimeOfDay, .unknownProduct, .unknownSection, .notGroupedBy, .notOfOneProduct,
      .notOfTheJournal, .notACall, .tooManyRows:
      self.init(.usage, error.description)
    }
  }
}
