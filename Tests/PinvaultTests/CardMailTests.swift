import ChildProcess
import Foundation
import Testing

@Suite("Payment cards reach the shop's own certificate, and nobody else, where the shop wants that")
struct CardMailTests {
  @Test(
    "A card is opened by 'openssl cms -decrypt' and the shop's key alone; the mails say nothing of it to others",
    arguments: ["ec", "rsa"])
  func sealed(algorithm: String) async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      try makeCertificate("shop", algorithm, in: vault.tool)
      try makeCertificate("other", algorithm, in: vault.tool)
      let flags = ["--card-mail-certificate", vault.tool.path("shop.pem"), "--card-mail-to", "cards@example.com"]
      try await vault.serveShop(box, more: flags)
      let order = try await vault.submit(try await vault.newCustomer(), count: 2)
      let mails = try await box.mails(2)
      #expect(mails.map { $0.headers["x-recipient"] } == ["cards@example.com", "ada@example.com"])
      #expect(try open(mails[0], "shop", vault.tool) == text(order, Storefront.number, "2099-07"))
      #expect(try open(mails[0], "other", vault.tool) == nil)

      try #"{"number": "5555555555554444", "expiry": "2099-01"}"#
        .write(toFile: vault.tool.path("card.json"), atomically: true, encoding: .utf8)
      try await vault.ask(
        as: "web", ["order", "card", order, "--version", "1", "--card-file", vault.tool.path("card.json")])
      let changed = try #require(try await box.mails(3).last)
      #expect(try open(changed, "shop", vault.tool) == text(order, "5555555555554444", "2099-01"))
      for mail in try box.mails() {
        for number in [Storefront.number, "5555555555554444"] {
          #expect(!(mail.raw + mail.text + mail.page).contains(number))
        }
      }
      vault.become("admin", key: "vault.admin.key")
      let shown = try await vault.tool.run("events").output.split(separator: "\n").filter { $0.contains("card-shown") }
      #expect(shown.count >= 2 && shown.allSatisfy { $0.contains("mailed to the shop's certificate") }, "\(shown)")
      _ = try await vault.stop()
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("A customer's mail that is tried again sends the shop no second payment card, after a restart, too")
  func once() async throws {
    try await withShop { vault, _, _ in
      _ = try await vault.stop()
      try makeCertificate("shop", "ec", in: vault.tool)
      let flags = ["--card-mail-certificate", vault.tool.path("shop.pem"), "--card-mail-to", "cards@example.com"]
      let box = try await MailBox(in: vault.tool.directory, "--refuse", "2", "--refuse-to", "ada@example.com")
      let mail = ["--mail-clear-text", "--mail-retry-seconds", "1"]
      try await vault.serveShop(box, mail: mail, more: flags)
      _ = try await vault.submit(try await vault.newCustomer(), count: 1)
      let server = try #require(vault.server)
      _ = try await waitUntil("a mail that is not taken") {
        server.errors.contains("a mail was not taken") ? 1 : nil
      }
      _ = try await vault.stop()
      try await vault.serveShop(box, mail: mail, more: flags)
      let mails = try await box.mails(2)
      #expect(mails.map { $0.headers["x-recipient"] } == ["cards@example.com", "ada@example.com"])
      vault.become("admin", key: "vault.admin.key")
      let events = try await vault.tool.run("events").output.split(separator: "\n")
      #expect(events.filter { $0.contains("card-shown") }.count == 1)
      await box.end()
    }
  }

  @Test("A shop that wants none is mailed none, and what is no certificate is refused at start")
  func unwanted() async throws {
    try await withShop { vault, box, _ in
      let order = try await vault.submit(try await vault.newCustomer(), count: 1)
      try await vault.ask(
        as: "web", ["order", "card", order, "--version", "1", "--card-file", vault.tool.path("card.json")])
      let next = try await vault.submit(try await vault.newCustomer(), count: 1)
      _ = try await waitUntil("the mail of the second order") {
        try box.mails().contains { $0.text.contains(next) } ? 1 : nil
      }
      #expect(Set(try box.mails().map(\.messageID)).count == 2)
      _ = try await vault.stop()
      let run = try await vault.tool.start(
        ["serve"] + Vault.master + [
          "--port", "0", "--office-port", "0", "--card-keys", vault.tool.path("card-keys"), "--mail-server",
          "smtp://localhost:\(box.port)", "--mail-from", "shop@example.com", "--card-mail-certificate",
          vault.tool.path("card.json"),
        ]
      ).finish()
      #expect(run.status != 0 && run.errors.contains("it is not a certificate"), "\(run.errors)")
    }
  }

  private func text(_ order: String, _ number: String, _ expiry: String) -> String {
    "Content-Type: text/plain; charset=utf-8\r\n\r\nOrder: \(order)\r\nNumber: \(number)\r\nExpires: \(expiry)\r\n"
      + "Amount: 19.00 USD\r\n"
  }

  /// What a key opens of a mail; nil for nothing.
  private func open(_ mail: MailBox.Mail, _ key: String, _ tool: Tool) throws -> String? {
    try mail.raw.write(toFile: tool.path("card.eml"), atomically: true, encoding: .utf8)
    let run = try Program.run(
      "openssl", ["cms", "-decrypt", "-in", "card.eml", "-inkey", "\(key)-key.pem"], in: tool.directory.path)
    return run.status == 0 ? run.output : nil
  }

  private func makeCertificate(_ name: String, _ algorithm: String, in tool: Tool) throws {
    let key = algorithm == "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] : ["rsa:2048"]
    let made = try Program.run(
      "openssl",
      ["req", "-x509", "-newkey"] + key + [
        "-nodes", "-days", "10", "-subj", "/CN=\(name)", "-keyout", "\(name)-key.pem", "-out", "\(name).pem",
      ], in: tool.directory.path)
    try #require(made.status == 0, "\(made.errors)")
  }
}
