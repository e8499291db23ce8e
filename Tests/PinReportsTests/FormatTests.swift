import Foundation
import PinWords
import Testing

@testable import PinReports

/// What each format promises of itself.
@Suite struct FormatTests {
  @Test(
    arguments: [
      ("USD", 29_500, "0.29500"), ("USD", 0, "0.00000"), ("JPY", 12_345, "12.345"), ("KWD", 1_000_007, "1.000007"),
    ] as [(String, UInt64, String)]) func ratesAreToldToThousandths(
      _ code: String, _ thousandths: UInt64, _ text: String
    )
  {
    #expect(Currency(code)!.text(thousandths: thousandths) == text)
    #expect(TableWriter.text(.rate(thousandths, Currency(code)!)) == text)
  }

  static let columns = [Column("name", "Name"), Column("amount", "Amount", .money), Column("share", "Share", .percent)]

  private func write(_ rows: [[Cell]], _ make: (TextSink) -> any ReportWriter) throws -> String {
    var bytes: [UInt8] = []
    let writer = make(TextSink { bytes += $0 })
    let request = try ReportRequest(.totals, try Sample.days.get())
    try writer.begin(Heading(request))
    try writer.begin(Section("rows", "Rows", Self.columns))
    for row in rows { try writer.add(row) }
    try writer.endSection()
    try writer.begin(Section("other", "Other", [Column("a", "A")]))
    try writer.endSection()
    try writer.end(
      Provenance(storeID: "00", firstSequence: 1, lastSequence: 0, chain: "00", lastMilliseconds: 0))
    return String(decoding: bytes, as: UTF8.self)
  }

  static let dollars = Currency("USD")!

  @Test(arguments: [
    ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("two\nlines", "\"two\nlines\""),
    ("=1+1", "'=1+1"), ("+49", "'+49"), ("-5", "'-5"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
    ("\r=1", "\"'\r=1\""), ("  =1+1", "'  =1+1"), (" ", " "), ("＝1+1", "'＝1+1"), ("＠A1", "'＠A1"),
    ("=A,B", "\"'=A,B\""), ("", ""), ("a=b", "a=b"), ("Größe 千円", "Größe 千円"),
    ("0049", "'0049"), ("0", "0"), ("12345678901", "12345678901"), ("890100000000000000120", "'890100000000000000120"),
    ("1E5", "'1E5"), ("1.5", "'1.5"), ("1,5", "\"'1,5\""), ("1-2", "'1-2"), ("3/4", "'3/4"), (" 7", "' 7"),
    ("2026-03-05", "'2026-03-05"), ("1-2 7", "'1-2 7"), ("7up", "7up"), ("a;b", "\"a;b\""),
    ("00000000-0000-0007-0000-000000000009", "00000000-0000-0007-0000-000000000009"),
  ]) func aCellOfCSVIsShownAndNeverRun(_ text: String, _ written: String) throws {
    let row: [Cell] = [.text(text), .money(-1234, Self.dollars), .percent(-5)]
    #expect(try write([row]) { CSVWriter($0) } == "\u{FEFF}name,amount,share\r\n\(written),-12.34,-0.05\r\n")
    let semicolons = try write([row]) { ReportFormat.csvSemicolon.writer($0) }
    #expect(semicolons == "\u{FEFF}name;amount;share\r\n\(written);-12,34;-0,05\r\n")
  }

  @Test func aSectionOfCSVIsChosen() throws {
    #expect(try write([]) { CSVWriter($0, section: "other") } == "\u{FEFF}a\r\n")
    #expect(throws: ReportError.unknownSection("third", known: ["rows", "other"])) {
      try write([]) { CSVWriter($0, section: "third") }
    }
  }

  @Test func jsonIsRead() throws {
    let names = ["\"quoted\" \\ \n\u{1}", "</script>", "Größe 千円 🂡"]
    let text = try write(names.map { [.text($0), .money(Int128(Int64.min), Self.dollars), .none] }) { JSONWriter($0) }
    let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == names)
    #expect(rows.allSatisfy { $0["share"] is NSNull && $0["amount_minor"] as? Int64 == .min })
    #expect(!text.contains("<"))
  }

  @Test func aPageHasNoMarkupOfItsData() throws {
    let page = try write([[.text("<script>alert(1)</script>&\"'"), .money(1, Self.dollars), .none]]) { HTMLWriter($0) }
    #expect(page.contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;</td>"))
    #expect(!page.contains("<script"))
    #expect(!page.contains("http"))
  }

  @Test func aTableFoldsToItsTerminal() throws {
    let name = "A product with a long name, of which nobody can say why"
    let rows: [[Cell]] = [
      [.text(name), .money(-100, Self.dollars), .none], [.text("b"), .money(100_000, Self.dollars), .percent(1250)],
    ]
    let wide = try write(rows) { TableWriter($0) }.split(separator: "\n")
    #expect(wide.contains { $0.hasPrefix(name) && $0.hasSuffix("  -1.00") })
    let style = TableWriter.Style(hasColour: true, width: 40)
    let narrow = try write(rows) { TableWriter($0, style: style) }.split(separator: "\n")
    let table = narrow.drop { !$0.contains("Name") }.prefix { !$0.contains("Other") }
      .map { $0.replacing(#/\u{1B}\[[0-9]*m/#, with: "") }
    #expect(table.allSatisfy { $0.count <= 40 }, "\(table)")
    #expect(table.map { $0.prefix(24).filter { $0 != " " } }.joined().contains(name.filter { $0 != " " }))
    #expect(narrow.contains { $0.contains("\u{1B}[31m-1.00\u{1B}[0m") })
  }

  @Test(
    arguments: [
      ("World Call, 10 dollars", 8, ["World", "Call, 10", "dollars"]), ("short", 8, ["short"]), ("", 8, [""]),
      ("2027-03-26 08:00:00", 10, ["2027-03-26", "08:00:00"]), ("unbreakable", 4, ["unbr", "eaka", "ble"]),
      ("a-b-c-d", 4, ["a-b-", "c-d"]), ("千円カード", 4, ["千円", "カー", "ド"]), ("千", 1, ["千"]),
    ] as [(String, Int, [String])]) func textIsPartedBetweenItsWords(_ text: String, _ width: Int, _ pieces: [String])
  {
    #expect(TableWriter.pieces(of: text, width) == pieces)
  }

  /// Each of its signs takes two columns of a terminal.
  @Test func wideSignsKeepColumnsUnderEachOther() throws {
    let rows = ["千円", "four"].map { [Cell.text($0), .money(100, Self.dollars), .none] }
    let lines = try write(rows) { TableWriter($0) }.split(separator: "\n")
    #expect(lines.contains("千円    1.00") && lines.contains("four    1.00"), "\(lines)")
  }

  @Test func aTableIsWrittenAsItIsMade() throws {
    let rows = (0..<2000).map { [Cell.text("row \($0)"), .money(Int128($0), Self.dollars), .none] }
    let lines = try write(rows) { TableWriter($0) }.split(separator: "\n").filter { $0.hasPrefix("row ") }
    #expect(lines.count == 2000)
    #expect(lines[1999].hasSuffix("19.99"))
    let page = try write(rows) { HTMLWriter($0) }
    #expect(page.components(separatedBy: "<tr><td class=\"s\">row ").count == 2001)
  }
}
