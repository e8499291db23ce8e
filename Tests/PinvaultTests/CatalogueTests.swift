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
