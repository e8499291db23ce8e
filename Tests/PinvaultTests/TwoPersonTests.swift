import Foundation
import Testing

@Suite("Two people, where one is not enough")
struct TwoPersonTests {
  // MARK: The master key in parts

  @Test("A store whose key is in parts is made, served and rekeyed with all of them, and with nothing less")
  func parts() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let made = try await tool.run(
      "init", "--data", "vault", "--master-key", "ann.part", "--master-key", "bob.part", "--json")
    try #require(made.status == 0, "\(made.errors)")
    #expect(try made.json["master_key"] as? [String] == ["ann.part", "bob.part"])
    for name in ["ann.part", "bob.part"] { #expect(!made.output.contains(try digits(tool, name))) }

    let serve = ["serve", "--data", "vault", "--port", "0", "--no-status"]
    for (keys, what) in [
      (["--master-key", "ann.part"], "part 2 of 2 of the master key is missing"),
      (["--master-key", "bob.part", "--master-key", "bob.part"], "part 1 of 2 of the master key is missing"),
    ] {
      let refused = try await tool.start(serve + keys).finish()
      #expect(refused.status == 77)
      #expect(refused.errors.contains(what), "\(refused.errors)")
    }
    // Another pair's part is a part, but not of this key.
    #expect(
      try await tool.run("init", "--data", "other", "--master-key", "x.part", "--master-key", "y.part").status == 0)
    let mixed = try await tool.start(serve + ["--master-key", "ann.part", "--master-key", "y.part"]).finish()
    #expect(mixed.status == 77)
    #expect(mixed.errors.contains("wrong master key"))

    try await serveAndStop(tool, ["--master-key", "bob.part", "--master-key", "ann.part"])
    // One from a file, the other on a descriptor, as a service manager hands it over.
    try await serveAndStop(
      tool, ["--master-key", "ann.part", "--master-key-fd", "0"], input: Data(try tool.text("bob.part").utf8))
  }

  @Test("Rekeying goes from one key to parts, to other parts, and back to one; each time with all of the old key")
  func rekey() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool.run("init", "--data", "vault").status == 0)
    func rekey(_ old: [String], _ new: [String]) async throws -> Tool.Run {
      try await tool.start(
        ["rekey", "--data", "vault"] + old.flatMap { ["--master-key", $0] } + new.flatMap { ["--new-master-key", $0] }
      ).finish()
    }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: tool.path(name)) }
    #expect(try await rekey(["vault.master-key"], ["ann", "bob"]).status == 0)
    let alone = try await rekey(["ann"], ["whole"])
    #expect(alone.status == 77 && alone.errors.contains("part 2 of 2"), "\(alone.errors)")
    let old = try await rekey(["vault.master-key"], ["whole"])
    #expect(old.status == 77 && old.errors.contains("wrong master key"), "\(old.errors)")
    #expect(!exists("whole"), "a key that opens nothing was left")
    #expect(try await rekey(["bob", "ann"], ["cid", "dee", "eve"]).status == 0)
    let some = try await rekey(["cid", "dee", "eve"], ["ann", "new"])
    #expect(some.status == 64 && !exists("new"), "\(some.errors)")
    let inside = try await rekey(["cid", "dee", "eve"], ["vault/inside", "new"])
    #expect(inside.status == 64 && !exists("new") && !exists("vault/inside"), "\(inside.errors)")
    #expect(try await rekey(["cid", "dee", "eve"], ["same", "same"]).status == 64)
    #expect(try await rekey(["dee", "cid", "eve"], ["ann", "bob"]).status == 0, "parts that are there are used")
    #expect(try await rekey(["ann", "bob"], ["whole"]).status == 0)
    try await serveAndStop(tool, ["--master-key", "whole"])
  }

  @Test("The parts may come from the environment or the settings file, too")
  func settings() async throws {
    var tool = try Tool()
    defer { tool.remove() }
    #expect(
      try await tool.run("init", "--data", "vault", "--master-key", "ann", "--master-key", "bob").status == 0)
    try #"{"master-key": ["ann", "bob"]}"#.write(toFile: tool.path("s.json"), atomically: true, encoding: .utf8)
    try await serveAndStop(tool, ["--settings", "s.json"])
    tool.environment["PINVAULT_MASTER_KEY"] = "bob,ann"
    try await serveAndStop(tool, [])
  }

  private func digits(_ tool: Tool, _ name: String) throws -> String {
    String(try #require(try tool.text(name).split(separator: " ").last).dropLast())
  }

  private func serveAndStop(_ tool: Tool, _ keys: [String], input: Data? = nil) async throws {
    let server = try tool.start(["serve", "--data", "vault", "--port", "0", "--no-status"] + keys, input: input)
    _ = try await waitUntil("the address file: \(server.errors)") { try? tool.text("vault/address") }
    server.signal(SIGTERM)
    let stopped = try await server.finish()
    #expect(stopped.status == 0, "\(stopped.errors)")
  }

  // MARK: Approval

  @Test("A large re-inventory is refused, approved by a custodian, done once; and so is naming another custodian")
  func approval() async throws {
    try await withVault { vault in
      try await vault.addProduct("TEN")
      try vault.writeCards("cards.csv", 0..<6)
      try await vault.importCards("TEN", "cards.csv")
      try await vault.become(new: "till", roles: "terminal")
      let sale = try #require(try await vault.tool.run("vend", "--sku", "TEN", "--count", "6", "--json").json["id"])
      #expect(try await vault.tool.run("reverse", "\(sale)").status == 0)
      try await vault.become(new: "ann", roles: "key-custodian")
      vault.become("admin", key: "vault.admin.key")

      let rule = ["approval-rule", "--cards-per-day", "2"]
      try await withApproval(&vault, rule)
      #expect(try await vault.tool.run("approval-rule", "--json").json["approval_cards_per_day"] as? Int == 2)

      let large = ["reinventory", "--sale", "\(sale)", "--reason", "seals unbroken"]
      try await withApproval(&vault, large)
      #expect(try await vault.regular("TEN") == 6)

      try await withApproval(&vault, ["actor", "add", "bob", "--role", "key-custodian"])
      #expect(FileManager.default.fileExists(atPath: vault.tool.path("bob.key")))
      let needless = try await vault.tool.run("approve", "stock", "--sku", "TEN")
      #expect(needless.status == 64 && needless.errors.contains("'stock' never needs"), "\(needless.errors)")
      let nameless = try await vault.tool.run("approve", "reinventory", "--card", "1", "--reason", "x")
      #expect(nameless.status == 64 && nameless.errors.contains("--id"), "\(nameless.errors)")
      let verified = try await vault.tool.run("verify", "--data", "vault")
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  /// Gives a command as the administrator, has ann approve what the refusal says, and gives it again; it stays used up.
  private func withApproval(_ vault: inout Vault, _ command: [String]) async throws {
    let refused = try await vault.tool.start(command).finish()
    #expect(refused.status == 77 && refused.errors.contains("second person"), "\(command): \(refused.errors)")
    let id = try #require(refused.errors.split(separator: " ").drop { $0 != "--id" }.dropFirst().first)
    vault.become("ann")
    let approved = try await vault.tool.start(["approve"] + command + ["--id", "\(id)"]).finish()
    #expect(approved.status == 0, "\(approved.errors)")
    vault.become("admin", key: "vault.admin.key")
    let other = try await vault.tool.start(command).finish()
    #expect(other.status == 77, "an approval of one request let another pass")
    let done = try await vault.tool.start(command + ["--id", "\(id)"]).finish()
    #expect(done.status == 0, "\(done.errors)")
  }
}
