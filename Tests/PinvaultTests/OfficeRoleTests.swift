import Curl
import Foundation
import PinBackOffice
import PinClient
import PinWords
import Testing

/// Everything that the back office is asked, against every role: what `RoleTableTests` asks the engine and
/// `RoleWireTests` the terminals' port.
@Suite("Who may ask the back office for what", .timeLimit(.minutes(30)))
struct OfficeRoleTests {
  /// A request a line, and a column a role, in the order of their bits: `x` may. Braces stand for what is made up.
  private static let table = """
    terminal storefront clerk reviewer stock-keeper accountant key-custodian auditor administrator
    PUT    /customers/{id}                            .  x  x  .  .  .  .  .  .
    GET    /customers/{id}                            .  x  x  x  .  x  .  x  x
    GET    /customers                                 .  .  x  x  .  x  .  x  x
    GET    /customers/{id}/orders                     .  .  x  x  .  x  .  x  x
    GET    /orders                                    .  x  x  x  .  x  .  x  x
    PUT    /orders/{id}                               .  x  x  .  .  .  .  .  .
    GET    /orders/{id}                               .  x  x  x  .  x  .  x  x
    POST   /orders/{id}/approve                       .  .  .  x  .  .  .  .  .
    POST   /orders/{id}/deny                          .  .  .  x  .  .  .  .  .
    POST   /orders/{id}/pardon                        .  .  .  x  .  .  .  .  .
    POST   /orders/{id}/decline                       .  .  x  .  .  .  .  .  .
    POST   /orders/{id}/cancel                        .  x  x  .  .  .  .  .  .
    POST   /orders/{id}/delete                        .  .  .  .  .  .  .  .  x
    POST   /orders/{id}/payment                       .  .  x  .  .  .  .  .  .
    POST   /orders/{id}/ship                          .  .  x  .  .  .  .  .  .
    PUT    /orders/{id}/card                          .  x  x  .  .  .  .  .  .
    PUT    /orders/{id}/method                        .  x  x  .  .  .  .  .  .
    POST   /orders/{id}/card/show                     .  .  x  .  .  .  .  .  .
    POST   /orders/{id}/return                        .  .  x  .  .  .  .  .  .
    GET    /mails/dead                                .  x  x  x  .  x  .  x  x
    POST   /mails/{mail}/again                        .  .  x  .  .  .  .  .  x
    POST   /mailings                                  .  .  x  .  .  .  .  .  x
    GET    /products                                  x  x  x  x  x  x  x  x  x
    GET    /products/{sku}                            x  x  x  x  x  x  x  x  x
    PUT    /products/{sku}                            .  .  .  .  x  .  .  .  x
    POST   /products/{sku}/withdraw                   .  .  .  .  x  .  .  .  x
    POST   /products/{sku}/offer                      .  .  .  .  x  .  .  .  x
    GET    /products/{sku}/picture                    x  x  x  x  x  x  x  x  x
    PUT    /products/{sku}/picture                    .  .  .  .  x  .  .  .  x
    GET    /products/{sku}/rates                      x  x  x  x  x  x  x  x  x
    PUT    /products/{sku}/rates                      .  .  .  .  x  .  .  .  x
    GET    /vendors                                   .  .  .  .  x  x  .  x  x
    GET    /vendors/{name}                            .  .  .  .  x  x  .  x  x
    PUT    /vendors/{name}                            .  .  .  .  x  .  .  .  x
    GET    /purchase-orders                           .  .  .  .  x  x  .  x  x
    GET    /purchase-orders/{id}                      .  .  .  .  x  x  .  x  x
    PUT    /purchase-orders/{id}                      .  .  .  .  x  x  .  .  x
    POST   /purchase-orders/{id}/approve              .  .  .  .  .  x  .  .  x
    POST   /purchase-orders/{id}/receive              .  .  .  .  x  .  .  .  x
    POST   /purchase-orders/{id}/close                .  .  .  .  .  x  .  .  x
    GET    /reports                                   .  .  .  .  .  x  .  x  x
    GET    /reports/{name}                            .  .  .  .  .  x  .  x  x
    POST   /reports/cards-available/purchase-orders   .  .  .  .  .  x  .  .  x
    POST   /reports/countries/mailings                .  .  x  .  .  .  .  .  x
    POST   /sign-out                                  x  x  x  x  x  x  x  x  x
    GET    /actors                                    .  .  .  .  .  .  x  .  x
    PUT    /actors/{name}/password                    .  .  .  .  .  .  .  .  x
    GET    /tokens                                    x  x  x  x  x  x  x  x  x
    POST   /tokens                                    x  x  x  x  x  x  x  x  x
    DELETE /tokens/{id}                               x  x  x  x  x  x  x  x  x
    """

