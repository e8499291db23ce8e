import ArgumentParser
import Foundation
import PinWords

struct RatesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rates",
    abstract: "Say what calls cost with a product.",
    discussion: """
      A file is CSV with the header from,to,line,per_minute,connection,rounding_seconds,maintenance,valid_from: countries by two \
      letters, line fixed or mobile, amounts in the product's currency (per_minute to thousandths of its minor unit), days YYYY-MM-DD.

      Example:
        pinvault rates import --sku ACME-10USD --currency USD rates.csv
      """,
    subcommands: [Import.self, Show.self])

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Replace the rates of a product by those of a file.")
    @Option(help: "Which product.") var sku: String
    @Option(help: ArgumentHelp("The product's currency.", valueName: "code")) var currency: Currency
    @Option(help: "The version of the rates that you looked at; 0 for the first.") var version: UInt32 = 0
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @Argument(help: ArgumentHelp("A CSV file; - for standard input.", valueName: "file")) var file: String
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var version: UInt32
      var rates: [RateRow]
    }

    func run() async throws {
      let bytes =
        try file == "-"
        ? Array(FileHandle.standardInput.readDataToEndOfFile()) : Files.contents(of: file, limit: 1 << 20)
      guard let bytes else { throw Fault(.badInput, "\(file): there is no such file") }
      let rates = try RateRow.read(String(decoding: bytes, as: UTF8.self), file: file, in: currency)
      try await office.ask(
        "PUT", "/products/\(sku.inPath)/rates", id: id ?? newID(), Body(version: version, rates: rates))
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the rates of a product.")
    @Option(help: "Which product.") var sku: String
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/products/\(sku.inPath)/rates") }
  }
}

/// A row of a file of rates.
struct RateRow: Encodable, Equatable {
  var from: String
  var to: String
  var line: String
  var perMinuteThousandths: UInt64
  var connectionMinor: UInt64
  var roundingSeconds: UInt16
  var maintenanceMinor: UInt64
  var validFrom: String

  static let header = "from,to,line,per_minute,connection,rounding_seconds,maintenance,valid_from"

  /// Reads a file, or says which line is bad.
  static func read(_ text: String, file: String, in currency: Currency) throws -> [RateRow] {
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.first.map(String.init) == header else { throw Fault(.badInput, "\(file): the header is not \(header)") }
    return try lines.enumerated().dropFirst().map { index, line in
      guard let row = RateRow(line.split(separator: ",", omittingEmptySubsequences: false).map(String.init), currency)
      else { throw Fault(.badInput, "\(file): line \(index + 1) is not a rate") }
      return row
    }
  }

  private init?(_ cells: [String], _ currency: Currency) {
    guard cells.count == 8, let perMinute = Self.thousandths(cells[3], in: currency),
      let connection = Money.minor(cells[4], in: currency), let rounding = UInt16(cells[5]),
      let maintenance = Money.minor(cells[6], in: currency), Day(calendarText: cells[7]) != nil
    else { return nil }
    (from, to, line, validFrom) = (cells[0], cells[1], cells[2], cells[7])
    (perMinuteThousandths, connectionMinor, roundingSeconds, maintenanceMinor) = (
      perMinute, connection, rounding, maintenance
    )
  }

  /// `0.295` in dollars is 29,500: thousandths of a cent.
  static func thousandths(_ text: String, in currency: Currency) -> UInt64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = currency.decimals + 3
    let fraction = parts.count == 2 ? parts[1] : ""
    guard !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= decimals else { return nil }
    let digits = parts[0] + fraction + String(repeating: "0", count: decimals - fraction.utf8.count)
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return UInt64(digits)
  }
}
