import Curl
import Foundation
import PinBackOffice
import PinClient
import PinWords
import Testing

/// Reports over HTTP: the same as the command makes, for those who may read the books, and a problem for whatever is wrong.
@Suite struct OfficeReportTests {
  /// Runs a test with an office where three cards were sold, and an accountant.
  private func withBooks(_ body: (inout Vault) async throws -> Void) async throws {
    try await withVault { vault in
      try vault.writeCards("cards.csv", 0..<20)
      try await vault.addProduct("ACME-10")
      try await vault.importCards("ACME-10", "cards.csv")
      try await vault.become(new: "books", roles: "accountant")
      try await vault.become(new: "till", roles: "terminal")
      let sold = try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "3")
      try #require(sold.status == 0, "\(sold.errors)")
      _ = try await vault.stop()
      try await vault.serveShop(nil)
      try await body(&vault)
    }
  }

  @Test func theyAreWhatTheCommandMakes() async throws {
    try await withBooks { vault in
      for format in ["json", "csv", "html", "table"] {
        let made = try await vault.tool.run(
          "report", "daily-totals", "--data", "vault", "--zone", "Asia/Tokyo", "--from", "2020-01-01", "--by",
          "product",
          "--format", format)
        let (status, body) = try await vault.books(
          "/reports/daily-totals?zone=Asia/Tokyo&from=2020-01-01&by=product&format=\(format)")
        #expect(status == 200 && String(decoding: body, as: UTF8.self) == made.output, "\(format): \(made.errors)")
      }
      let (status, list) = try await vault.books("/reports")
      let reports = try #require(try JSONSerialization.jsonObject(with: Data(list)) as? [[String: Any]])
      #expect(status == 200 && reports.contains { $0["name"] as? String == "totals" })
      // Each of them is made, also one after another, and what was sold a moment ago is in it.
      vault.become("till")
      let sold = try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "2")
      try #require(sold.status == 0, "\(sold.errors)")
      for report in reports {
        let name = try #require(report["name"] as? String)
        let (status, body) = try await vault.books("/reports/\(name)?period=this-year&zone=UTC")
        let made = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        #expect(status == 200 && made["report"] as? String == name)
        if name == "totals" {
          #expect(((made["rows"] as? [[String: Any]])?.first)?["cards"] as? Int == 5)
        }
      }
    }
  }

  @Test func whatIsSuggestedIsDraftedOnce() async throws {
    try await withBooks { vault in
      func suggest(_ id: String) async throws -> [[String: Any]] {
        let made = try await vault.ask(
          as: "books", ["purchase", "suggest", "--period", "today", "--zone", "Asia/Tokyo", "--id", id])
        return try #require(made["purchase_orders"] as? [[String: Any]])
      }
      let id = UUID().uuidString.lowercased()
      let drafts = try await suggest(id)
      let order = try #require(drafts.first)
      #expect(drafts.count == 1 && order["state"] as? String == "draft" && order["vendor"] as? String == "Acme")
      let line = try #require((order["lines"] as? [[String: Any]])?.first)
      let (_, report) = try await vault.books("/reports/cards-available?period=today&zone=Asia/Tokyo")
      let rows =
        try #require(
          try JSONSerialization.jsonObject(with: Data(report)) as? [String: Any])["rows"] as? [[String: Any]]
      let suggested = try #require(rows?.first?["suggested_quantity"] as? Int)
      #expect(line["sku"] as? String == "ACME-10" && line["count"] as? Int == suggested && suggested > 0)
      // Sent again when more was sold, it is the same draft.
      vault.become("till")
      try #require(try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "9").status == 0)
      #expect(try await suggest(id) as NSArray == drafts as NSArray)
      // Nor when there is something new to buy of another vendor, which was not suggested then.
      vault.become("admin", key: "vault.admin.key")
      let added = try await vault.tool.run(
        "product", "add", "--sku", "NEW", "--name", "New", "--vendor", "Other", "--currency", "EUR", "--face-value",
        "5.00",
        "--price", "5.00", "--low-stock", "10")
      try #require(added.status == 0, "\(added.errors)")
      #expect(try await suggest(id) as NSArray == drafts as NSArray)
      vault.become("books")
      let changed = try await vault.tool.start(["purchase", "suggest", "--period", "2020-01", "--id", id]).finish()
      #expect(changed.status != 0 && changed.errors.contains("id-reused"), "\(changed.errors)")
      // Nor when nothing is to be bought any more.
      vault.become("admin", key: "vault.admin.key")
      try vault.writeCards("more.csv", 100..<1100)
      try await vault.importCards("ACME-10", "more.csv")
      #expect(try await suggest(id) as NSArray == drafts as NSArray)
      let next = try await suggest(UUID().uuidString.lowercased())
      #expect(
        next.count == 1 && next.first?["vendor"] as? String == "Other"
          && next.first?["id"] as? String != order["id"] as? String)
      vault.become("till")
      let refused = try await vault.tool.run("purchase", "suggest")
      #expect(refused.status == 77, "\(refused.errors)")
    }
  }

  @Test func whatTheShopKnowsIsInReportsOfTheBackOffice() async throws {
    try await withShop { vault, _, _ in
      try await vault.become(new: "books", roles: "accountant")
      try await vault.become(new: "keeper", roles: "stock-keeper")
      func define(_ name: String, _ more: String...) async throws -> String {
        let made = try await vault.ask(
          as: "web", ["customer", "define", "--name", name, "--email", "\(name)@example.com"] + more)
        return try #require(made["id"] as? String)
      }
      let ada = try await define("ada", "--consents", "--calls", "MX=registration", "--calls", "IN=checkout")
      let bob = try await define("bob", "--calls", "IN=import")
      _ = try await define("eve")
      // Who is on the fraud list calls nowhere, for the books.
      let fraud = try await define("mallory", "--calls", "MX=search")
      let denied = try await vault.submit(fraud, count: 1)
      try await vault.ask(as: "reviewer", ["order", "deny", denied, "--version", "1", "--reason", "stolen"])
      let order = try await vault.submit(ada, count: 2)
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      try await vault.ask(as: "clerk", ["order", "pay", order, "--version", "2", "--authorisation", "A-1"])
      _ = try await vault.submit(bob, count: 1)
      let header = "from,to,line,per_minute,connection,rounding_seconds,maintenance,valid_from\n"
      try (header + "US,IN,mobile,0.25,0.10,60,1.00,2026-01-01\n").write(
        toFile: vault.tool.path("rates.csv"), atomically: true, encoding: .utf8)
      try await vault.ask(
        as: "keeper", ["rates", "import", "--sku", "ACME", "--currency", "USD", vault.tool.path("rates.csv")])

      func report(_ arguments: String...) async throws -> [String] {
        vault.become("books")
        let made = try await vault.tool.start(["report"] + arguments + ["--format", "csv", "--zone", "UTC"]).finish()
        guard made.status == 0 else { throw Vault.Failed(what: made.errors) }
        return made.output.split(separator: "\r\n").dropFirst().map(String.init)
      }
      // Two in India's callers, one in Mexico's, which no card reaches; an order that was not delivered is no purchase.
      #expect(
        try await report("country-rates", "--call-seconds", "90") == [
          "IN,2,US,mobile,1,ACME,Card ACME,USD,10.00,0.60000,1.00,15,22.50,0.44445,2026-01-01",
          "MX,1,,,,,,,,,,,,,",
        ])
      #expect(
        try await report("country-rates", "--country", "IN", "--amount", "1.60", "--currency", "USD").map {
          $0.split(separator: ",")[8]
        } == ["1.60"])
      let day = String(ISO8601DateFormatter().string(from: Date()).prefix(10))
      let rows = try await report("countries")
      #expect(
        Set(rows) == [
          "IN,\(ada),ada,ada@example.com,yes,checkout,\(day),1,USD,19.00",
          "MX,\(ada),ada,ada@example.com,yes,registration,\(day),1,USD,19.00",
          "IN,\(bob),bob,bob@example.com,no,import,,0,,",
        ])
      #expect(try await report("countries", "--section", "countries") == ["IN,2,1", "MX,1,1"])
      #expect(try await report("countries", "--country", "MX").count == 1)
      #expect(Set(try await report("countries", "--consenting")) == Set(rows.filter { $0.contains("ada@example.com") }))
      #expect(try await report("countries", "--consenting", "--section", "countries") == ["IN,1,1", "MX,1,1"])
      // Serials, which only cards have: of each line, and of each lot.
      let details = try await report("daily-details", "--serials")
      #expect(details.count == 1 && details[0].contains(",ACME,SN00000000 SN00000001,'1-2,2,"), "\(details)")
      let purchases = try await report("purchases", "--serials")
      #expect(purchases.count == 1 && purchases[0].contains(",'1-40,SN00000000 to SN00000039,40,40,0,"), "\(purchases)")
      #expect(try await report("daily-details")[0].contains(",ACME,,'1-2,2,"))

      // A report with serials says more than the journal, and is not checked against it.
      vault.become("books")
      let made = try await vault.tool.start(["report", "daily-details", "--serials", "--out", "details.json"]).finish()
      #expect(made.status == 0, "\(made.errors)")
      let check = try await vault.tool.start(["report", "check", "details.json", "--data", "vault"]).finish()
      #expect(check.status == 65 && check.errors.contains("says more than the journal knows"), "\(check.errors)")
      for (arguments, error) in [
        (["country-rates", "--data", "vault"], "country-rates is made by the server"),
        (["totals", "--data", "vault", "--serials"], "--data has no calls and no serials"),
        (["country-rates", "--amount", "1"], "--amount needs --currency"),
        (["country-rates", "--amount", "1.234", "--currency", "USD"], "not an amount in USD"),
        (["country-rates", "--country", "Mexico"], "not-a-call"),
        (["country-rates", "--line", "pink"], "invalid (line)"),
        (["countries", "--call-seconds", "3"], "unknown-parameter"), (["totals", "--serials"], "unknown-parameter"),
        (["countries", "--product", "ACME"], "not-of-one-product"),
        (["countries", "--section", "x", "--format", "csv"], "unknown-section"),
      ] {
        let run = try await vault.tool.start(["report"] + arguments).finish()
        #expect(run.status == 64 && run.errors.contains(error), "\(arguments): \(run.status) \(run.errors)")
      }
      vault.tool.environment["PINVAULT_ACTOR"] = nil
      let nobody = try await vault.tool.start(["report", "totals"]).finish()
      #expect(nobody.status == 64 && nobody.errors.contains("--data says where the journal is"), "\(nobody.errors)")
    }
  }

  /// A lot for each expiry, and a row for each lot: a report of more than a megabyte, which is more than other answers have.
  private func importLots(_ vault: inout Vault) async throws {
    let first = Day(calendarText: "2030-01-01")!
    vault.become("admin", key: "vault.admin.key")
    for part in 0..<14 as Range<UInt32> {
      let cards = (part * 256..<part * 256 + 256).map {
        "L\($0),\(770_000_000_000 + UInt64($0)),\(first.adding(days: $0).calendarText)\n"
      }
      try ("serial,pin,expires\n" + cards.joined()).write(
        toFile: vault.tool.path("lots.csv"), atomically: true, encoding: .utf8)
      try await vault.importCards("ACME-10", "lots.csv")
    }
    vault.become("books")
  }

  @Test func aLongReportComesWhole() async throws {
    try await withBooks { vault in
      try await self.importLots(&vault)
      for (file, source) in [("asked.json", []), ("made.json", ["--data", "vault"])] {
        let run = try await vault.tool.start(
          ["report", "purchases", "--period", "this-year", "--zone", "UTC", "--out", file] + source
        ).finish()
        #expect(run.status == 0, "\(run.errors)")
      }
      let asked = try vault.tool.text("asked.json")
      let made = try vault.tool.text("made.json")
      #expect(asked.utf8.count > 1 << 20 && asked == made)
      let printed = try await vault.tool.run("report", "purchases", "--period", "this-year", "--zone", "UTC", "--json")
      #expect(printed.output == asked, "\(printed.errors)")
    }
  }

  @Test func whoHangsUpEndsNothingButHisReport() async throws {
    try await withBooks { vault in
      let path = "/reports/purchases?period=this-year&zone=UTC"
      try await self.importLots(&vault)
      struct Enough: Error {}
      for _ in 1...3 {
        let request = try vault.booksRequest(path)
        #expect(throws: Enough.self) { _ = try request.perform { _ in throw Enough() } }
        // Those that were given up are at most as many as are made at once: the next one waits for none.
        let whole = try await waitUntil("a report is made") { () -> Int? in
          var count = 0
          let (status, _) = try request.perform { count += $0.count }
          return status == 503 ? nil : count
        }
        #expect(whole > 1 << 20)
      }
    }
  }

  @Test func aTableIsDrawnForWhoAsks() async throws {
    try await withBooks { vault in
      let path = "/reports/daily-details?period=this-year&zone=UTC&format=table"
      let lines = { (body: [UInt8]) in String(decoding: body, as: UTF8.self).split(separator: "\n") }
      let (wide, narrow) = (try await vault.books(path), try await vault.books(path + "&width=260&colour=true"))
      #expect(wide.status == 200 && lines(wide.body).contains { $0.count > 260 })
      #expect(narrow.status == 200 && !lines(wide.body).contains { $0.contains("\u{1B}[1m") })
      let text = lines(narrow.body).map { $0.replacing(#/\u{1B}\[[0-9]*m/#, with: "") }
      #expect(text.allSatisfy { $0.count <= 260 } && text.count > lines(wide.body).count, "\(text)")
      #expect(lines(narrow.body).contains { $0.hasPrefix("\u{1B}[1mDaily sales details") })
    }
  }

  @Test func whatIsWrongIsAProblem() async throws {
    try await withBooks { vault in
      let cases: [(path: String, status: Int, name: String)] = [
        ("weather", 404, "unknown-report"), ("totals?form=csv", 400, "unknown-parameter"),
        ("totals?by=user&by=actor", 400, "unknown-parameter"), ("totals?format=pdf", 422, "invalid"),
        ("totals?by=weather", 422, "invalid"), ("purchases?by=user", 422, "not-grouped-by"),
        ("totals?currency=money", 422, "invalid"), ("totals?period=someday", 422, "unknown-period"),
        ("totals?period=today&from=2027-01-01", 422, "period-twice"), ("totals?to=2027-01-01", 422, "period-twice"),
        ("totals?from=2027-02-29", 422, "no-such-day"),
        ("totals?period=2011-12-30&zone=Pacific/Apia", 422, "no-such-day"),
        ("totals?from=2027-03-02&to=2027-03-01", 422, "period-backwards"),
        ("totals?from=1971-01-01&to=2099-01-01", 422, "period-too-long"),
        ("totals?zone=Mars/Phobos", 422, "unknown-zone"), ("totals?day_starts=25:00", 422, "not-a-time-of-day"),
        ("totals?product=NONE", 422, "unknown-product"), ("totals?section=hours", 422, "invalid"),
        ("totals?format=csv&section=third", 422, "unknown-section"),
        ("totals?width=80", 422, "invalid"), ("totals?format=csv&colour=true", 422, "invalid"),
        ("totals?format=table&width=19", 422, "invalid"), ("totals?format=table&colour=red", 422, "invalid"),
      ]
      for (path, status, name) in cases {
        let (got, body) = try await vault.books("/reports/\(path)")
        let problem = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        #expect(got == status && problem["type"] as? String == "urn:pinvault:problem:\(name)", "\(path): \(problem)")
      }
      // What is drafted is no report that somebody could have made by this or as that.
      for parameter in ["by=user", "format=csv", "section=rows", "period=today&period=today"] {
        let (got, body) = try await vault.books(
          "/reports/cards-available/purchase-orders?\(parameter)", sentUnder: UUID().uuidString)
        let problem = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        #expect(got == 400 && problem["type"] as? String == "urn:pinvault:problem:unknown-parameter", "\(parameter)")
      }
      let (status, _) = try await vault.books("/reports/totals", as: "till")
      #expect(status == 403)
      #expect(try await vault.books("/reports", as: "till").status == 403)
      #expect(try await vault.get("/reports/totals").status == 401)
    }
  }
}

extension Vault {
  /// Asks the back office as somebody, by the key; for a change, if that has an id to be sent under.
  func books(
    _ path: String, as actor: String = "books", sentUnder id: String? = nil
  ) async throws -> (status: Int, body: [UInt8]) {
    var request = try booksRequest(path, as: actor, id == nil ? "GET" : "POST")
    if let id { request.headers.append("Idempotency-Key: \(id)") }
    return try await request.perform()
  }

  func booksRequest(_ path: String, as actor: String = "books", _ method: String = "GET") throws -> WebRequest {
    var request = WebRequest(method, try #require(tool.environment["PINVAULT_OFFICE"]) + path)
    request.user = actor
    request.password = officePassword(of: try ActorKey(contentsOfFile: tool.path("\(actor).key")).secret).description
    return request
  }
}
