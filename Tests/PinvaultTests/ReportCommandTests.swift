import Foundation
import Testing

/// Reports as their users make them: beside a server, after it, into files, and when something is wrong.
@Suite struct ReportCommandTests {
  @Test func whatWasSoldIsInTheBooksWhileServingAndAfter() async throws {
    try await withVault { vault in
      let pins = try vault.writeCards("cards.csv", 0..<20)
      try await vault.addProduct("ACME-10")
      try await vault.importCards("ACME-10", "cards.csv")
      try await vault.become(new: "till", roles: "terminal")
      for count in 1...3 {
        let sold = try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "\(count)", "--cashier", "7")
        try #require(sold.status == 0, "\(sold.errors)")
        // The last sale is there at once, though no other followed it.
        let report = try await totals(vault)
        #expect(report["cards"] as? Int == count * (count + 1) / 2)
        #expect(report["gross_minor"] as? Int == 950 * count * (count + 1) / 2)
        #expect(report["user"] as? String == "till/7")
      }
      let made = try await vault.tool.run(
        "report", "reconciliation", "--data", "vault", "--zone", "UTC", "--from", "2020-01-01", "--out", "books.json")
      #expect(made.status == 0 && made.output.isEmpty && made.errors.isEmpty, "\(made.errors)")
      try await vault.kill()
      #expect(try await totals(vault)["cards"] as? Int == 6)
      let checked = try await vault.tool.run("report", "check", "books.json", "--data", "vault")
      #expect(checked.status == 0, "\(checked.errors)")
      let text = try vault.tool.text("books.json")
      #expect(!pins.contains { text.contains($0) })
      // All is in the first segment, before which there were no books.
      let index = try await vault.tool.run("report", "index", "--data", "vault")
      #expect(index.status == 0 && index.output == "books are kept up to segment 1\n", "\(index.errors)")
      // The price, not three digits of the store's id or the chain.
      let price = #""price_minor":950,"#
      try #require(text.contains(price))
      try text.replacing(price, with: #""price_minor":951,"#).write(
        toFile: vault.tool.path("books.json"), atomically: true, encoding: .utf8)
      let refused = try await vault.tool.run("report", "check", "books.json", "--data", "vault")
      #expect(refused.status == 6 && refused.errors.hasSuffix("is not what the journal says\n"), "\(refused.errors)")
    }
  }

  private func totals(_ vault: Vault) async throws -> [String: Any] {
    let run = try await vault.tool.run(
      "report", "totals", "--data", "vault", "--by", "user", "--zone", "UTC", "--from", "2020-01-01", "--format", "json"
    )
    #expect(run.status == 0, "\(run.errors)")
    return try #require((try run.json["rows"] as? [[String: Any]])?.first)
  }

  @Test func whatIsWrongIsSaidInOneLine() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try #require(try await tool.run("init", "--data", "vault").status == 0)
    let cases: [(arguments: String, status: Int32, error: String)] = [
      ("weather --data vault", 64, "there is no report 'weather'"),
      ("totals --data vault --from 2027-03-02 --to 2027-03-01", 64, "the period runs backwards"),
      ("totals --data vault --from 2027-02-29", 64, "there is no day '2027-02-29'"),
      ("totals --data vault --zone Pacific/Apia --period 2011-12-30", 64, "there was no 2011-12-30 in Pacific/Apia"),
      ("totals --data vault --period someday", 64, "'someday' is not a period"),
      ("totals --data vault --zone Mars/Phobos", 64, "there is no time zone 'Mars/Phobos'"),
      ("totals --data vault --day-starts 25:00", 64, "'25:00' is not a time of day"),
      ("totals --data vault --product NONE", 64, "there is no product 'NONE'"),
      ("purchases --data vault --by user", 64, "purchases is not made by user"),
      ("totals --data vault --format csv --section third", 64, "the report has no section 'third'"),
      ("totals --data vault --section rows", 64, "--section is for CSV"),
      ("totals --data vault --period today --from 2027-01-01", 64, "a period has a name, or a first day"),
      ("totals --data vault --to 2027-01-01", 64, "a period has a name, or a first day"),
      ("totals --data vault --office http://localhost:1", 64, "--data or --office, not both"),
      ("totals --data vault --terminal-totals x", 64, "--terminal-totals is for shifts"),
      ("country-rates --data vault --serials", 64, "--data has no calls and no serials"),
      ("country-rates --data vault", 64, "country-rates is made by the server"),
      ("shifts --data vault --product A", 64, "shifts is not made of one product"),
      ("totals", 64, "--data says where the journal is"),
      ("totals --data nowhere", 65, "nowhere is not a data directory"),
      ("index --data nowhere", 65, "nowhere is not a data directory"),
      ("totals --data vault --out nowhere/books.csv", 73, "nowhere/books.csv: No such file or directory"),
      ("totals --data vault --out vault", 73, "vault: "),
      ("check nothing.json --data vault", 65, "nothing.json: no such file"),
      ("check vault.master-key --data vault", 65, "this is no report as JSON"),
    ]
    for (arguments, status, error) in cases {
      let run = try await tool.start(["report"] + arguments.split(separator: " ").map(String.init)).finish()
      #expect(run.status == status, "\(arguments): \(run.errors)")
      #expect(run.errors.hasPrefix("pinvault: \(error)"), "\(arguments): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: tool.directory.path)
    #expect(!names.contains { $0.hasSuffix(".new") || $0.hasPrefix("books") }, "\(names)")
  }

  @Test func aReportThatFailsLeavesTheFileThatWasThere() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try #require(try await tool.run("init", "--data", "vault").status == 0)
    try "the old one".write(toFile: tool.path("books.csv"), atomically: true, encoding: .utf8)
    let failed = try await tool.run("report", "totals", "--data", "vault", "--product", "NONE", "--out", "books.csv")
    #expect(failed.status == 64)
    #expect(try tool.text("books.csv") == "the old one")
    let made = try await tool.run("report", "totals", "--data", "vault", "--out", "books.csv")
    #expect(made.status == 0, "\(made.errors)")
    #expect(try tool.text("books.csv").hasPrefix("\u{FEFF}currency,sales,"))
  }

  private static let begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndate,\r\n"

  /// Has a tool ask a back office whose answer never comes to its end.
  private func withHalfAReport(
    _ ending: CannedOffice.Ending, _ body: (Tool, [String], CannedOffice) async throws -> Void
  ) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try "books\n".write(toFile: tool.path("token"), atomically: true, encoding: .utf8)
    try #require(chmod(tool.path("token"), 0o600) == 0)
    try "the old one".write(toFile: tool.path("books.csv"), atomically: true, encoding: .utf8)
    let office = try CannedOffice(answering: Self.begun, then: ending)
    defer { office.end() }
    try await body(
      tool, ["report", "totals", "--token-file", "token", "--office", office.url, "--out", "books.csv"], office)
    #expect(try tool.text("books.csv") == "the old one")
    let left = try FileManager.default.contentsOfDirectory(atPath: tool.directory.path)
    #expect(left.filter { $0.contains("books") } == ["books.csv"])
  }

  /// It is the back office that draws the table.
  @Test func theBackOfficeIsToldOfTheTerminal() async throws {
    var tool = try Tool()
    defer { tool.remove() }
    tool.environment["NO_COLOR"] = ""
    try "books\n".write(toFile: tool.path("token"), atomically: true, encoding: .utf8)
    try #require(chmod(tool.path("token"), 0o600) == 0)
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(terminal >= 0)
    defer { close(terminal) }
    // TIOCSPTLCK and TIOCGPTN, which Swift does not see.
    var (lock, number): (CInt, CUnsignedInt) = (0, 0)
    try #require(ioctl(terminal, 0x4004_5431, &lock) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
    var size = winsize(ws_row: 24, ws_col: 77, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    let office = try CannedOffice(answering: Self.begun, then: .closing)
    defer { office.end() }
    let run = try tool.start(
      ["report", "totals", "--token-file", "token", "--office", office.url],
      outputTo: "/dev/pts/\(number)")
    _ = try await run.finish()
    let request = await office.hasAnswered()
    #expect(request.contains("format=table&width=77&colour=true "), "\(request)")
  }

  @Test func anAnswerThatBreaksOffIsNoReport() async throws {
    try await withHalfAReport(.closing) { tool, command, _ in
      let run = try await tool.start(command).finish()
      #expect(run.status == 69 && run.errors.split(separator: "\n").count == 1, "\(run.status) \(run.errors)")
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func aReportThatIsEndedLeavesNothing(_ signal: Int32) async throws {
    try await withHalfAReport(.silence) { tool, command, office in
      let run = try tool.start(command)
      await office.hasAnswered()
      run.signal(signal)
      #expect(try await run.finish().status != 0)
    }
  }

  @Test func whatIsNoFileStaysWhatItIs() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try #require(try await tool.run("init", "--data", "vault").status == 0)
    let pipe = tool.path("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    let descriptor = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let made = try await tool.run("report", "totals", "--data", "vault", "--format", "csv", "--out", "pipe")
    #expect(made.status == 0, "\(made.errors)")
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).hasPrefix("\u{FEFF}currency,sales,"))
    var status = stat()
    #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }
}
