import Curl
import Foundation
import Testing

/// What the tests of the shop have in common: a server with people, cards and a mail server, run by commands.
enum Storefront {
  static let number = "4111111111111111"
}

/// Runs a test with a shop of its own.
func withShop(_ body: (inout Vault, MailBox, _ pins: [String]) async throws -> Void) async throws {
  try await withVault { vault in
    try await vault.addProduct("ACME")
    let pins = try vault.writeCards("cards.csv", 0..<40)
    try await vault.importCards("ACME", vault.tool.path("cards.csv"))
    for (name, role) in [("web", "storefront"), ("clerk", "clerk"), ("reviewer", "reviewer")] {
      try await vault.become(new: name, roles: role)
    }
    try #"{"number": "\#(Storefront.number)", "expiry": "2099-07"}"#
      .write(toFile: vault.tool.path("card.json"), atomically: true, encoding: .utf8)
    _ = try await vault.stop()
    let box = try await MailBox(in: vault.tool.directory)
    do {
      try await vault.serveShop(box)
      try await body(&vault, box, pins)
    } catch {
      await box.end()
      throw error
    }
    await box.end()
  }
}

extension Vault {
  /// Serves the shop, and points the commands to it. Mails are handed over in clear unless `mail` says how.
  mutating func serveShop(
    _ box: MailBox?, mail: [String] = ["--mail-clear-text"], more: [String] = []
  ) async throws {
    var flags = ["--office-port", "0", "--card-keys", tool.path("card-keys")] + more
    if let box {
      flags += ["--mail-server", "smtp://localhost:\(box.port)", "--mail-from", "shop@example.com"] + mail
    }
    try await start(flags)
    let server = try #require(server)
    let port = try await waitUntil("the back office: \(server.errors)") {
      server.errors.split(separator: "\n").first { $0.contains("the back office listens") }?
        .split(separator: "=").last.map(String.init)
    }
    tool.environment["PINVAULT_OFFICE"] = "http://127.0.0.1:\(port)"
  }

  /// Runs a command as somebody; it must do.
  @discardableResult
  mutating func ask(as actor: String, _ arguments: [String]) async throws -> [String: Any] {
    become(actor)
    let run = try await tool.start(arguments + ["--json"]).finish()
    guard run.status == 0 else { throw Failed(what: "\(arguments.joined(separator: " ")): \(run.errors)") }
    return try run.json
  }

  struct Failed: Error { let what: String }

  mutating func newCustomer() async throws -> String {
    let customer = try await ask(
      as: "web", ["customer", "define", "--name", "Ada Größe", "--email", "ada@example.com"])
    return try #require(customer["id"] as? String)
  }

  mutating func submit(_ customer: String, count: Int) async throws -> String {
    let order = try await ask(
      as: "web",
      [
        "order", "submit", "--customer", customer, "--line", "ACME=\(count)", "--card-file",
        tool.path("card.json"),
      ])
    return try #require(order["id"] as? String)
  }

  /// Asks the back office as nobody in particular.
  func get(_ path: String) async throws -> (status: Int, answer: [String: Any]) {
    let office = try #require(tool.environment["PINVAULT_OFFICE"])
    let (status, body) = try await WebRequest("GET", office + path).perform()
    let answer = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return (status, try #require(answer))
  }
}
