import Foundation
import Testing

/// The shop as its people run it: commands, the HTTP port behind them, a real mail server.
@Suite("The shop, end to end")
struct ShopTests {
  private static let number = "4111111111111111"

  /// Serves the shop of a vault, and points the commands to it.
  private func serve(_ vault: inout Vault, _ box: MailBox?) async throws {
    let keys = vault.tool.path("card-keys")
    if let box {
      try await vault.start(
        "--office-port", "0", "--card-keys", keys, "--mail-server", "smtp://127.0.0.1:\(box.port)", "--mail-from",
        "shop@example.com", "--mail-clear-text")
    } else {
      try await vault.start("--office-port", "0", "--card-keys", keys)
    }
    let server = try #require(vault.server)
    let port = try await waitUntil("the back office: \(server.errors)") {
      server.errors.split(separator: "\n").first { $0.contains("the back office listens") }?
        .split(separator: "=").last.map(String.init)
    }
    vault.tool.environment["PINVAULT_OFFICE"] = "http://127.0.0.1:\(port)"
  }

  private func withShop(_ body: (inout Vault, MailBox, _ pins: [String]) async throws -> Void) async throws {
    try await withVault { vault in
      try await vault.addProduct("ACME")
      let pins = try vault.writeCards("cards.csv", 0..<40)
      try await vault.importCards("ACME", vault.tool.path("cards.csv"))
      for (name, role) in [("web", "storefront"), ("clerk", "clerk"), ("reviewer", "reviewer")] {
        try await vault.become(new: name, roles: role)
      }
      try #"{"number": "\#(Self.number)", "expiry": "2031-07"}"#
        .write(toFile: vault.tool.path("card.json"), atomically: true, encoding: .utf8)
      _ = try await vault.stop()
      let box = try await MailBox(in: vault.tool.directory)
      do {
        try await serve(&vault, box)
        try await body(&vault, box, pins)
      } catch {
        await box.end()
        throw error
      }
      await box.end()
    }
  }

  /// Runs a command as somebody; it must do.
  @discardableResult
  private func ask(_ vault: inout Vault, as actor: String, _ arguments: [String]) async throws -> [String: Any] {
    vault.become(actor)
    let run = try await vault.tool.start(arguments + ["--json"]).finish()
    guard run.status == 0 else { throw Failed(what: "\(arguments.joined(separator: " ")): \(run.errors)") }
    return try run.json
  }

  private struct Failed: Error { let what: String }

  private func newCustomer(_ vault: inout Vault) async throws -> String {
    let customer = try await ask(
      &vault, as: "web", ["customer", "define", "--name", "Ada Größe", "--email", "ada@example.com"])
    return try #require(customer["id"] as? String)
  }

  private func submit(_ vault: inout Vault, _ customer: String, count: Int) async throws -> String {
    let order = try await ask(
      &vault, as: "web",
      [
        "order", "submit", "--customer", customer, "--line", "ACME=\(count)", "--card-file",
        vault.tool.path("card.json"),
      ])
    return try #require(order["id"] as? String)
  }

  private func mails(_ box: MailBox, _ count: Int) async throws -> [MailBox.Mail] {
    try await waitUntil("\(count) mails") {
      let mails = try box.mails()
      return Set(mails.map(\.messageID)).count >= count ? mails : nil
    }
  }