  private static let bodies = [
    "PUT /customers/{id}": #"{"version":0,"name":"Ada","email":"a@example.com"}"#,
    "PUT /orders/{id}": #"{"customer":"{id}","lines":[{"sku":"ACME","count":1}]}"#,
    "POST /orders/{id}/approve": #"{"version":1}"#,
    "POST /orders/{id}/deny": #"{"version":1,"reason":"test"}"#,
    "POST /orders/{id}/pardon": #"{"version":1,"reason":"test"}"#,
    "POST /orders/{id}/decline": #"{"version":1,"reason":"test"}"#,
    "POST /orders/{id}/cancel": #"{"version":1,"reason":"test"}"#,
    "POST /orders/{id}/delete": #"{"version":1,"reason":"test"}"#,
    "POST /orders/{id}/payment": #"{"version":1,"authorisation":"A"}"#,
    "POST /orders/{id}/ship": #"{"version":1,"carrier":"C","tracking_number":"1"}"#,
    "PUT /orders/{id}/card": #"{"version":1,"card":{"number":"4111111111111111","expiry":"2099-07"}}"#,
    "PUT /orders/{id}/method": #"{"version":1,"payment_method":"pm_1"}"#,
    "POST /orders/{id}/card/show": #"{"reason":"test"}"#,
    "POST /orders/{id}/return": #"{"version":1}"#,
    "POST /mailings": #"{"customers":["{id}"],"subject":"s","paragraphs":["p"]}"#,
    "PUT /products/{sku}":
      #"{"name":"Card","vendor":"Acme","currency":"USD","face_value_minor":1000,"price_minor":950}"#,
    "POST /products/{sku}/withdraw": #"{"reason":"test"}"#,
    "POST /products/{sku}/offer": #"{"reason":"test"}"#,
    "PUT /products/{sku}/picture": #"picture"#,
    "PUT /products/{sku}/rates": #"{"version":0,"rates":[]}"#,
    "PUT /vendors/{name}": #"{"version":0}"#,
    "PUT /purchase-orders/{id}":
      #"{"version":0,"vendor":"Acme","lines":[{"sku":"ACME","count":1,"unit_cost_minor":1}]}"#,
    "POST /purchase-orders/{id}/approve": #"{"version":1}"#,
    "POST /purchase-orders/{id}/receive": #"{"version":1,"purchase":1}"#,
    "POST /purchase-orders/{id}/close": #"{"version":1,"reason":"test"}"#,
    "POST /reports/countries/mailings": #"{"country":"MX","subject":"s","paragraphs":["p"]}"#,
    "PUT /actors/{name}/password": #"{"password":"correct horse battery"}"#,
    "POST /tokens": #"{"name":"t","days":1}"#,
  ]

  private struct Line {
    var method, path: String
    var marks: [Bool]
    var body: String
  }

  private static let roles = table.split(separator: "\n")[0].split(separator: " ").map(String.init)
  private static let lines = table.split(separator: "\n").dropFirst().map { line in
    let words = line.split(separator: " ").map(String.init)
    return Line(
      method: words[0], path: words[1], marks: words[2...].map { $0 == "x" },
      body: bodies["\(words[0]) \(words[1])"] ?? "")
  }

