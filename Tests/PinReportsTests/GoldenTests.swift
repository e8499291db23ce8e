import Foundation
import PinWords
import Testing

@testable import PinReports

/// Each format says the same thing in the same bytes as the files in `Golden`; `PINVAULT_GOLDEN=write` makes them anew.
@Suite struct GoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var kind: ReportKind
    var grouping: Grouping?
    var name: String { kind.rawValue + (grouping.map { "-by-\($0.rawValue)" } ?? "") }
    var testDescription: String { name }
  }

  static let cases = [
    Case(kind: .dailyDetails), Case(kind: .dailyDetails, grouping: .user), Case(kind: .dailyTotals),
    Case(kind: .dailyTotals, grouping: .user), Case(kind: .totals), Case(kind: .totals, grouping: .user),
    Case(kind: .totals, grouping: .product), Case(kind: .cardsAvailable), Case(kind: .purchases), Case(kind: .shifts),
    Case(kind: .reconciliation), Case(kind: .countryRates), Case(kind: .countries),
  ]

  @Test(arguments: cases) func aReportIsItsGoldenFile(_ item: Case) async throws {
    let sample = try await Sample.shared
    for format in ["txt", "csv", "semicolon.csv", "json", "html"] {
      let text = try Self.text(item, format, sample)
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden/\(item.name).\(format)")
      if ProcessInfo.processInfo.environment["PINVAULT_GOLDEN"] == "write" {
        try Data(text.utf8).write(to: file)
      }
      let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      #expect(text == golden, "\(file.lastPathComponent)")
    }
  }

  @Test func theSameReportIsTheSameBytes() async throws {
    let sample = try await Sample.shared
    for item in Self.cases {
      #expect(try Self.text(item, "json", sample) == Self.text(item, "json", sample))
    }
  }

  /// The report as text; what is random, the store's id and so the chain, written over.
  static func text(_ item: Case, _ format: String, _ sample: Sample, section: String? = nil) throws -> String {
    var bytes: [UInt8] = []
    let sink = TextSink { bytes += $0 }
    let writer: any ReportWriter =
      switch format {
      case "csv": CSVWriter(sink, section: section)
      case "semicolon.csv": ReportFormat.csvSemicolon.writer(sink, section: section)
      case "json": JSONWriter(sink)
      case "html": HTMLWriter(sink)
      default: TableWriter(sink, style: TableWriter.Style(width: 118))
      }
    try sample.make(try ReportRequest(item.kind, try Sample.days.get(), by: item.grouping), to: writer)
    return String(decoding: bytes, as: UTF8.self)
      .replacing(sample.view.head.chain.description, with: String(repeating: "c", count: 64))
      .replacing(sample.view.storeID.description, with: String(repeating: "0", count: 32))
  }
}
