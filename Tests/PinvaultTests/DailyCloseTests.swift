import Foundation
import Testing

/// The books of each day go to the accountant once, over restarts, and days that were missed are made up for.
@Suite struct DailyCloseTests {
  @Test func eachDayThatIsOverIsMailedOnce() async throws {
    try await withShop { vault, box, pins in
      // A zone in which it is about noon, so that no day ends while this runs.
      let hour = Int(Date().timeIntervalSince1970) / 3600 % 24
      let zone = "Etc/GMT\(hour < 12 ? "-" : "+")\(abs(12 - hour))"
      var flags = ["--mail-clear-text", "--daily-close-to", "books@example.com", "--report-zone", zone]
      func day(_ back: Int) -> String {
        let time = Date().addingTimeInterval(TimeInterval((12 - hour) * 3600 - back * 86_400))
        return String(ISO8601DateFormatter().string(from: time).prefix(10))
      }
      func restart(_ vault: inout Vault) async throws {
        try await vault.kill()
        try await vault.serveShop(box, mail: flags)
        let server = try #require(vault.server)
        // It says so when it has nothing to mail before today is over.
        try await waitUntil("the day's end to be waited for: \(server.errors)") {
          server.errors.contains("are mailed when it is over day=\(day(0))") ? () : nil
        }
      }
      // None was mailed: the day before this one is. Then nothing until this one is over, however often it starts.
      try await restart(&vault)
      for _ in 1...2 { try await restart(&vault) }
      let first = try box.mails()
      #expect(first.map(\.subject) == ["The books of \(day(1))"])
      #expect(first[0].headers["to"] == "<books@example.com>" && first[0].headers["x-recipient"] == "books@example.com")

      // Its files are the reports of that day.
      let files = try first[0].files
      #expect(files.keys.sorted() == ["", "daily-details-\(day(1)).csv", "daily-totals-\(day(1)).html"])
      for (name, arguments) in [
        ("daily-details-\(day(1)).csv", ["daily-details", "--format", "csv"]),
        ("daily-totals-\(day(1)).html", ["daily-totals", "--format", "html", "--by", "user"]),
        ("", ["totals"]),
      ] {
        let made = try await vault.tool.start(
          ["report"] + arguments + ["--data", "vault", "--zone", zone, "--period", day(1)]
        ).finish()
        #expect(files[name]?.replacing("\r\n", with: "\n") == made.output.replacing("\r\n", with: "\n"), "\(name)")
        #expect(!pins.contains { files[name]?.contains($0) ?? true })
      }

      // It died before it noted the mail: the same mail comes again, and can be told.
      try FileManager.default.removeItem(atPath: vault.tool.path("vault/books/mailed"))
      try await restart(&vault)
      #expect(try box.mails().map(\.messageID) == [first[0].messageID, first[0].messageID])

      // It was down for days: each is mailed, the oldest first; now to somebody whose spreadsheet has a decimal comma.
      flags.append("--daily-close-decimal-comma")
      try "\(day(4))\n".write(toFile: vault.tool.path("vault/books/mailed"), atomically: true, encoding: .utf8)
      try await restart(&vault)
      let missed = try box.mails().dropFirst(2)
      #expect(try missed.first?.files["daily-details-\(day(3)).csv"]?.contains("business_date;utc_time;") == true)
      #expect(missed.map(\.subject) == [3, 2, 1].map { "The books of \(day($0))" })
    }
  }

  @Test func whatIsWrongWithTheSettingsIsSaid() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try #require(try await tool.run("init", "--data", "vault").status == 0)
    let serve = ["serve"] + Vault.master + ["--port", "0", "--no-status", "--office-port", "0"]
    let cases: [(arguments: [String], error: String)] = [
      (["--daily-close-to", "books@example.com"], "daily-close-to needs a mail server"),
      (
        ["--daily-close-to", "nobody", "--mail-server", "smtp://localhost:9", "--mail-from", "shop@example.com"],
        "daily-close-to 'nobody': it is not an address"
      ),
      (["--report-zone", "Mars/Phobos"], "there is no time zone 'Mars/Phobos'"),
      (["--report-day-starts", "25:00"], "'25:00' is not a time of day"),
    ]
    for (arguments, error) in cases {
      let run = try await tool.start(serve + arguments).finish()
      #expect(run.status == 64 && run.errors.hasPrefix("pinvault: \(error)"), "\(run.errors)")
    }
  }
}

extension MailBox.Mail {
  /// Words of RFC 2047 in it are told as what they say.
  fileprivate var subject: String {
    let words = (headers["subject"] ?? "").components(separatedBy: " ").map { word -> String in
      guard word.hasPrefix("=?utf-8?B?"), word.hasSuffix("?=") else { return word }
      return Data(base64Encoded: String(word.dropFirst(10).dropLast(2))).map { String(decoding: $0, as: UTF8.self) }
        ?? ""
    }
    return words.joined()
  }

  /// The parts by the names of their files; the text has none.
  fileprivate var files: [String: String] {
    get throws {
      let boundary = try #require(headers["content-type"]?.split(separator: "\"").dropFirst().first)
      let parts = raw.components(separatedBy: "--\(boundary)").dropFirst().dropLast()
      return Dictionary(
        try parts.map { part in
          let pieces = part.components(separatedBy: "\r\n\r\n")
          let name = pieces[0].components(separatedBy: "filename=\"").dropFirst().first?.split(separator: "\"").first
          let body = pieces.dropFirst().joined().replacing("\r\n", with: "")
          return (
            String(name ?? ""), String(decoding: try #require(Data(base64Encoded: body)), as: UTF8.self)
          )
        }, uniquingKeysWith: { $1 })
    }
  }
}
