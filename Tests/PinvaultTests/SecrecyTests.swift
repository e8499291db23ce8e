import Foundation
import Testing

@Suite struct SecrecyTests {
  /// Law 10: in the data directory, in a backup, in the logs, in the journal's JSON there is none of the imported PINs.
  @Test func noPINIsFoundWhereNoneMayBe() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      let pins = try vault.writeCards("a.csv", 0..<2000)
      try await vault.importCards("A", "a.csv")
      #expect(try await vault.tool.run("import", "--sku", "A", "a.csv").status == 65)
      try await vault.become(new: "till", roles: "terminal")
      let sold = try await vault.tool.run("vend", "--sku", "A", "--count", "100", "--json")
      #expect(pins.contains { sold.output.contains($0) })
      vault.become("admin", key: "vault.admin.key")
      let events = try await vault.tool.run("events")
      #expect(events.status == 0, "\(events.errors)")
      #expect(events.output.contains("vended"))
      let stats = try await vault.tool.run("stats", "--json")
      #expect(stats.status == 0)
      let backup = try await vault.tool.run("backup", "--data", "vault", "--to", "backup")
      #expect(backup.status == 0, "\(backup.errors)")
      _ = try await vault.stop()

      let wanted = Set(pins)
      var texts = [("events", Data(events.output.utf8)), ("stats", Data(stats.output.utf8))]
      let files = try #require(
        FileManager.default.enumerator(at: vault.tool.directory, includingPropertiesForKeys: nil))
      var names: [String] = []
      for case let file as URL in files {
        let name = file.path.dropFirst(vault.tool.directory.path.count + 1)
        guard name.hasPrefix("vault/") || name.hasPrefix("backup/") || name.hasPrefix("serve-") else { continue }
        guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { continue }
        names.append(String(name))
        texts.append((String(name), try Data(contentsOf: file)))
      }
      #expect(names.contains("vault/payload/data.mdb") && names.contains("backup/payload/data.mdb"))
      #expect(names.contains("serve-1.err"))
      for (name, text) in texts { #expect(!holds(anyOf: wanted, text), "\(name)") }
      // The search finds what there is to find.
      #expect(holds(anyOf: wanted, try Data(contentsOf: URL(fileURLWithPath: vault.tool.path("a.csv")))))
    }
  }

  /// Whether 12 digits in a row anywhere in the data are one of the PINs.
  private func holds(anyOf pins: Set<String>, _ data: Data) -> Bool {
    var digits: [UInt8] = []
    for byte in data {
      guard byte &- 48 < 10 else {
        digits.removeAll(keepingCapacity: true)
        continue
      }
      digits.append(byte)
      if digits.count >= 12, pins.contains(String(decoding: digits.suffix(12), as: UTF8.self)) { return true }
    }
    return false
  }
}
