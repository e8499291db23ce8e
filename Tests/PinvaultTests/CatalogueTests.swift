import Curl
import Foundation
import PinBackOffice
import PinClient
import Testing

/// The catalogue, its vendors and purchase orders, over HTTP and by commands.
@Suite("The shop's goods, end to end")
struct CatalogueTests {
  @Test("A purchase order is drafted, approved, and received by an import whose duplicates show against it")
  func purchasing() async throws {
    try await withShop { vault, _, _ in
      try await vault.become(new: "keeper", roles: "stock-keeper")
      try await vault.become(new: "books", roles: "accountant")
      let vendor = try await vault.ask(
        as: "keeper", ["vendor", "define", "NOVA & Sons", "--email", "sales@nova.example", "--address", "1 Main St; X"])
      #expect(vendor["version"] as? Int == 1 && vendor["address"] as? [String] == ["1 Main St", "X"])
      let shown = try await vault.ask(as: "keeper", ["vendor", "show", "NOVA & Sons"])
      #expect(shown["email"] as? String == "sales@nova.example")
      vault.become("keeper")
      let names = try await vault.tool.start(["vendor", "list"]).finish().output
      #expect(names.contains("NOVA & Sons") && names.contains("Acme"), "\(names)")

      let order = try #require(
        try await vault.ask(as: "keeper", ["purchase", "draft", "--vendor", "Acme", "--line", "ACME=6@870"])["id"]
          as? String)
      try await vault.ask(as: "books", ["purchase", "approve", order, "--version", "1"])
      // Two new cards, and four that the shop has had.
      _ = try vault.writeCards("more.csv", 36..<42)
      vault.become("keeper")
      let loaded = try await vault.tool.start(
        [
          "import", "--sku", "ACME", "--vendor", "Acme", "--unit-cost", "8.70", "--skip-bad", "--json",
          vault.tool.path("more.csv"),
        ]
      ).finish()
      let file = try #require((try loaded.json["files"] as? [[String: Any]])?.first)
      let number = try #require(file["purchase"] as? Int)
      let received = try await vault.ask(
        as: "keeper", ["purchase", "receive", order, "--version", "2", "--purchase", "\(number)"])
      let line = try #require((received["lines"] as? [[String: Any]])?.first)
      #expect(line["received"] as? Int == 2 && line["refused"] as? Int == 4)
      #expect(line["short"] as? Int == 4 && received["receipts"] as? [Int] == [number])
      #expect(received["total_minor"] as? Int == 5220)
      try await vault.ask(as: "books", ["purchase", "close", order, "--version", "3", "--reason", "no more to come"])
      let list = try await vault.ask(as: "books", ["purchase", "list"])
      #expect((list["purchase_orders"] as? [[String: Any]])?.first?["state"] as? String == "closed")
    }
  }

  @Test("A product is added, changed, shown with its picture, withdrawn and offered again, each by whoever may")
  func catalogue() async throws {
    try await withShop { vault, _, _ in
      try await vault.become(new: "keeper", roles: "stock-keeper")
      var body: [String: Any] = [
        "name": "Nova 25", "vendor": "NOVA", "currency": "GBP", "face_value_minor": 2500, "price_minor": 2400,
        "low_stock_threshold": 7, "minimum_validity_days": 30,
      ]
      let path = "/products/NOVA%2025"
      #expect(try await vault.send("PUT", path, body, as: "web").status == 403)
      #expect(
        try await vault.send("PUT", "/products/NOVA-25", body, as: "keeper", id: 77).answer["sku"] as? String
          == "NOVA-25")
      let again = try await vault.send("PUT", "/products/NOVA-25", body, as: "keeper", id: 77)
      #expect(again.status == 200 && again.answer["low_stock_threshold"] as? Int == 7)
      body["price_minor"] = 2300
      #expect(
        try await vault.send("PUT", "/products/NOVA-25", body, as: "keeper").answer["price_minor"] as? Int == 2300)
      body["currency"] = "EUR"
      let other = try await vault.send("PUT", "/products/NOVA-25", body, as: "keeper")
      #expect(other.status == 422 && other.answer["field"] as? String == "currency")
      #expect(try await vault.send("PUT", path, body, as: "keeper").status == 422)

      let picture = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array(repeating: 7, count: 40_000))
      try picture.write(to: URL(fileURLWithPath: vault.tool.path("nova.png")))
      try await vault.ask(as: "keeper", ["product", "picture", "--sku", "NOVA-25", vault.tool.path("nova.png")])
      let (status, bytes) = try await vault.request("GET", "/products/NOVA-25/picture", as: "web").perform()
      #expect(status == 200 && Data(bytes) == picture)
      try Data("<svg/>".utf8).write(to: URL(fileURLWithPath: vault.tool.path("nova.svg")))
      vault.become("keeper")
      let bad = try await vault.tool.start(
        ["product", "picture", "--sku", "NOVA-25", "--version", "1", vault.tool.path("nova.svg")]
      ).finish()
      #expect(bad.status == 64 && bad.errors.contains("picture"))

      let gone = try await vault.send("POST", "/products/ACME/withdraw", ["reason": "recall"], as: "keeper")
      #expect(gone.answer["is_on_sale"] as? Bool == false)
      let customer = try await vault.newCustomer()
      vault.become("web")
      let refused = try await vault.tool.start(["order", "submit", "--customer", customer, "--line", "ACME=1"]).finish()
      #expect(refused.status == 3 && refused.errors.contains("product-frozen"), "\(refused.errors)")
      let back = try await vault.send("POST", "/products/ACME/offer", ["reason": "it was nothing"], as: "keeper")
      #expect(back.answer["is_on_sale"] as? Bool == true)
      _ = try await vault.submit(customer, count: 1)
    }
  }
}

