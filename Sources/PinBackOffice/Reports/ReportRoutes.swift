import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import PinEngine
import PinOrders
import PinReports
import PinWords

/// The books over HTTP, for those who may read them.
struct ReportRoutes: Sendable {
  let desk: OrderDesk
  let reports: ReportDesk
  let settings: ReportSettings

  func add(to router: Router<Caller>) {
    router.get("/reports", use: list)
    router.get("/reports/:name", use: report)
    let purchases = SuggestedPurchases(desk: desk, reports: reports, settings: settings)
    // A path of its own beside one with a name would hide the report of that name.
    router.post("/reports/:name/purchase-orders", use: purchases.draft)
    router.post("/reports/:name/mailings", use: CountryMailing(desk: desk).mail)
  }

  private struct Listed: Encodable {
    var name: String
    var title: String
    var about: String
    var by: [String]
  }

  @Sendable private func list(_ request: Request, _ context: Caller) async throws -> Response {
    try context.confirmMayReadBooks(desk.engine)
    return try answer(
      ReportKind.allCases.map {
        Listed(name: $0.rawValue, title: $0.title, about: $0.about, by: $0.groupings.map(\.rawValue))
      })
  }

  @Sendable private func report(_ request: Request, _ context: Caller) async throws -> Response {
    try context.confirmMayReadBooks(desk.engine)
    let kind: ReportKind
    do throws(ReportError) { kind = try ReportKind(name: context.parameters.get("name") ?? "") } catch {
      throw Problem(error)
    }
    guard let now = await desk.engine.presentMilliseconds() else { throw OrderFault.refused(.stopping) }
    var asked = try AskedReport(kind, request, settings, nowMilliseconds: now)
    guard kind.isOfJournal else {
      return try await DocumentReports(desk: desk, reports: reports).report(asked, context.asker)
    }
    if asked.hasSerials { asked.report.serials = reports.serials }
    let pieces: ReportPieces
    do { pieces = try reports.make(asked.report, as: asked.format, section: asked.section, style: asked.style) } catch {
      throw Problem("busy", .serviceUnavailable, "Other reports are being made.", retryAfterSeconds: 1)
    }
    // Whatever is wrong before there is much of it is told as such; what is later cuts the answer off.
    let first: [UInt8]?
    do { first = try await pieces.next() } catch let error as ReportError { throw Problem(error) }
    return Response(
      status: .ok, headers: asked.headers,
      body: ResponseBody { writer in
        defer { pieces.stop() }
        var piece = first
        while let bytes = piece {
          try await writer.write(ByteBuffer(bytes: bytes))
          piece = try await pieces.next()
        }
        try await writer.finish(nil)
      })
  }
}

extension Caller {
  func confirmMayReadBooks(_ engine: Engine) throws {
    guard let actor = engine.catalogue.actor(asker.actor), actor.description.roles.mayReadBooks else {
      throw Problem(.notPermitted)
    }
  }
}

/// What is taken for granted of reports that are asked for, and mailed.
public struct ReportSettings: Sendable {
  /// The time zone of business days.
  public var zone: String
  public var dayStarts = "00:00"

  public init(zone: String) { self.zone = zone }
}

/// A report as a request's path and parameters ask for it.
struct AskedReport {
  var report: ReportRequest
  var format: ReportFormat
  var section: String?
  /// How a table is drawn.
  var style = TableWriter.Style()
  /// Whether serials are to be looked up.
  var hasSerials = false

  /// How many characters a line of a table may have.
  private static let widths = 20...10_000

  /// What a kind of report takes.
  private static func names(_ kind: ReportKind) -> Set<String> {
    let names: Set<String> = [
      "period", "from", "to", "zone", "day_starts", "by", "product", "currency", "format", "section",
      "width", "colour",
    ]
    return switch kind {
    case .dailyDetails, .purchases: names.union(["serials"])
    case .countryRates: names.union(["call_seconds", "amount_minor", "from_country", "country", "line"])
    case .countries: names.union(["country", "consents"])
    case .dailyTotals, .totals, .cardsAvailable, .shifts, .reconciliation: names
    }
  }

