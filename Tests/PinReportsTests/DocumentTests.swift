import Foundation
import Testing

@testable import PinReports

/// What the documents say of reports is so.
@Suite struct DocumentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: Self.root.appendingPathComponent(name)), as: UTF8.self)
  }

  @Test func samplesAreWhatReportsSay() throws {
    let document = try text("docs/reports.md")
    for item in GoldenTests.cases {
      let format = item.kind == .dailyDetails || item.kind == .reconciliation ? "csv" : "txt"
      let golden = try text("Tests/PinReportsTests/Golden/\(item.name).\(format)")
      let shown = golden.replacing("\u{FEFF}", with: "").replacing("\r\n", with: "\n")
      #expect(document.contains(shown), "docs/reports.md: \(item.name)")
    }
    for kind in ReportKind.allCases { #expect(document.contains("`\(kind.rawValue)`"), "\(kind) is not described") }
    for name in ReportPeriod.names { #expect(document.contains("`\(name)`"), "\(name) is not described") }
  }

  @Test(arguments: GoldenTests.cases) func jsonIsOfTheSchema(_ item: GoldenTests.Case) throws {
    let schema = try JSONSerialization.jsonObject(with: Data(try text("docs/report.schema.json").utf8))
    let report = try JSONSerialization.jsonObject(
      with: Data(try text("Tests/PinReportsTests/Golden/\(item.name).json").utf8))
    var problems: [String] = []
    Schema.check(report, schema as! [String: Any], at: "", &problems)
    #expect(problems.isEmpty, "\(item.name): \(problems)")
  }

  @Test func theSchemaRefuses() throws {
    let schema =
      try JSONSerialization.jsonObject(with: Data(try text("docs/report.schema.json").utf8)) as! [String: Any]
    let good =
      try JSONSerialization.jsonObject(
        with: Data(try text("Tests/PinReportsTests/Golden/totals.json").utf8)) as! [String: Any]
    let changes: [(String, Any?)] = [
      ("report", "weather"), ("rows", [["gross_minor": 1.5]]), ("rows", [["colour": "red"]]), ("rows", [1]),
      ("currency", "usd"), ("journal", nil), ("extra", []), ("period", ["from": "2027"]),
    ]
    for (key, value) in changes {
      var bad = good
      bad[key] = value
      var problems: [String] = []
      Schema.check(bad, schema, at: "", &problems)
      #expect(!problems.isEmpty, "\(key)")
    }
  }
}

/// As much of JSON Schema as `docs/report.schema.json` uses.
enum Schema {
  static func check(_ value: Any, _ schema: [String: Any], at path: String, _ problems: inout [String]) {
    let known: Set<String> = [
      "$schema", "title", "description", "type", "enum", "pattern", "required", "properties", "patternProperties",
      "additionalProperties", "items",
    ]
    if !known.isSuperset(of: schema.keys) { problems.append("\(path): the schema says what is not looked at") }
    let types = schema["type"].map { $0 as? [String] ?? [$0 as! String] }
    if let types, !types.contains(where: { type(of: value, is: $0) }) { problems.append("\(path): is no \(types)") }
    if let values = schema["enum"] as? [Any], !values.contains(where: { ($0 as? NSObject) == (value as? NSObject) }) {
      problems.append("\(path): is none of those")
    }
    if let pattern = schema["pattern"] as? String, let text = value as? String, !matches(text, pattern) {
      problems.append("\(path): is not like \(pattern)")
    }
    for (index, item) in (value as? [Any] ?? []).enumerated() {
      if let items = schema["items"] as? [String: Any] { check(item, items, at: "\(path)[\(index)]", &problems) }
    }
    guard let members = value as? [String: Any] else { return }
    for key in schema["required"] as? [String] ?? [] where members[key] == nil { problems.append("\(path).\(key)") }
    for (key, member) in members {
      let named = (schema["properties"] as? [String: Any])?[key].map { [$0] } ?? []
      let alike = (schema["patternProperties"] as? [String: Any] ?? [:]).filter { matches(key, $0.key) }.map(\.value)
      for schema in named + alike { check(member, schema as! [String: Any], at: "\(path).\(key)", &problems) }
      if named.isEmpty, alike.isEmpty, schema["additionalProperties"] as? Bool == false {
        problems.append("\(path).\(key): is not known")
      }
    }
  }

  private static func matches(_ text: String, _ pattern: String) -> Bool {
    text.range(of: pattern, options: .regularExpression) != nil
  }

  private static func type(of value: Any, is name: String) -> Bool {
    switch name {
    case "null": value is NSNull
    case "string": value is String
    case "array": value is [Any]
    case "object": value is [String: Any]
    case "boolean": value is Bool
    case "integer": (value as? NSNumber).map { Double(truncating: $0) == Double(truncating: $0).rounded() } ?? false
    case "number": value is NSNumber
    default: false
    }
  }
}