  @Test(
    "A first order is reviewed, charged off-line, delivered by mail, partly returned; its PINs go to its buyer alone")
  func life() async throws {
    try await withShop { vault, box, pins in
      let customer = try await newCustomer(&vault)
      let order = try await submit(&vault, customer, count: 3)
      let pending = try await ask(&vault, as: "reviewer", ["order", "list", "--pending"])
      #expect((pending["orders"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == [order])
      try await ask(&vault, as: "reviewer", ["order", "approve", order, "--version", "1"])
      let card = try await ask(&vault, as: "clerk", ["order", "show-card", order, "--reason", "to charge it"])
      #expect(card["number"] as? String == Self.number)
      let paid = try await ask(
        &vault, as: "clerk", ["order", "pay", order, "--version", "2", "--authorisation", "A-17"])
      #expect(paid["fulfilment"] as? String == "delivered" && paid["paid_minor"] as? Int == 2850)

      let delivery = try #require(try await mails(box, 2).last)
      #expect(delivery.headers["to"]?.hasSuffix("<ada@example.com>") == true)
      #expect(delivery.headers["x-recipient"] == "ada@example.com" && delivery.headers["from"] == "<shop@example.com>")
      #expect(pins.filter { delivery.text.contains($0) } == Array(pins[0..<3]))
      #expect(delivery.text.contains("Ada Größe") && delivery.text.contains("Dial *123#"))

      let back = try await ask(
        &vault, as: "clerk", ["order", "return", order, "--version", "3", "--serial", "SN00000001"])
      #expect(back["credited_minor"] as? Int == 950 && back["payment"] as? String == "paid")
      let credit = try #require(try await mails(box, 3).last)
      #expect(credit.text.contains("9.50 USD"))
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.stock("ACME")["used"] as? Int == 1)
      try await expectNoSecret(&vault, box, pins)
    }
  }

  /// That no PIN is in any mail but the delivery, and neither a PIN nor the card's number in the log, the directory, a mail.
  private func expectNoSecret(_ vault: inout Vault, _ box: MailBox, _ pins: [String]) async throws {
    for mail in try box.mails() {
      #expect(!mail.text.contains(Self.number))
      let isDelivery = mail.text.contains("Here are your cards")
      if !isDelivery { for pin in pins { #expect(!mail.text.contains(pin)) } }
    }
    let errors = try #require(vault.server).errors
    _ = try await vault.stop()
    let files = try #require(FileManager.default.enumerator(atPath: vault.tool.path("vault")))
    var everything = [Data(errors.utf8)]
    for case let file as String in files {
      if let data = FileManager.default.contents(atPath: vault.tool.path("vault/\(file)")) { everything.append(data) }
    }
    #expect(everything.count > 5)
    for secret in pins + [Self.number, "ada@example.com"] {
      #expect(everything.allSatisfy { $0.range(of: Data(secret.utf8)) == nil }, "a secret is in clear")
    }
  }

  @Test(
    "Killed with -9 after every step, order and cards agree, no mail is lost, and a mail sent twice is the same mail")
  func killedBetweenSteps() async throws {
    try await withShop { vault, box, pins in
      let customer = try await newCustomer(&vault)
      func crash(_ vault: inout Vault) async throws {
        try await vault.kill()
        try await serve(&vault, box)
      }
      try await crash(&vault)
      let order = try await submit(&vault, customer, count: 2)
      try await crash(&vault)
      try await ask(&vault, as: "clerk", ["order", "pay", order, "--version", "1", "--authorisation", "A-1"])
      try await crash(&vault)
      try await ask(&vault, as: "reviewer", ["order", "approve", order, "--version", "2"])
      try await crash(&vault)
      let shown = try await ask(&vault, as: "clerk", ["order", "show", order])
      #expect(shown["fulfilment"] as? String == "delivered" && shown["version"] as? Int == 3)
      try await ask(&vault, as: "clerk", ["order", "return", order, "--version", "3"])
      try await crash(&vault)

      let mails = try await mails(box, 3)
      for (id, copies) in Dictionary(grouping: mails, by: \.messageID) {
        #expect(Set(copies.map(\.text)).count == 1, "\(id) says two things")
      }
      // The delivery may have been overtaken by the return: then no PIN is opened for it any more.
      let told = pins.filter { pin in mails.contains { $0.text.contains(pin) } }
      #expect(told.isEmpty || told == Array(pins[0..<2]))
      _ = try await vault.stop()
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("Mails wait while nobody takes them, and are sent when somebody does; one that is refused for good is dead")
  func mailsWait() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      try await serve(&vault, nil)
      let customer = try await newCustomer(&vault)
      let order = try await submit(&vault, customer, count: 1)
      let nobody = try await ask(
        &vault, as: "web", ["customer", "define", "--name", "No One", "--email", "nobody@example.com"])
      _ = try await submit(&vault, try #require(nobody["id"] as? String), count: 1)
      #expect(try box.mails().isEmpty)
      _ = try await vault.stop()
      try await serve(&vault, box)
      let mail = try #require(try await mails(box, 1).first)
      #expect(mail.text.contains(order))
      let errors = try #require(vault.server)
      _ = try await waitUntil("the dead mail: \(errors.errors)") {
        errors.errors.contains("a mail is given up") ? 1 : nil
      }
    }
  }

  @Test("What may not be is refused in words, with nothing changed")
  func refusals() async throws {
    try await withShop { vault, _, _ in
      let customer = try await newCustomer(&vault)
      let order = try await submit(&vault, customer, count: 1)
      for (actor, arguments, status, words) in [
        ("web", ["order", "approve", order, "--version", "1"], 77, "not-permitted"),
        ("reviewer", ["order", "approve", order, "--version", "9"], 3, "stale-version"),
        ("clerk", ["order", "return", order, "--version", "1"], 3, "wrong-state"),
        ("clerk", ["order", "show-card", order, "--reason", ""], 64, "invalid"),
        ("clerk", ["order", "show", "018f0e6c-4a10-7d02-8b1e-2f6a90c4d511"], 3, "unknown-order"),
        ("web", ["order", "submit", "--customer", customer, "--line", "NONE=1"], 3, "unknown-product"),
        ("web", ["order", "submit", "--customer", customer, "--line", "ACME=99"], 4, "insufficient-stock"),
        ("web", ["customer", "define", "--name", "x", "--email", "two@at@signs"], 64, "invalid"),
      ] as [(String, [String], Int32, String)] {
        vault.become(actor)
        let run = try await vault.tool.start(arguments).finish()
        #expect(run.status == status && run.errors.contains(words), "\(arguments): \(run.status) \(run.errors)")
      }
      vault.become("web", key: "clerk.key")
      let forged = try await vault.tool.start(["order", "show", order]).finish()
      #expect(forged.status != 0 && forged.errors.contains("unauthenticated"))
      let shown = try await ask(&vault, as: "clerk", ["order", "show", order])
      #expect(shown["version"] as? Int == 1)
    }
  }
}
