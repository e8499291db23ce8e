import Foundation
import Testing

@Suite struct ImportTests {
  private struct Expected {
    var name: String
    var rows: Int?
    var accepted: Int
    var refused: [(line: Int, reason: String)]
    var error: String?
  }

  private static func expected() throws -> [Expected] {
    let data = try Data(contentsOf: Tool.fixtures.appendingPathComponent("expected.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
    return try all.map { name, entry in
      let refused = try (entry["refused"] as? [[String: Any]] ?? []).map { row in
        // The fixture names the fault; a PIN of nothing but spaces is an empty one.
        let reason = try #require(row["reason"] as? String)
        return (try #require(row["line"] as? Int), reason == "unclosed-spaces-only-pin" ? "empty-pin" : reason)
      }
      return Expected(
        name: name, rows: entry["rows"] as? Int, accepted: try #require(entry["accepted"] as? Int), refused: refused,
        error: entry["error"] as? String)
    }.sorted { $0.name < $1.name }
  }

  @Test func everyVendorFileYieldsWhatItMust() async throws {
    try await withVault { vault in
      try await vault.addProduct("ACME-10USD")
      // The dirty file comes after the first, whose card it repeats.
      for expected in try Self.expected() where expected.name != "dirty-10usd.csv" {
        let run = try await vault.tool.run(
          "import", "--sku", "ACME-10USD", "--json", Tool.fixtures.appendingPathComponent(expected.name).path)
        let file = try #require((try run.json["files"] as? [[String: Any]])?.first)
        #expect(file["accepted"] as? Int == expected.accepted, "\(expected.name)")
        if let error = expected.error {
          #expect(run.status == 65, "\(expected.name)")
          #expect((file["error"] as? String)?.contains(error) == true, "\(expected.name)")
          #expect(run.errors.contains(error), "\(expected.name)")
        } else {
          #expect(run.status == 0, "\(expected.name): \(run.errors)")
          #expect(file["rows"] as? Int == expected.rows, "\(expected.name)")
          #expect(file["purchase"] is Int, "\(expected.name)")
        }
      }
      #expect(try await vault.regular("ACME-10USD") == 37_000)
      try await dirty(&vault)
    }
  }

  /// Without --skip-bad everything is named and nothing is loaded; with it, the rest is loaded and a report written.
  private func dirty(_ vault: inout Vault) async throws {
    let expected = try #require(try Self.expected().first { $0.name == "dirty-10usd.csv" })
    let path = Tool.fixtures.appendingPathComponent(expected.name).path
    let before = try await vault.regular("ACME-10USD")
    let refused = try await vault.tool.run("import", "--sku", "ACME-10USD", "--json", path)
    #expect(refused.status == 65)
    let file = try #require((try refused.json["files"] as? [[String: Any]])?.first)
    #expect(file["purchase"] == nil)
    #expect(file["accepted"] as? Int == 0)
    let rows = try #require(file["refused_rows"] as? [[String: Any]])
    #expect(rows.map { $0["line"] as? Int } == expected.refused.map(\.line))
    #expect(rows.map { $0["reason"] as? String } == expected.refused.map(\.reason))
    #expect(try await vault.regular("ACME-10USD") == before)

    let people = try await vault.tool.run("import", "--sku", "ACME-10USD", path)
    #expect(people.status == 65)
    for row in expected.refused { #expect(people.errors.contains("line \(row.line): ")) }
    #expect(people.errors.contains("line 500: purchase 1 has brought this PIN already"))

    let skipped = try await vault.tool.run(
      "import", "--sku", "ACME-10USD", "--skip-bad", "--report", "refused.csv", path)
    #expect(skipped.status == 0, "\(skipped.errors)")
    #expect(try await vault.regular("ACME-10USD") == before + expected.accepted)
    let report = try vault.tool.text("refused.csv").split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
    #expect(report.map { Int($0[0]) } == expected.refused.map(\.line))
    #expect(report.map { String($0[2]) } == expected.refused.map(\.reason))
    for pin in try Self.pins(ofRows: expected.refused.map(\.line), in: path) {
      for text in [refused.output, refused.errors, people.errors, try vault.tool.text("refused.csv")] {
        #expect(!text.contains(pin))
      }
    }
  }

  private static func pins(ofRows lines: [Int], in path: String) throws -> [String] {
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.compactMap { line in
      let fields = rows[line - 1].split(separator: ",", omittingEmptySubsequences: false)
      return fields.count > 1 && fields[1].utf8.count > 4 ? String(fields[1]) : nil
    }
  }

  @Test func standardInputIsReadTwiceAllTheSame() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("cards.csv", 0..<3000)
      let cards = try Data(contentsOf: URL(fileURLWithPath: vault.tool.path("cards.csv")))
      let run = try await vault.tool.run("import", "--sku", "A", "-", input: cards)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try await vault.regular("A") == 3000)
      let again = try await vault.tool.run("import", "--sku", "A", "--json", "-", input: cards)
      #expect(again.status == 65)
      #expect((try again.json["files"] as? [[String: Any]])?.first?["refused"] as? Int == 3000)
    }
  }

  @Test func aRowWithoutAnExpiryTakesTheGivenOne() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try "serial,pin\nS1,111122223333\n".write(toFile: vault.tool.path("a.csv"), atomically: true, encoding: .utf8)
      let past = try await vault.tool.run("import", "--sku", "A", "--expires", "2001-01-01", "a.csv")
      #expect(past.status == 64)
      let run = try await vault.tool.run("import", "--sku", "A", "--expires", "2033-03-03", "--json", "a.csv")
      let lots = try #require((try run.json["files"] as? [[String: Any]])?.first?["lots"] as? [[String: Any]])
      #expect(lots.map { $0["expires"] as? String } == ["2033-03-03"])
    }
  }

  /// Bytes of an import after which it has begun and is not near its end.
  private static let someOfIt = 100_000

  @Test(arguments: [SIGKILL, SIGINT]) func anInterruptedImportLeavesNothingAndRunsAgain(signal: Int32) async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("cards.csv", 0..<60_000)
      let proxy = try GatedProxy(
        to: try #require(vault.tool.environment["PINVAULT_SERVER"]), lettingThrough: Self.someOfIt)
      defer { proxy.end() }
      let start = ContinuousClock.now
      let first = try vault.tool.start(
        ["import", "--sku", "A", "cards.csv", "--server", "127.0.0.1:\(proxy.port)"])
      // Begun, so that ids and keys were given out.
      while try await !vault.tool.run("events").output.contains("purchase-begun") {
        try #require(first.process.isRunning)
      }
      first.signal(signal)
      proxy.open()
      let ended = try await first.finish()
      #expect(ended.status == (signal == SIGKILL ? 137 : 130), "\(ended.errors)")
      #expect(try await vault.regular("A") == 0)
      let second = try await vault.tool.run("import", "--sku", "A", "cards.csv")
      #expect(second.status == 0, "\(second.errors)")
      // On a slow machine ten silent seconds may be over before the second asks.
      let mustWait = signal == SIGKILL && ContinuousClock.now - start < .seconds(10)
      let hasWaited = second.errors.contains("waiting for it to end")
      #expect(hasWaited == mustWait || hasWaited && signal == SIGKILL)
      #expect(try await vault.regular("A") == 60_000)
    }
  }

  @Test func anImportOutlivesAKilledServer() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("cards.csv", 0..<60_000)
      let port = try #require(vault.tool.environment["PINVAULT_SERVER"]?.split(separator: ":").last.map(String.init))
      let proxy = try GatedProxy(
        to: try #require(vault.tool.environment["PINVAULT_SERVER"]), lettingThrough: Self.someOfIt)
      defer { proxy.end() }
      let importing = try vault.tool.start(
        ["import", "--sku", "A", "cards.csv", "--server", "127.0.0.1:\(proxy.port)"])
      while try await !vault.tool.run("events").output.contains("purchase-begun") {
        try #require(importing.process.isRunning)
      }
      try await vault.kill()
      try await vault.start("--port", port)
      proxy.open()
      let imported = try await importing.finish()
      #expect(imported.status == 0, "\(imported.errors)")
      #expect(imported.errors.contains("beginning anew"))
      #expect(try await vault.regular("A") == 60_000)
      #expect(try await vault.tool.run("verify", "--data", "vault").status == 0)
    }
  }

  @Test func eachFileIsAPurchaseAndABadOneDoesNotStopTheNext() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("1.csv", 0..<10)
      try vault.writeCards("2.csv", 5..<15)
      try vault.writeCards("3.csv", 20..<30)
      try vault.writeCards("4.csv", 40..<50)
      let run = try await vault.tool.run("import", "--sku", "A", "--json", "1.csv", "2.csv", "gone.csv", "3.csv")
      #expect(run.status == 74, "\(run.errors)")
      let files = try #require(try run.json["files"] as? [[String: Any]])
      #expect(files.map { $0["accepted"] as? Int } == [10, 0, 0, 10])
      #expect(files.map { $0["refused"] as? Int } == [0, 5, 0, 0])
      let rest = try await vault.tool.run("import", "--sku", "A", "--skip-bad", "2.csv", "4.csv")
      #expect(rest.status == 0, "\(rest.errors)")
      #expect(FileManager.default.fileExists(atPath: vault.tool.path("2.csv.refused.csv")))
      #expect(!FileManager.default.fileExists(atPath: vault.tool.path("4.csv.refused.csv")))
      #expect(try await vault.regular("A") == 35)
    }
  }
}
