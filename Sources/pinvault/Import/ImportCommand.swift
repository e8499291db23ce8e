// Start here. How vendor files become stock:
//
//   ImportCommand       the arguments; one file after another; the summary
//   FileImport          one file, one purchase: survey it, begin, load, commit, or abandon
//   Survey              the first reading: counts the cards of each expiry
//   Loading             the second reading: chunks out, refusals back, both in the order of the lines
//   ChunkBuilder        cards gathered until a chunk is full, with the lines they stand on
//   Refusals            what is told of refused lines: a few at once, all of them in the report
//   Progress            rows, rate, time left
//   SpoolSealing        the cipher that standard input is put aside under

import ArgumentParser
import PinClient
import PinProtocol
import PinWords
import VendorFiles

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Load vendor files into stock: each file is one purchase, all or nothing.",
    discussion: """
      CSV by RFC 4180 with a header that names the columns serial, pin and, if there are any, expires (YYYY-MM-DD); commas, \
      semicolons or tabs; also gzip; '-' is standard input. A purchase has a lot for each expiry.

      A file with a bad line is refused as a whole, every bad line named with its reason and never its PIN; --skip-bad \
      loads the rest. Interrupted at any point, nothing of the file is loaded: import it again.

      Example:
        pinvault import --sku ACME-10USD --unit-cost 8.50 --invoice 2026-117 acme-march.csv.gz
      """)

  @Option(help: "Which product the cards are.") var sku: String
  @Option(help: "Who they were bought from. (default: the product's vendor)") var vendor: String = ""
  @Option(help: ArgumentHelp("What one card cost, in the product's currency.", valueName: "amount"))
  var unitCost: String?
  @Option(help: "The vendor's invoice.") var invoice: String = ""
  @Option(help: ArgumentHelp("The last day of cards whose row has none. (default: no expiry)", valueName: "yyyy-mm-dd"))
  var expires: DayArgument?
  @Flag(help: "Load the good lines of a file that has bad ones, and write the bad ones' numbers to a report.")
  var skipBad = false
  @Option(
    help: ArgumentHelp(
      "Write the refused lines' numbers and reasons to this file. (default with --skip-bad: FILE.refused.csv)",
      valueName: "file"))
  var report: String?
  @Argument(help: ArgumentHelp("The vendor's files; '-' for standard input.", valueName: "file")) var files: [String]
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if report != nil, files.count > 1 { throw ValidationError("--report is for one file: give one, or leave it out.") }
  }

  func run() async throws {
    let results = try await untilInterrupted { try await importAll() }
    let loaded = results.filter { $0.status == nil }
    if output.json {
      try StandardOutput.write(line: JSON.text(ImportRecord(files: results)))
    } else {
      for result in loaded { try StandardOutput.write(line: result.text) }
    }
    for result in results where result.status != nil { StandardError.write(line: "pinvault: \(result.text)") }
    if let status = results.compactMap(\.status).last { throw Fault(status, "") }
  }

  private func importAll() async throws -> [FileResult] {
    try await server.withUninterruptedServer { client, description in
      let catalogue = try await client.catalogue()
      guard let product = catalogue.value.first(where: { $0.sku == sku }) else {
        throw Fault(.refused, "there is no product with SKU '\(sku)'; see 'pinvault product list'")
      }
      let order = ImportOrder(
        product: product, vendor: vendor,
        unitCostMinor: try unitCost.map { try Money.parse($0, in: product.currency, option: "--unit-cost") } ?? 0,
        invoice: invoice, defaultExpiry: expires.map { Day($0.calendarDay) } ?? .never,
        today: CalendarDay(daysSince1970: Int32(Day(atMilliseconds: catalogue.timeMilliseconds).daysSince1970)),
        skipsBad: skipBad, waitLimit: server.timeLimit.duration)
      if let expires, expires.calendarDay < order.today {
        throw Fault(.usage, "--expires \(expires.calendarDay): that day has passed")
      }
      var results: [FileResult] = []
      for path in files {
        let reportPath = report ?? (skipBad ? "\(path == "-" ? "stdin" : path).refused.csv" : nil)
        let file = FileImport(
          path: path, order: order, client: client, limits: description.limits,
          refusals: Refusals(file: path, reportPath: reportPath, listed: output.json ? 10_000 : 50),
          progress: Progress(name: path, isShown: StandardError.isTerminal && !output.json),
          tellsRefusals: !output.json)
        let result = await file.run()
        results.append(result)
        // What is wrong with one file is not wrong with the next; what is wrong with the server is.
        if let status = result.status, status != .badInput, status != .inputOutput { break }
      }
      return results
    }
  }
}

/// What is the same for every file of an import.
struct ImportOrder: Sendable {
  var product: Product
  var vendor: String
  var unitCostMinor: UInt64
  var invoice: String
  /// Of cards whose row says none.
  var defaultExpiry: Day
  var today: CalendarDay
  var skipsBad: Bool
  /// How long to wait for another import to end.
  var waitLimit: Duration
}

extension Day {
  /// The day in the vendor's file; one before 1970 has passed in any case, and is refused before this.
  init(_ day: CalendarDay) { self.init(daysSince1970: UInt32(clamping: day.daysSince1970)) }
}

/// What became of a file.
struct FileResult: Encodable {
  struct Lot: Encodable {
    var expires: String?
    var cards: UInt32
    var firstCard: CardID
  }

  var file: String
  /// Nil if nothing was loaded.
  var purchase: PurchaseID?
  var rows: Int
  var accepted: Int
  var refused: Int
  /// Why the file as a whole is refused, if it is not for its rows.
  var error: String?
  var refusedRows: [Refusals.Row]
  var report: String?
  var seconds: Double
  var lots: [Lot]
  var status: ExitStatus? = nil

  private enum CodingKeys: String, CodingKey {
    case file, purchase, rows, accepted, refused, error, refusedRows, report, seconds, lots
  }

  var text: String {
    if let error { return "\(file): refused: \(error)" }
    guard let purchase else { return "\(file): refused: \(refused) of \(rows) rows are bad; nothing was loaded" }
    let lots = lots.count == 1 ? "1 lot" : "\(lots.count) lots"
    let skipped = refused == 0 ? "" : "; \(refused) rows refused\(report.map { ", see \($0)" } ?? "")"
    return
      "\(file): \(accepted) cards loaded as purchase \(purchase), \(lots), in \(Progress.text(seconds: seconds))\(skipped)"
  }
}

private struct ImportRecord: Encodable {
  var files: [FileResult]
}
