import Curl
import Foundation
import Testing

@Suite("Marketing goes to those who consent, until they say that they do not; what was given up is sent again")
struct MarketingTests {
  private static let marketing = [
    "--unsubscribe-url", "https://shop.example/unsubscribe/", "--postal-address", "Acme, 1 Main St, Springfield",
  ]

  @Test("A letter has a way out that one click takes: an event, and the next letter does not go there")
  func consent() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      try await vault.serveShop(box, more: Self.marketing)
      let yes = try await vault.customer("Ada <b>Größe</b>", "ada@example.com", consents: true)
      let no = try await vault.customer("Bob", "bob@example.com", consents: false)
      for _ in 1...2 {
        let done = try await vault.mail([yes, no], id: "0192f0c0-0000-7000-8000-000000000001")
        #expect(done["mailed"] as? Int == 1 && done["left_out"] as? [String] == [no])
      }
      let letter = try #require(try await box.mails(1).first)
      #expect(letter.headers["x-recipient"] == "ada@example.com")
      let header = try #require(letter.headers["list-unsubscribe"])
      let address = String(header.dropFirst().dropLast())
      #expect(address.hasPrefix("https://shop.example/unsubscribe/\(yes)."))
      #expect(letter.headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click")
      #expect(letter.text.contains(address) && letter.page.contains("<a href=\"\(address)\">"))
      #expect(letter.text.contains("Acme, 1 Main St") && letter.page.contains("Acme, 1 Main St"))
      #expect(letter.page.contains("Ada &lt;b&gt;Größe&lt;/b&gt;") && !letter.page.contains("<b>"))

      let path = String(address.dropFirst("https://shop.example".count))
      let forged = path.dropLast() + (path.hasSuffix("0") ? "1" : "0")
      for method in ["GET", "POST"] { #expect(try await vault.open(method, String(forged)).status == 404) }
      // A program that looks at what a mail points to ends nothing.
      let page = try await vault.open("GET", path)
      #expect(page.status == 200 && page.text.contains("<form method=\"post\">"))
      #expect(try await vault.ask(as: "web", ["customer", "show", yes])["consents"] as? Bool == true)
      for _ in 1...2 { #expect(try await vault.open("POST", path, "List-Unsubscribe=One-Click").status == 200) }
      try await vault.kill()
      try await vault.serveShop(box, more: Self.marketing)
      let after = try await vault.ask(as: "web", ["customer", "show", yes])
      #expect(after["consents"] as? Bool == false && after["version"] as? Int == 2)
      let again = try await vault.mail([yes], id: "0192f0c0-0000-7000-8000-000000000002")
      #expect(again["mailed"] as? Int == 0 && again["left_out"] as? [String] == [yes])
      #expect(try box.mails().count == 1)
      _ = try await vault.stop()
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("Consent that ends while a letter waits has it dropped, though it was asked for in time")
  func endsWhileWaiting() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      let closed = try await MailBox(in: vault.tool.directory)
      await closed.end()
      try await vault.serveShop(closed, more: Self.marketing + ["--mail-retry-seconds", "1"])
      let customer = try await vault.customer("Ada", "ada@example.com", consents: true)
      _ = try await vault.mail([customer], id: "0192f0c0-0000-7000-8000-000000000003")
      let server = try #require(vault.server)
      _ = try await waitUntil("an attempt") { server.errors.contains("a mail was not taken") ? 1 : nil }
      try await vault.ask(
        as: "web",
        ["customer", "define", "--customer", customer, "--version", "1", "--name", "Ada", "--email", "ada@example.com"])
      _ = try await vault.stop()
      try await vault.serveShop(box, more: Self.marketing)
      vault.become("admin", key: "vault.admin.key")
      var events = ""
      for _ in 0..<600 where !events.contains("dropped") {
        events = try await vault.tool.run("events").output
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(events.contains("dropped"), "\(events)")
      #expect(try box.mails().isEmpty)
    }
  }

  @Test("A mail that was given up is listed, and sent again by somebody who may; not one that nobody knows")
  func again() async throws {
    try await withShop { vault, box, _ in
      let customer = try await vault.customer("Ada", "nobody@example.com", consents: false)
      let order = try await vault.submit(customer, count: 1)
      let server = try #require(vault.server)
      _ = try await waitUntil("the end of a mail") { server.errors.contains("a mail is given up") ? 1 : nil }
      let mail = try await vault.deadMail()
      try await vault.ask(
        as: "web",
        ["customer", "define", "--customer", customer, "--version", "1", "--name", "Ada", "--email", "ada@example.com"])
      for (actor, name, problem) in [
        ("web", mail, "not-permitted"), ("clerk", "1", "unknown-mail"), ("clerk", "x", "invalid"),
      ] {
        vault.become(actor)
        let run = try await vault.tool.start(["mail", "again", name]).finish()
        #expect(run.status != 0 && run.errors.contains(problem), "\(run.errors)")
      }
      vault.become("clerk")
      let run = try await vault.tool.start(["mail", "again", mail]).finish()
      try #require(run.status == 0, "\(run.errors)")
      let sent = try #require(try await box.mails(1).first)
      #expect(sent.text.contains(order) && sent.headers["x-recipient"] == "ada@example.com")
    }
  }

  @Test("A shop that does not say how to get no more, or from where it is, sends no marketing")
  func incomplete() async throws {
    try await withShop { vault, _, _ in
      let customer = try await vault.customer("Ada", "ada@example.com", consents: true)
      vault.become("clerk")
      let run = try await vault.tool.start(
        ["mail", "send", "--subject", "x", "--paragraph", "y", "--customer", customer]
      ).finish()
      #expect(run.status != 0 && run.errors.contains("mailing"), "\(run.errors)")
    }
  }

  @Test("A server whose templates are wrong does not start, and says where; as they are written out they are right")
  func templates() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      let folder = vault.tool.path("mails")
      let written = try await vault.tool.start(["mail", "templates", folder]).finish()
      try #require(written.status == 0, "\(written.errors)")
      try await vault.serveShop(box, more: ["--mail-templates", folder])
      _ = try await vault.stop()
      try "Subject: x\n\nDear {{name}}\n".write(toFile: folder + "/denied.txt", atomically: true, encoding: .utf8)
      let run = try await vault.tool.start(
        ["serve"] + Vault.master + [
          "--port", "0", "--office-port", "0", "--card-keys", vault.tool.path("card-keys"), "--mail-server",
          "smtp://localhost:\(box.port)", "--mail-from", "shop@example.com", "--mail-templates", folder,
        ]
      ).finish()
      #expect(run.status != 0 && run.errors.contains("denied.txt:3: {{name}} is nothing"), "\(run.errors)")
    }
  }
}

