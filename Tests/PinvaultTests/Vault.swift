import Foundation
import Testing

/// A store of its own with a real server, and the tool set up to talk to it.
struct Vault {
  var tool: Tool
  private(set) var server: Started?
  private(set) var starts = 0

  static let master = ["--data", "vault", "--master-key", "vault.master-key"]

  /// Makes a store and serves it.
  init() async throws {
    tool = try Tool()
    let made = try await tool.run("init", "--data", "vault")
    try #require(made.status == 0, "\(made.errors)")
    try await start()
    become("admin", key: "vault.admin.key")
  }

  mutating func start(_ more: String...) async throws { try await start(more) }

  mutating func start(_ more: [String]) async throws {
    starts += 1
    try? FileManager.default.removeItem(atPath: tool.path("vault/address"))
    let server = try tool.start(
      ["serve"] + Self.master + ["--port", "0", "--status-port", "0", "--log-level", "debug"] + more,
      log: "serve-\(starts)")
    self.server = server
    let address = try await waitUntil("the address file: \(server.errors)") { try? tool.text("vault/address") }
    let json = try #require(try JSONSerialization.jsonObject(with: Data(address.utf8)) as? [String: Any])
    tool.environment["PINVAULT_SERVER"] = "127.0.0.1:\(try #require(json["port"] as? Int))"
  }

  /// Ends the server in good order.
  mutating func stop() async throws -> Tool.Run? {
    guard let server else { return nil }
    server.signal(SIGTERM)
    self.server = nil
    return try await server.finish()
  }

  /// Ends the server as a power cut would.
  mutating func kill() async throws {
    server?.signal(SIGKILL)
    _ = try await server?.finish()
    server = nil
  }

  mutating func end() async throws {
    try await kill()
    tool.remove()
  }

  mutating func become(_ actor: String, key: String? = nil) {
    tool.environment["PINVAULT_ACTOR"] = actor
    tool.environment["PINVAULT_KEY_FILE"] = tool.path(key ?? "\(actor).key")
  }

  /// Adds an actor with these roles and becomes it.
  mutating func become(new actor: String, roles: String) async throws {
    become("admin", key: "vault.admin.key")
    let added = try await tool.run("actor", "add", actor, "--role", roles)
    try #require(added.status == 0, "\(added.errors)")
    become(actor)
  }

  func addProduct(_ sku: String, vendor: String = "Acme", currency: String = "USD") async throws {
    let added = try await tool.run(
      "product", "add", "--sku", sku, "--name", "Card \(sku)", "--vendor", vendor, "--currency", currency,
      "--face-value", "10.00", "--price", "9.50", "--instructions", "Dial *123# and enter the PIN.")
    try #require(added.status == 0, "\(added.errors)")
  }

  func importCards(_ sku: String, _ file: String) async throws {
    let imported = try await tool.run("import", "--sku", sku, file)
    try #require(imported.status == 0, "\(imported.errors)")
  }

  /// Writes a vendor file of cards with these numbers, and tells their PINs.
  @discardableResult
  func writeCards(_ name: String, _ numbers: Range<Int>, expires: String = "2031-12-31") throws -> [String] {
    let pins = numbers.map { String(format: "%012d", $0 &* 2_654_435_761 % 1_000_000_000_000) }
    let rows = zip(numbers, pins).map { "SN\(String(format: "%08d", $0)),\($1),\(expires)\n" }
    try ("serial,pin,expires\n" + rows.joined()).write(toFile: tool.path(name), atomically: true, encoding: .utf8)
    return pins
  }

  /// The stock of a product, by its name.
  func stock(_ sku: String) async throws -> [String: Any] {
    let run = try await tool.run("stock", "--sku", sku, "--json")
    let levels = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
    return try #require(levels?.first, "\(run.errors)")
  }

  func regular(_ sku: String) async throws -> Int {
    try #require(try await stock(sku)["regular"] as? Int)
  }
}

/// Runs a test with a vault of its own, which is gone at its end.
func withVault(_ body: (inout Vault) async throws -> Void) async throws {
  var vault = try await Vault()
  do {
    try await body(&vault)
  } catch {
    try await vault.end()
    throw error
  }
  try await vault.end()
}
