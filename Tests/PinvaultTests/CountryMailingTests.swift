import Foundation
import Testing

/// A letter to those who call a country: to all who consent, or to chosen ones of them, and to nobody twice.
@Suite struct CountryMailingTests {
  private let letter = ["--subject", "New rates", "--paragraph", "Calls are cheaper."]

  @Test func onlyWhoConsentsIsMailed() async throws {
    try await withShop { vault, box, _ in
      _ = try await vault.stop()
      try await vault.serveShop(
        box,
        more: ["--unsubscribe-url", "https://shop.example/unsubscribe/", "--postal-address", "1 Shop Street, Town"])
      func define(_ name: String, _ more: String...) async throws -> String {
        let made = try await vault.ask(
          as: "web", ["customer", "define", "--name", name, "--email", "\(name)@example.com"] + more)
        return try #require(made["id"] as? String)
      }
      let ada = try await define("ada", "--consents", "--calls", "IN=checkout", "--calls", "MX=checkout")
      let cyd = try await define("cyd", "--consents", "--calls", "IN=search")
      let bob = try await define("bob", "--calls", "IN=import")
      let dan = try await define("dan", "--consents", "--calls", "MX=import")
      _ = try await define("eve", "--consents")
      func mail(_ arguments: String...) async throws -> (mailed: Int?, leftOut: [String]?) {
        let done = try await vault.ask(as: "clerk", ["report", "mail"] + letter + arguments)
        return (done["mailed"] as? Int, done["left_out"] as? [String])
      }
      // Chosen ones first; then all, of whom nobody is mailed twice under one id.
      let id = UUID().uuidString.lowercased()
      let chosen = try await mail(
        "--country", "IN", "--customer", ada, "--customer", bob, "--customer", dan, "--id", id)
      #expect(chosen.mailed == 1 && chosen.leftOut == [bob, dan].sorted())
      for _ in 0..<2 {
        let all = try await mail("--country", "IN", "--id", id)
        #expect(all.mailed == 2 && all.leftOut == [])
      }
      let mexico = try await mail("--country", "MX")
      #expect(mexico.mailed == 2 && mexico.leftOut == [])
      #expect(try await mail("--country", "PH").mailed == 0)
      let mails = try await box.mails(4).map { $0.headers["x-recipient"] ?? "" }.sorted()
      #expect(mails == ["ada@example.com", "ada@example.com", "cyd@example.com", "dan@example.com"], "\(cyd)")

      vault.become("web")
      let refused = try await vault.tool.start(["report", "mail", "--country", "IN"] + letter).finish()
      #expect(refused.status == 77, "\(refused.errors)")
      vault.become("clerk")
      for wrong in [["--country", "India"], ["--country", "IN", "--subject", ""]] {
        let run = try await vault.tool.start(["report", "mail"] + letter + wrong).finish()
        #expect(run.status == 64, "\(wrong): \(run.errors)")
      }
    }
  }
}