extension Vault {
  fileprivate mutating func customer(_ name: String, _ email: String, consents: Bool) async throws -> String {
    let customer = try await ask(
      as: "web", ["customer", "define", "--name", name, "--email", email] + (consents ? ["--consents"] : []))
    return try #require(customer["id"] as? String)
  }

  fileprivate mutating func mail(_ customers: [String], id: String) async throws -> [String: Any] {
    try await ask(
      as: "clerk",
      ["mail", "send", "--subject", "New rates", "--paragraph", "Calls are cheaper.", "--id", id]
        + customers.flatMap { ["--customer", $0] })
  }

  /// The id of the one mail that was given up.
  fileprivate mutating func deadMail() async throws -> String {
    become("clerk")
    var mails: [[String: Any]]?
    // The log says so before the event is on disk.
    for _ in 0..<600 where mails?.isEmpty != false {
      let run = try await tool.start(["mail", "dead", "--json"]).finish()
      let page = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      mails = page?["mails"] as? [[String: Any]]
    }
    try #require(mails?.count == 1)
    return try #require(mails?[0]["id"] as? String)
  }

  /// Asks the back office as nobody in particular.
  fileprivate func open(
    _ method: String, _ path: String, _ form: String? = nil
  ) async throws -> (status: Int, text: String) {
    var request = WebRequest(method, try #require(tool.environment["PINVAULT_OFFICE"]) + path)
    if let form {
      request.headers.append("Content-Type: application/x-www-form-urlencoded")
      request.body = Array(form.utf8)
    }
    let (status, body) = try await request.perform()
    return (status, String(decoding: body, as: UTF8.self))
  }
}