  @Test("The table has a line for every request that the page describes, and a column for every role")
  func isComplete() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs")
    let page = try String(contentsOf: folder.appending(path: "back-office.openapi.yaml"), encoding: .utf8)
    var described: Set<String> = []
    var path = ""
    for line in page.split(separator: "\n") {
      if line.hasPrefix("  /") { path = line.trimmingCharacters(in: [" ", ":"]) }
      if let method = ["get", "put", "post", "delete"].first(where: { line == "    \($0):" }) {
        described.insert("\(method.uppercased()) \(path)")
      }
    }
    // Who has a token of a mail, or signs in, is nobody yet.
    let open = described.filter { $0.contains("{token}") || $0.hasSuffix("/sign-in") }
    #expect(open.count == 4)
    #expect(Set(Self.lines.map { "\($0.method) \($0.path)" }) == described.subtracting(open))
    #expect(Self.roles == Roles.named.map(\.name))
    #expect(Self.lines.allSatisfy { $0.marks.count == Self.roles.count })
    #expect(Set(Self.bodies.keys).isSubset(of: Self.lines.map { "\($0.method) \($0.path)" }))
  }

  @Test("Every request against every role, and of nobody")
  func everyRequestAgainstEveryRole() async throws {
    try await withVault { vault in
      try await vault.addProduct("ACME")
      for role in Roles.named { try await vault.become(new: role.name, roles: role.name) }
      try await vault.become(new: "other", roles: "terminal")
      _ = try await vault.stop()
      // All that the office may do is configured. Nothing comes of it that a mail or a payment would be for.
      let key = vault.tool.path("stripe.key")
      #expect(
        FileManager.default.createFile(atPath: key, contents: Data("k\n".utf8), attributes: [.posixPermissions: 0o600]))
      try await vault.serveShop(
        nil,
        more: [
          "--mail-server", "smtp://localhost:9", "--mail-from", "shop@example.com", "--mail-clear-text",
          "--unsubscribe-url", "http://localhost:9/", "--postal-address", "1 Street", "--stripe-key-file", key,
          "--stripe-url", "http://localhost:9",
        ])
      for line in Self.lines {
        for (role, mayAsk) in zip(Roles.named, line.marks) {
          let (status, answer) = try await vault.ask(line.method, line.path, line.body, as: role.name)
          let isRefused = status == 403 && answer.contains("urn:pinvault:problem:not-permitted")
          #expect(isRefused != mayAsk, "\(line.method) \(line.path) as \(role.name): \(status) \(answer)")
          // What is malformed would be refused whoever asks, and show nothing.
          #expect(![400, 401].contains(status) && status < 500, "\(line.method) \(line.path): \(status) \(answer)")
        }
        #expect(try await vault.ask(line.method, line.path, line.body, as: nil).status == 401, "\(line.path)")
      }
    }
  }
}

extension Vault {
  /// Asks the back office, as somebody by its key, or as nobody; what is in braces is made up.
  fileprivate func ask(
    _ method: String, _ path: String, _ body: String, as actor: String?
  ) async throws -> (status: Int, answer: String) {
    let name = ["vendors": "Acme", "reports": "daily-totals", "actors": "other"].first { path.hasPrefix("/\($0.key)") }
    var texts = ["{sku}": "ACME", "{mail}": "1", "{name}": name?.value ?? ""]
    texts["{id}"] = UUID().uuidString.lowercased()
    func filled(_ text: String) -> String {
      texts.reduce(text) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
    }
    var request = WebRequest(method, try #require(tool.environment["PINVAULT_OFFICE"]) + filled(path))
    request.headers = ["Idempotency-Key: \(UUID().uuidString.lowercased())"]
    if body == "picture" {
      request.url += "?version=0"
      request.body = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      request.headers.append("Content-Type: image/png")
    } else if !body.isEmpty {
      request.body = Array(filled(body).utf8)
      request.headers.append("Content-Type: application/json")
    }
    if let actor {
      request.user = actor
      request.password = officePassword(of: try ActorKey(contentsOfFile: tool.path("\(actor).key")).secret).description
    }
    let (status, answer) = try await request.perform()
    return (status, String(decoding: answer.prefix(400), as: UTF8.self))
  }
}