/// What else the shop keeps and does, by commands.
@Suite("Customers, rates, warnings and second thoughts, end to end")
struct ShopKeepingTests {
  @Test("A customer is found by a part of the name, with the countries it calls and what it has bought")
  func customers() async throws {
    try await withShop { vault, _, _ in
      let ada = try #require(
        try await vault.ask(
          as: "web",
          [
            "customer", "define", "--name", "Ada Größe", "--email", "ada@example.com", "--calls", "MX=registration",
            "--calls", "US=checkout", "--other-email", "lovelace@example.org", "--payment-method", "cus_1/pm_1",
          ])["id"] as? String)
      try await vault.ask(as: "web", ["customer", "define", "--name", "Bob", "--email", "bob@example.com"])
      let order = try await vault.submit(ada, count: 2)
      let found = try await vault.ask(as: "clerk", ["customer", "search", "grosse"])
      let customers = try #require(found["customers"] as? [[String: Any]])
      #expect(customers.compactMap { $0["id"] as? String } == [ada])
      let calls = try #require(customers.first?["calls"] as? [[String: String]])
      #expect(
        calls == [
          ["country": "MX", "known_from": "registration"], ["country": "US", "known_from": "checkout"],
        ])
      #expect(
        (try await vault.ask(as: "clerk", ["customer", "search", "example.com"])["customers"] as? [Any])?.count == 2)
      #expect(
        (try await vault.ask(as: "clerk", ["customer", "search", "lovelace@"])["customers"] as? [Any])?.count == 1)
      #expect(customers.first?["other_emails"] as? [String] == ["lovelace@example.org"])
      #expect(customers.first?["payment_methods"] as? [String] == ["cus_1/pm_1"])
      let orders = try #require(
        try await vault.ask(as: "clerk", ["customer", "orders", ada])["orders"] as? [[String: Any]])
      #expect(orders.compactMap { $0["id"] as? String } == [order])
      let misspelt = try await vault.request("GET", "/customers?query=grosse", as: "clerk").perform()
      #expect(misspelt.status == 400)
      vault.become("web")
      for arguments in [
        ["customer", "search", "x"],
        ["customer", "define", "--name", "x", "--email", "x@y.z", "--calls", "usa=checkout"],
        ["customer", "define", "--name", "x", "--email", "x@y.z", "--calls", "US=hearsay"],
      ] {
        let run = try await vault.tool.start(arguments).finish()
        #expect(run.status == (arguments[1] == "search" ? 77 : 64), "\(arguments): \(run.status) \(run.errors)")
      }
    }
  }

  @Test("Rates come in from a file, line by line or not at all, and are shown as they were told")
  func rates() async throws {
    try await withShop { vault, _, _ in
      try await vault.become(new: "keeper", roles: "stock-keeper")
      let header = "from,to,line,per_minute,connection,rounding_seconds,maintenance,valid_from\n"
      func write(_ rows: String) throws {
        try (header + rows).write(toFile: vault.tool.path("rates.csv"), atomically: true, encoding: .utf8)
      }
      let command = ["rates", "import", "--sku", "ACME", "--currency", "USD", vault.tool.path("rates.csv")]
      try write("US,MX,mobile,0.295,0.25,60,1.00,2026-01-01\nUS,MX,fixed,0.019,0,1,0,2026-01-01\n")
      #expect(try await vault.ask(as: "keeper", command)["version"] as? Int == 1)
      let shown = try await vault.ask(as: "web", ["rates", "show", "--sku", "ACME"])
      let rates = try #require(shown["rates"] as? [[String: Any]])
      #expect(rates.map { $0["per_minute_thousandths"] as? Int } == [29_500, 1900])
      #expect(rates[0]["connection_minor"] as? Int == 25 && rates[0]["maintenance_minor"] as? Int == 100)
      #expect(rates[0]["line"] as? String == "mobile" && rates[0]["valid_from"] as? String == "2026-01-01")
      vault.become("keeper")
      for (rows, words) in [
        ("US,MX,mobile,0.2955555,0,60,0,2026-01-01\n", "line 2"), ("US,MX,satellite,1,0,60,0,2026-01-01\n", "rates"),
        ("US,MX,fixed,1,0,60,0,2026-02-30\n", "line 2"), ("us,MX,fixed,1,0,60,0,2026-01-01\n", "rates"),
        ("US,MX,fixed,1,0,0,0,2026-01-01\n", "rates"),
        ("US,MX,fixed,1,0,60,0,2026-01-01\nUS,MX,fixed,2,0,60,0,2026-01-01\n", "rates"),
      ] {
        try write(rows)
        let run = try await vault.tool.start(command + ["--version", "1"]).finish()
        #expect(run.status != 0 && run.errors.contains(words), "\(rows): \(run.status) \(run.errors)")
      }
      try write("US,MX,fixed,1,0,60,0,2026-01-01\n")
      let stale = try await vault.tool.start(command).finish()
      #expect(stale.status == 3 && stale.errors.contains("stale-version"))
      #expect(try await vault.ask(as: "keeper", ["rates", "show", "--sku", "ACME"])["version"] as? Int == 1)
    }
  }

  @Test("The shop is warned by one mail when stock falls below the threshold, also over a crash")
  func lowStock() async throws {
    try await withShop { vault, box, _ in
      vault.become("admin", key: "vault.admin.key")
      let changed = try await vault.tool.run("product", "change", "--sku", "ACME", "--low-stock", "38")
      #expect(changed.status == 0, "\(changed.errors)")
      let customer = try await vault.newCustomer()
      _ = try await vault.submit(customer, count: 3)
      try await vault.kill()
      try await vault.serveShop(box)
      _ = try await vault.submit(customer, count: 1)
      let mails = try await box.mails(3)
      let warnings = mails.filter { $0.text.contains("regular cards are left") }
      #expect(Set(warnings.map(\.messageID)).count == 1, "\(mails.map(\.headers))")
      #expect(warnings.first?.headers["x-recipient"] == "shop@example.com")
      #expect(warnings.first?.text.contains("ACME") == true)
    }
  }

  @Test("Somebody denied by mistake is pardoned; an order whose cards all came back is deleted; serials are shown")
  func secondThoughts() async throws {
    try await withShop { vault, _, _ in
      let customer = try await vault.newCustomer()
      let denied = try await vault.submit(customer, count: 1)
      try await vault.ask(as: "reviewer", ["order", "deny", denied, "--version", "1", "--reason", "stolen"])
      let pardoned = try await vault.ask(
        as: "reviewer", ["order", "pardon", denied, "--version", "2", "--reason", "the bank erred"])
      #expect(pardoned["review"] as? String == "pardoned")
      let order = try await vault.submit(customer, count: 2)
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      try await vault.ask(as: "clerk", ["order", "pay", order, "--version", "2", "--authorisation", "A-1"])
      let shown = try await vault.ask(as: "clerk", ["order", "show", order])
      #expect(shown["serials"] as? [String] == ["SN00000000", "SN00000001"])
      try await vault.ask(as: "clerk", ["order", "return", order, "--version", "3"])
      vault.become("admin", key: "vault.admin.key")
      let deleted = try await vault.tool.start(
        ["order", "delete", order, "--version", "4", "--reason", "entered twice", "--json"]
      ).finish()
      #expect(try deleted.json["fulfilment"] as? String == "deleted")
      #expect(try await vault.stock("ACME")["used"] as? Int == 0)
      #expect(try await vault.stock("ACME")["regular"] as? Int == 40)
    }
  }
}

extension Vault {
  /// A request of the back office under somebody's name.
  func request(_ method: String, _ path: String, as actor: String, id: UInt64? = nil) async throws -> WebRequest {
    let office = try #require(tool.environment["PINVAULT_OFFICE"])
    var request = WebRequest(method, office + path)
    request.user = actor
    let key = try ActorKey(contentsOfFile: tool.path("\(actor).key")).secret
    request.password = officePassword(of: key).description
    if let id {
      request.headers.append("Idempotency-Key: 00000000-0000-4000-8000-\(String(id + 1_000_000_000_000).dropFirst())")
    }
    return request
  }

  func send(
    _ method: String, _ path: String, _ body: [String: Any], as actor: String, id: UInt64? = nil
  ) async throws -> (status: Int, answer: [String: Any]) {
    var request = try await request(method, path, as: actor, id: id ?? UInt64.random(in: 1000..<1_000_000_000))
    request.headers.append("Content-Type: application/json")
    request.body = [UInt8](try JSONSerialization.data(withJSONObject: body))
    let (status, answer) = try await request.perform()
    return (status, try #require(try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any]))
  }
}
