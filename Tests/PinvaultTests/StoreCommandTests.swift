import Foundation
import Testing

@Suite struct StoreCommandTests {
  // MARK: init

  @Test func initRefusesWhateverIsThereAndChangesNothing() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let first = try await tool.run("init", "--data", "vault", "--json")
    #expect(first.status == 0)
    for name in ["vault.master-key", "vault.admin.key"] {
      let mode = try FileManager.default.attributesOfItem(atPath: tool.path(name))[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(name)")
      // Neither the file nor the standard output may tell a key to whoever looks over a shoulder.
      let key = try #require(try tool.text(name).split(separator: " ").last).dropLast()
      #expect(!first.output.contains(key))
    }
    let key = try tool.text("vault.master-key")
    #expect(try await tool.run("init", "--data", "vault").status == 73)
    #expect(try await tool.run("init", "--data", "other", "--master-key", "vault.master-key").status == 73)
    #expect(try await tool.run("init", "--data", "other", "--key-file", "vault.admin.key").status == 73)
    #expect(try tool.text("vault.master-key") == key)
    #expect(try names(in: tool).filter { $0.hasPrefix("other") } == [])
  }

  @Test func aFailedInitLeavesNothing() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool.run("init", "--data", "missing/vault").status == 73)
    #expect(try await tool.run("init", "--data", "vault", "--master-key", "missing/key").status == 73)
    #expect(try await tool.run("init", "--data", "vault", "--administrator", "a b").status == 64)
    #expect(try await tool.run("init", "--data", "vault", "--master-key", "vault/key").status == 64)
    #expect(try names(in: tool) == [])
  }

  /// The store needs some of the files that a process may have open, whoever connects.
  @Test func aServerTakesNoMoreConnectionsThanLeaveFilesForItsStore() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool.run("init", "--data", "vault").status == 0)
    let arguments = ["serve", "--data", "vault", "--master-key", "vault.master-key", "--port", "0", "--no-status"]
    for (more, isWarned) in [([], true), (["--maximum-connections", "44"], false)] {
      let server = try tool.start(arguments + more, openFiles: 300)
      _ = try await waitUntil("the address file: \(server.errors)") { try? tool.text("vault/address") }
      let warning = "fewer connections are taken than asked for"
      #expect(server.errors.contains(warning) == isWarned, "\(server.errors)")
      #expect(server.errors.contains("asked=10000 connections=44") == isWarned, "\(server.errors)")
      server.signal(SIGTERM)
      #expect(try await server.finish().status == 0)
    }
  }

  private func names(in tool: Tool) throws -> [String] {
    // The runs' own outputs are not of the tool's making.
    try FileManager.default.contentsOfDirectory(atPath: tool.directory.path)
      .filter { !$0.hasSuffix(".out") && !$0.hasSuffix(".err") }
  }

  // MARK: serve

  @Test func serveSaysWhatIsWrongAndItsCodeTells() async throws {
    try await withVault { vault in
      let tool = vault.tool
      let inUse = try await tool.run("serve", "--data", "vault", "--master-key", "vault.master-key", "--port", "0")
      #expect(inUse.status == 75)
      #expect(inUse.errors.contains("in use"))
      let address = try tool.text("vault/address")
      try FileManager.default.removeItem(atPath: tool.path("vault/address"))
      let silent = try await tool.run("verify", "--data", "vault")
      #expect(silent.status == 75)
      #expect(silent.errors.contains("does not serve"))
      try address.write(toFile: tool.path("vault/address"), atomically: true, encoding: .utf8)
      #expect(try await tool.run("verify", "--data", "vault").status == 0)

      #expect(try await tool.run("init", "--data", "other").status == 0)
      let port = try #require(tool.environment["PINVAULT_SERVER"]?.split(separator: ":").last.map(String.init))
      let taken = try await tool.run(
        "serve", "--data", "other", "--master-key", "other.master-key", "--port", port, "--no-status")
      #expect(taken.status == 69)
      #expect(taken.errors.contains("port \(port)"))

      let wrong = try await tool.run("serve", "--data", "other", "--master-key", "vault.master-key", "--port", "0")
      #expect(wrong.status == 77)
      #expect(wrong.errors.contains("wrong master key"))
      let piped = try await tool.run(
        "serve", "--data", "other", "--master-key-fd", "0", "--port", "0",
        input: Data(try tool.text("vault.master-key").utf8))
      #expect(piped.status == 77)
      #expect(piped.errors.contains("wrong master key"))
      let missing = try await tool.run("serve", "--data", "other", "--master-key", "nowhere", "--port", "0")
      #expect(missing.status == 77)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o640], ofItemAtPath: tool.path("other.master-key"))
      let open = try await tool.run("serve", "--data", "other", "--master-key", "other.master-key", "--port", "0")
      #expect(open.status == 77)
      #expect(open.errors.contains("0600"))
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: tool.path("other.master-key"))

      let clear = try await tool.run(
        "serve", "--data", "other", "--master-key", "other.master-key", "--port", "0", "--address", "0.0.0.0")
      #expect(clear.status == 64)
      #expect(clear.errors.contains("--allow-clear-text"))

      try "pinvault-data 99\n".write(toFile: tool.path("other/format"), atomically: true, encoding: .utf8)
      let newer = try await tool.run("serve", "--data", "other", "--master-key", "other.master-key", "--port", "0")
      #expect(newer.status == 65)
      #expect(newer.errors.contains("newer"))
    }
  }

  @Test func aSettingComesFromFlagThenEnvironmentThenFile() async throws {
    var tool = try Tool()
    defer { tool.remove() }
    try #"{"data": "from-file", "prot": 1}"#.write(toFile: tool.path("s.json"), atomically: true, encoding: .utf8)
    let unknown = try await tool.run("serve", "--settings", "s.json")
    #expect(unknown.status == 64)
    #expect(unknown.errors.contains("'prot'"))
    try #"{"data": "from-file", "master-key": "nowhere"}"#
      .write(toFile: tool.path("s.json"), atomically: true, encoding: .utf8)
    tool.environment["PINVAULT_MASTER_KEY"] = "from-environment"
    #expect(try await tool.run("serve", "--settings", "s.json").errors.contains("from-environment"))
    #expect(try await tool.run("serve", "--settings", "s.json", "--master-key", "flag").errors.contains("flag"))
    tool.environment["PINVAULT_MASTER_KEY"] = nil
    tool.environment["PINVAULT_PORT"] = "80a"
    let mistyped = try await tool.run("serve", "--settings", "s.json")
    #expect(mistyped.status == 64)
    #expect(mistyped.errors.contains("'port'"))
    tool.environment["PINVAULT_PORT"] = "80000"
    #expect(try await tool.run("serve", "--settings", "s.json").status == 64)
    tool.environment["PINVAULT_PORT"] = nil
    #expect(try await tool.run("serve", "--settings", "s.json").errors.contains("nowhere"))
  }

  @Test func aGracefulStopTakesTheAddressAway() async throws {
    try await withVault { vault in
      let stopped = try #require(try await vault.stop())
      #expect(stopped.status == 0, "\(stopped.errors)")
      #expect(!FileManager.default.fileExists(atPath: vault.tool.path("vault/address")))
      let asked = try await vault.tool.run("stock")
      #expect(asked.status == 69)
    }
  }

  // MARK: verify, backup, restore, rekey

  @Test func aFlippedByteIsFound() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("a.csv", 0..<100)
      try await vault.importCards("A", "a.csv")
      let live = try await vault.tool.run("verify", "--data", "vault", "--json")
      #expect(live.status == 0, "\(live.errors)")
      #expect(try live.json["sound"] as? Bool == true)
      #expect(try live.json["cards"] as? Int == 100)
      _ = try await vault.stop()
      let idle = try await vault.tool.run("verify", "--data", "vault", "--json")
      #expect(idle.status == 0, "\(idle.errors)")
      #expect(try idle.json["chain_head"] as? String == live.json["chain_head"] as? String)

      let journal = vault.tool.directory.appendingPathComponent("vault/journal")
      let segment = try #require(try FileManager.default.contentsOfDirectory(atPath: journal.path).sorted().first)
      let file = try FileHandle(forUpdating: journal.appendingPathComponent(segment))
      let events = try #require(try file.read(upToCount: 4096))
      let end = try #require(events.lastIndex { $0 != 0 })
      try file.seek(toOffset: UInt64(end / 2))
      try file.write(contentsOf: [events[end / 2] ^ 1])
      try file.close()
      let flipped = try await vault.tool.run("verify", "--data", "vault", "--json")
      #expect(flipped.status == 6)
      #expect(try flipped.json["sound"] as? Bool == false)
      #expect(try (flipped.json["problems"] as? [[String: Any]])?.isEmpty == false)
      let served = try await vault.tool.run("serve", "--data", "vault", "--master-key", "vault.master-key")
      #expect(served.status == 70, "\(served.errors)")
    }
  }

  @Test func aBackupIsRestoredWithAndWithoutTheJournal() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try vault.writeCards("a.csv", 0..<100)
      try await vault.importCards("A", "a.csv")
      let backup = try await vault.tool.run("backup", "--data", "vault", "--to", "backup", "--json")
      #expect(backup.status == 0, "\(backup.errors)")
      #expect(try await vault.tool.run("backup", "--data", "vault", "--to", "backup").status == 73)
      try await vault.become(new: "till", roles: "terminal")
      let sold = try await vault.tool.run("vend", "--sku", "A", "--count", "3", "--json")
      #expect(sold.status == 0, "\(sold.errors)")
      _ = try await vault.stop()
      let idle = try await vault.tool.run("backup", "--data", "vault", "--to", "idle")
      #expect(idle.status == 0, "\(idle.errors)")

      #expect(try await vault.tool.run("restore", "--from", "backup", "--data", "vault").status == 73)
      #expect(try await vault.tool.run("restore", "--from", "vault", "--data", "new").status == 65)
      let verified = try await vault.tool.run("verify", "--data", "vault", "--json")
      let head = try #require(try verified.json["head_sequence"] as? Int)
      let whole = try await vault.tool.run(
        "restore", "--from", "backup", "--data", "whole", "--journal", "vault/journal", "--head", "\(head)", "--json")
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(try whole.json["new_store_id"] == nil)
      // Nobody says that this journal is the last there was.
      let untold = try await vault.tool.run(
        "restore", "--from", "backup", "--data", "untold", "--journal", "vault/journal", "--json")
      #expect(try untold.json["new_store_id"] is String, "\(untold.errors)")
      let forgetful = try await vault.tool.run("restore", "--from", "backup", "--data", "forgetful", "--json")
      #expect(try forgetful.json["new_store_id"] is String, "\(forgetful.errors)")
      let beyond = try await vault.tool.run(
        "restore", "--from", "backup", "--data", "beyond", "--to-sequence", "1000000")
      #expect(beyond.status == 65)
      #expect(!FileManager.default.fileExists(atPath: vault.tool.path("beyond")))

      try await expectStock(of: "whole", vault.tool, regular: 97, quarantined: 0)
      try await expectStock(of: "forgetful", vault.tool, regular: 0, quarantined: 100)
    }
  }

  private func expectStock(of data: String, _ tool: Tool, regular: Int, quarantined: Int) async throws {
    let server = try tool.start(
      ["serve", "--data", data, "--master-key", "vault.master-key", "--port", "0", "--no-status"])
    _ = try await waitUntil("\(data) serves: \(server.errors)") { try? tool.text("\(data)/address") }
    let address = try #require(
      try JSONSerialization.jsonObject(with: Data(try tool.text("\(data)/address").utf8)) as? [String: Any])
    var asking = tool
    asking.environment["PINVAULT_SERVER"] = "127.0.0.1:\(try #require(address["port"] as? Int))"
    asking.environment["PINVAULT_ACTOR"] = "admin"
    asking.environment["PINVAULT_KEY_FILE"] = tool.path("vault.admin.key")
    let run = try await asking.run("stock", "--json")
    let levels = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
    #expect(levels?.first?["regular"] as? Int == regular, "\(data): \(run.errors)")
    #expect(levels?.first?["quarantined"] as? Int == quarantined, "\(data)")
    if quarantined > 0 {
      let back = try await asking.run("reinventory", "--card", "1-\(quarantined)", "--reason", "counted")
      #expect(back.status == 0, "\(back.errors)")
    }
    server.signal(SIGTERM)
    #expect(try await server.finish().status == 0)
    #expect(try await tool.run("verify", "--data", data).status == 0)
  }

  @Test func rekeyingChangesTheKeyAndNothingElse() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      let pins = try vault.writeCards("a.csv", 0..<10)
      try await vault.importCards("A", "a.csv")
      try await vault.become(new: "till", roles: "terminal")
      let live = try await vault.tool.run(
        "rekey", "--data", "vault", "--master-key", "vault.master-key", "--new-master-key", "second.key")
      #expect(live.status == 75)
      #expect(!FileManager.default.fileExists(atPath: vault.tool.path("second.key")))
      _ = try await vault.stop()
      let rekeyed = try await vault.tool.run(
        "rekey", "--data", "vault", "--master-key", "vault.master-key", "--new-master-key", "second.key")
      #expect(rekeyed.status == 0, "\(rekeyed.errors)")
      let old = try await vault.tool.run("serve", "--data", "vault", "--master-key", "vault.master-key")
      #expect(old.status == 77)
      try FileManager.default.removeItem(atPath: vault.tool.path("vault.master-key"))
      try FileManager.default.moveItem(
        atPath: vault.tool.path("second.key"), toPath: vault.tool.path("vault.master-key"))
      try await vault.start()
      let sold = try await vault.tool.run("vend", "--sku", "A", "--json")
      let cards = try #require(try sold.json["cards"] as? [[String: Any]])
      #expect(pins.contains(try #require(cards.first?["pin"] as? String)))
    }
  }
}