  /// - Parameter left: what is not taken here, though reports are made by it.
  init(
    _ kind: ReportKind, _ request: Request, _ settings: ReportSettings, nowMilliseconds: UInt64,
    without left: Set<String> = []
  ) throws {
    var values: [String: String] = [:]
    let names = Self.names(kind).subtracting(left)
    for (name, value) in request.uri.queryParameters {
      let name = String(name)
      guard names.contains(name), values.updateValue(String(value), forKey: name) == nil else {
        throw Problem("unknown-parameter", .badRequest, "A parameter is not known here, or is there twice.")
      }
    }
    func value<Value>(_ name: String, _ make: (String) -> Value?) throws -> Value? {
      try values[name].map { text in
        guard let value = make(text) else { throw Problem.invalid(name) }
        return value
      }
    }
    format = try value("format") { ReportFormat(rawValue: $0) } ?? .json
    section = values["section"]
    if section != nil, !format.isCSV { throw Problem.invalid("section") }
    style.width = try value("width") { Int($0).flatMap { Self.widths.contains($0) ? $0 : nil } }
    style.hasColour = try value("colour") { Bool($0) } ?? false
    for name in ["width", "colour"] where format != .table && values[name] != nil { throw Problem.invalid(name) }
    let grouping = try value("by") { Grouping(rawValue: $0) }
    let currency = try value("currency") { Currency($0) }
    hasSerials = try value("serials") { Bool($0) } ?? false
    var calls = CallQuestion()
    calls.callSeconds = try value("call_seconds") { UInt32($0) } ?? calls.callSeconds
    calls.amountMinor = try value("amount_minor") { UInt64($0) }
    calls.isMobile = try value("line") { ["mobile": true, "fixed": false][$0] }
    calls.isOfConsenting = try value("consents") { Bool($0) } ?? false
    (calls.from, calls.to) = (values["from_country"], values["country"])
    do throws(ReportError) {
      let calendar = try BusinessCalendar(
        zone: values["zone"] ?? settings.zone, dayStarts: values["day_starts"] ?? settings.dayStarts)
      let days = try PeriodDays(
        named: values["period"], from: values["from"], to: values["to"], calendar,
        nowMilliseconds: nowMilliseconds)
      report = try ReportRequest(kind, days, by: grouping, product: values["product"], currency: currency)
      try calls.confirmSound(currency)
      report.calls = calls
    } catch {
      throw Problem(error)
    }
  }

  var headers: HTTPFields {
    let period = report.days.period
    let file = "\(report.kind.rawValue)-\(period.from.calendarText)-\(period.to.calendarText).\(format.fileEnding)"
    var headers: HTTPFields = [.contentType: format.mediaType, .cacheControl: "no-store"]
    headers[.init("X-Content-Type-Options")!] = "nosniff"
    headers[.contentDisposition] = "\(format.isCSV ? "attachment" : "inline"); filename=\"\(file)\""
    // A page of its own making runs nothing and asks nobody.
    headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return headers
  }
}

extension Problem {
  /// What is wrong with what was asked; nothing that was sent is in it.
  init(_ error: ReportError) {
    let (name, title): (String, String) =
      switch error {
      case .unknownReport: ("unknown-report", "There is no such report: see /reports.")
      case .unknownPeriod: ("unknown-period", "That is no period: a day, a month, a year, or a name such as yesterday.")
      case .periodTwice: ("period-twice", "A period by its name, or by its first day and the one after its last.")
      case .noSuchDay: ("no-such-day", "There is no such day: they are written like 2027-03-26.")
      case .dayLeftOut: ("no-such-day", "The zone's clocks went past that day.")
      case .backwards: ("period-backwards", "The period ends before it begins.")
      case .periodTooLong: ("period-too-long", "The period has too many days.")
      case .unknownZone: ("unknown-zone", "There is no such time zone: they are named like Europe/Berlin.")
      case .notATimeOfDay: ("not-a-time-of-day", "That is not a time of day: it is written like 04:00.")
      case .unknownProduct: ("unknown-product", "There is no such product.")
      case .unknownSection: ("unknown-section", "The report has no such section.")
      case .notGroupedBy: ("not-grouped-by", "The report is not made by that: see /reports.")
      case .tooManyRows: ("too-many-rows", "Made by that the report has more rows than can be summed up.")
      case .notOfOneProduct: ("not-of-one-product", "The report is not made of one product.")
      case .notACall:
        ("not-a-call", "That cannot be so of calls: 1 to 86400 seconds, countries as AB, an amount of one currency.")
      case .notOfTheJournal: ("bad-request", "That is not taken here.")
      case .journalBeginsLate: ("journal-begins-late", "The journal's first events are not there.")
      case .notATerminalShift, .notAReport, .notOfTheJournalAlone: ("bad-request", "That is not taken here.")
      case .event, .brokenTrail, .outOfBalance: ("books-broken", "The journal is not sound: have it verified.")
      }
    let status: HTTPResponse.Status =
      switch error {
      case .unknownReport: .notFound
      case .journalBeginsLate: .conflict
      case .event, .brokenTrail, .outOfBalance: .internalServerError
      default: .unprocessableContent
      }
    self.init(name, status, title)
  }
}
