import Curl
import Foundation
import Testing

/// The shop as its people run it: commands, the HTTP port behind them, a real mail server.
@Suite("The shop, end to end")
struct ShopTests {
  @Test(
    "A first order is reviewed, charged off-line, delivered by mail, partly returned; its PINs go to its buyer alone")
  func life() async throws {
    try await withShop { vault, box, pins in
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 3)
      let pending = try await vault.ask(as: "reviewer", ["order", "list", "--pending"])
      #expect((pending["orders"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == [order])
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      let card = try await vault.ask(as: "clerk", ["order", "show-card", order, "--reason", "to charge it"])
      #expect(card["number"] as? String == Storefront.number)
      let paid = try await vault.ask(as: "clerk", ["order", "pay", order, "--version", "2", "--authorisation", "A-17"])
      #expect(paid["fulfilment"] as? String == "delivered" && paid["paid_minor"] as? Int == 2850)

      let delivery = try #require(try await box.mails(2).last)
      #expect(delivery.headers["to"]?.hasSuffix("<ada@example.com>") == true)
      #expect(delivery.headers["x-recipient"] == "ada@example.com" && delivery.headers["from"] == "<shop@example.com>")
      #expect(pins.filter { delivery.text.contains($0) } == Array(pins[0..<3]))
      #expect(delivery.text.contains("Ada Größe") && delivery.text.contains("Dial *123#"))

      let back = try await vault.ask(
        as: "clerk", ["order", "return", order, "--version", "3", "--serial", "SN00000001"])
      #expect(back["credited_minor"] as? Int == 950 && back["payment"] as? String == "paid")
      let credit = try #require(try await box.mails(3).last)
      #expect(credit.text.contains("9.50 USD"))
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.stock("ACME")["used"] as? Int == 1)
      try await expectNoSecret(&vault, box, pins)
    }
  }

  /// That no PIN is in any mail but the delivery, and neither a PIN nor the card's number in the log, the directory, a mail.
  private func expectNoSecret(_ vault: inout Vault, _ box: MailBox, _ pins: [String]) async throws {
    for mail in try box.mails() {
      #expect(!mail.text.contains(Storefront.number))
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
    for secret in pins + [Storefront.number, "ada@example.com"] {
      #expect(everything.allSatisfy { $0.range(of: Data(secret.utf8)) == nil }, "a secret is in clear")
    }
  }

  @Test("What goes by post is shipped, and followed by a token that its customer has; a guess tells nothing")
  func byPost() async throws {
    try await withShop { vault, box, pins in
      let customer = try await vault.newCustomer()
      let order = try #require(
        try await vault.ask(
          as: "web", ["order", "submit", "--customer", customer, "--line", "ACME=2,discount=100,tax=57", "--by-post"])[
            "id"]
          as? String)
      let shown = try await vault.ask(as: "web", ["order", "show", order])
      let line = try #require((shown["lines"] as? [[String: Any]])?.first)
      #expect(line["discount_minor"] as? Int == 100 && line["tax_minor"] as? Int == 57)
      #expect(shown["total_minor"] as? Int == 1800)
      try await vault.ask(as: "clerk", ["order", "pay", order, "--version", "1", "--authorisation", "A-1"])
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "2"])
      let shipped = try await vault.ask(
        as: "clerk", ["order", "ship", order, "--version", "3", "--carrier", "ACME Parcels", "--tracking", "AP-17"])
      #expect(shipped["fulfilment"] as? String == "shipped")
      let mail = try #require(try await box.mails(2).last)
      #expect(mail.text.contains("ACME Parcels") && mail.text.contains("AP-17"))
      #expect(!pins.contains { mail.text.contains($0) })

      let token = try #require(try await vault.ask(as: "web", ["order", "show", order])["tracking_token"] as? String)
      vault.become("nobody")
      #expect(try await vault.tool.run("order", "track", token).output.contains("tracking_number  AP-17\n"))
      let (status, answer) = try await vault.get("/track/\(token)")
      #expect(
        status == 200 && answer["fulfilment"] as? String == "shipped" && answer["tracking_number"] as? String == "AP-17"
      )
      #expect(Set(answer.keys).isDisjoint(with: ["customer", "name", "email", "card"]))
      let guess = String(token.dropLast()) + (token.last == "0" ? "1" : "0")
      for path in ["/track/\(guess)", "/track/\(order)", "/track/x", "/orders/\(order)"] {
        let (status, problem) = try await vault.get(path)
        #expect(status == (path.hasPrefix("/track") ? 404 : 401) && problem["fulfilment"] == nil, "\(path)")
      }
    }
  }

  @Test("Who was denied orders no more and follows nothing; another customer with the same mailbox is reviewed")
  func fraud() async throws {
    try await withShop { vault, _, _ in
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 1)
      let token = try #require(try await vault.ask(as: "web", ["order", "show", order])["tracking_token"] as? String)
      try await vault.ask(as: "reviewer", ["order", "deny", order, "--version", "1", "--reason", "stolen card"])
      #expect(try await vault.get("/track/\(token)").status == 403)
      vault.become("web")
      let again = try await vault.tool.start(["order", "submit", "--customer", customer, "--line", "ACME=1"]).finish()
      #expect(again.status == 77 && again.errors.contains("barred"), "\(again.errors)")
      let other = try #require(
        try await vault.ask(
          as: "web", ["customer", "define", "--name", "Somebody Else", "--email", "ADA+new@Example.com"])["id"]
          as? String)
      let next = try await vault.ask(as: "web", ["order", "submit", "--customer", other, "--line", "ACME=1"])
      #expect(next["suspicions"] as? [String] == ["email"] && next["review"] as? String == "pending")
      let third = try #require(
        try await vault.ask(
          as: "web",
          ["customer", "define", "--name", "Third", "--email", "third@example.com", "--other-email", "ada@example.com"])[
            "id"] as? String)
      let last = try await vault.ask(as: "web", ["order", "submit", "--customer", third, "--line", "ACME=1"])
      #expect(last["suspicions"] as? [String] == ["email"])
    }
  }

  @Test(
    "Killed with -9 after every step, order, cards and mails agree each time, and a mail sent twice is the same mail")
  func killedBetweenSteps() async throws {
    try await withShop { vault, box, pins in
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 2)
      let steps: [(actor: String, act: [String], standing: String, held: Int, sold: Int, used: Int, mails: Int)] = [
        ("", [], "pending unpaid held", 2, 0, 0, 1),
        ("clerk", ["pay", "--authorisation", "A-1"], "pending paid held", 2, 0, 0, 1),
        ("reviewer", ["approve"], "approved paid delivered", 0, 2, 0, 2),
        ("clerk", ["return", "--serial", "SN00000001"], "approved paid delivered", 0, 1, 1, 3),
        ("clerk", ["return"], "approved refunded returned", 0, 0, 2, 4),
        ("admin", ["delete", "--reason", "a mistake"], "approved refunded deleted", 0, 0, 0, 4),
      ]
      for (version, step) in steps.enumerated() {
        if let act = step.act.first {
          vault.become(step.actor, key: step.actor == "admin" ? "vault.admin.key" : nil)
          let arguments = ["order", act, order, "--version", "\(version)"] + step.act.dropFirst()
          let run = try await vault.tool.start(arguments).finish()
          try #require(run.status == 0, "\(arguments): \(run.errors)")
        }
        try await vault.kill()
        try await vault.serveShop(box)
        let shown = try await vault.ask(as: "clerk", ["order", "show", order])
        let standing = ["review", "payment", "fulfilment"].map { shown[$0] as? String ?? "" }.joined(separator: " ")
        #expect(standing == step.standing && shown["version"] as? Int == version + 1)
        vault.become("admin", key: "vault.admin.key")
        let stock = try await vault.stock("ACME")
        let places = ["reserved", "delivered", "used", "regular"].map { stock[$0] as? Int }
        #expect(
          places == [step.held, step.sold, step.used, 40 - step.held - step.sold - step.used], "\(step.standing)")
        _ = try await waitUntil("mail \(step.mails)") {
          Set(try box.mails().map(\.messageID)).count == step.mails ? 1 : nil
        }
      }
      let mails = try box.mails()
      for (id, copies) in Dictionary(grouping: mails, by: \.messageID) {
        #expect(Set(copies.map(\.text)).count == 1, "\(id) says two things")
      }
      #expect(pins.filter { pin in mails.contains { $0.text.contains(pin) } } == Array(pins[0..<2]))
      _ = try await vault.stop()
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("Mails wait while nobody takes them, and are sent when somebody does; one that is refused for good is dead")
  func mailsWait() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      try await vault.serveShop(nil)
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 1)
      let nobody = try await vault.ask(
        as: "web", ["customer", "define", "--name", "No One", "--email", "nobody@example.com"])
      _ = try await vault.submit(try #require(nobody["id"] as? String), count: 1)
      #expect(try box.mails().isEmpty)
      _ = try await vault.stop()
      try await vault.serveShop(box)
      let mail = try #require(try await box.mails(1).first)
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
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 1)
      try #"{"number": "\#(Storefront.number)", "expiry": "2001-01"}"#
        .write(toFile: vault.tool.path("old.json"), atomically: true, encoding: .utf8)
      try #"{"number": "\#(Storefront.number)", "expiry": "2099-01", "cvv": "123"}"#
        .write(toFile: vault.tool.path("code.json"), atomically: true, encoding: .utf8)
      for (actor, arguments, status, words) in [
        ("web", ["order", "approve", order, "--version", "1"], 77, "not-permitted: Whoever asks may not do that."),
        ("reviewer", ["order", "approve", order, "--version", "9"], 3, "stale-version"),
        ("clerk", ["order", "return", order, "--version", "1"], 3, "wrong-state"),
        ("clerk", ["order", "show-card", order, "--reason", ""], 64, "invalid"),
        ("clerk", ["order", "show", "018f0e6c-4a10-7d02-8b1e-2f6a90c4d511"], 3, "unknown-order"),
        ("web", ["order", "submit", "--customer", customer, "--line", "NONE=1"], 3, "unknown-product"),
        ("web", ["order", "submit", "--customer", customer, "--line", "ACME=99"], 4, "insufficient-stock"),
        (
          "web", ["order", "submit", "--customer", customer, "--line", "ACME=2,discount=1901"], 64, "invalid (discount)"
        ),
        (
          "web", ["order", "submit", "--customer", customer, "--line", "ACME=2,discount=1,tax=1900"], 64,
          "invalid (tax)"
        ),
        ("web", ["order", "submit", "--customer", customer, "--line", "ACME=2,tax=1,tax=1"], 3, "unknown-product"),
        ("web", ["customer", "define", "--name", "x", "--email", "two@at@signs"], 64, "invalid"),
        ("web", ["customer", "define", "--name", "x", "--email", "x@y.z", "--other-email", "x"], 64, "(other_emails)"),
        (
          "web", ["customer", "define", "--name", "x", "--email", "x@y.z", "--payment-method", "4111 1111 1111 1111"],
          64,
          "(payment_methods)"
        ),
        (
          "web",
          ["order", "submit", "--customer", customer, "--line", "ACME=1", "--card-file", vault.tool.path("old.json")],
          64,
          "expired-card: The payment card has expired."
        ),
        (
          "web",
          ["order", "submit", "--customer", customer, "--line", "ACME=1", "--card-file", vault.tool.path("code.json")],
          65,
          "its number and its expiry, and nothing more"
        ),
      ] as [(String, [String], Int32, String)] {
        vault.become(actor)
        let run = try await vault.tool.start(arguments).finish()
        #expect(run.status == status && run.errors.contains(words), "\(arguments): \(run.status) \(run.errors)")
      }
      vault.become("web", key: "clerk.key")
      let forged = try await vault.tool.start(["order", "show", order]).finish()
      #expect(forged.status != 0 && forged.errors.contains("unauthenticated"))
      let shown = try await vault.ask(as: "clerk", ["order", "show", order])
      #expect(shown["version"] as? Int == 1)
      vault.become("web")
      #expect(try await vault.tool.run("customer", "show", customer).output.contains("is_barred  no\n"))
      // What is looked for is what was typed, not what it would be in a URL.
      for (text, count) in [("Ada", 1), ("%41da", 0)] {
        let found = try await vault.ask(as: "clerk", ["customer", "search", text])
        #expect((found["customers"] as? [Any])?.count == count, "\(text)")
      }
    }
  }

  @Test("A name in a query, or a body, that nobody reads is refused; none, or an empty one, is not")
  func unread() async throws {
    try await withShop { vault, _, _ in
      let office = try #require(vault.tool.environment["PINVAULT_OFFICE"])
      for (method, path, body, status, name) in [
        ("GET", "/orders?reviw=pending", "", 400, "unknown-parameter"),
        ("GET", "/customers?q=a&q=b", "", 400, "unknown-parameter"),
        ("GET", "/mails/dead?before=1", "", 400, "unknown-parameter"),
        ("POST", "/mails/17/again", "{}", 400, "unread-body"), ("POST", "/sign-out", "{}", 400, "unread-body"),
        ("DELETE", "/tokens/018f0e6c-4a10-7d02-8b1e-2f6a90c4d511", "{}", 400, "unread-body"),
        ("POST", "/reports/cards-available/purchase-orders", "{}", 400, "unread-body"),
        ("GET", "/orders?review=pending", "", 401, "unauthenticated"),
        ("POST", "/mails/17/again", "", 401, "unauthenticated"),
      ] {
        var request = WebRequest(method, office + path)
        request.body = Array(body.utf8)
        let (got, answer) = try await request.perform()
        let problem = try #require(try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any])
        #expect(got == status && problem["type"] as? String == "urn:pinvault:problem:\(name)", "\(path): \(problem)")
      }
    }
  }

  @Test("A member that is given twice is refused wherever it stands, however it is written; a colon in a text is none")
  func givenTwice() async throws {
    try await withShop { vault, _, _ in
      let ada = try await vault.newCustomer()
      func order(_ line: String, more: String = "") throws -> Data {
        Data(#"{"customer": "\#(ada)", "lines": [{"sku": "ACME", \#(line)}]\#(more)}"#.utf8)
      }
      let id = "018f0e6c-4a10-7d02-8b1e-2f6a90c4d5"
      for (number, (body, status)) in [
        (try order(#""count": 1, "count": 2"#), 400), (try order(#""count": 1, "c\u006funt": 1"#), 400),
        (try order(#""count": 1"#, more: #", "shipping_minor": 0, "shipping_minor": 0"#), 400),
        (try order(#""count": 1"#, more: #", "device": "a\":\"b\\", "delivery": "mail""#), 201),
      ].enumerated() {
        var request = try await vault.request("PUT", "/orders/\(id)\(10 + number)", as: "web", id: UInt64(90 + number))
        request.body = Array(body)
        let (got, answer) = try await request.perform()
        #expect(got == status, "\(number): \(String(decoding: answer, as: UTF8.self))")
      }
    }
  }

  @Test("A body that is too long is refused as such, and one that is as long as one may be is read")
  func longBodies() async throws {
    try await withShop { vault, _, _ in
      let office = try #require(vault.tool.environment["PINVAULT_OFFICE"])
      for (count, status, name) in [(256 << 10, 400, "bad-json"), ((256 << 10) + 1, 413, "body-too-long")] {
        var request = WebRequest("POST", office + "/sign-in")
        request.body = [UInt8](repeating: UInt8(ascii: " "), count: count)
        let (got, body) = try await request.perform()
        let problem = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        #expect(got == status && problem["type"] as? String == "urn:pinvault:problem:\(name)", "\(problem)")
      }
    }
  }
}
