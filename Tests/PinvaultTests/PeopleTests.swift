import Curl
import Foundation
import Testing

/// People at the back office: by password and session, by token, under their own names.
@Suite(
  "People sign in, do what their roles allow under their names, and are shut out at once", .timeLimit(.minutes(30)))
struct PeopleTests {
  private static let password = "correct horse battery"

  @Test("A person signs in with a password, acts under its own name and rights, and signs out; the password is nowhere")
  func life() async throws {
    try await withShop { vault, _, _ in
      try await vault.give(Self.password, to: "reviewer")
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, count: 1)
      try await vault.signIn("reviewer", Self.password)
      let asReviewer = ["--token-file", vault.tool.path("reviewer.session")]
      for (arguments, status) in [
        (["order", "list", "--pending"], 0), (["order", "approve", order, "--version", "1"], 0),
        (["order", "pay", order, "--version", "2", "--authorisation", "A"], 77), (["token", "list"], 0),
      ] as [([String], Int32)] {
        let run = try await vault.tool.start(arguments + asReviewer).finish()
        #expect(run.status == status, "\(arguments): \(run.errors)")
      }
      let number = try #require(try await vault.asAdministrator("actor", "show", "reviewer").json["actor"] as? Int)
      let events = try await vault.asAdministrator("events").output.split(separator: "\n")
      let approval = try #require(events.first { $0.contains(#""act":"approve""#) })
      #expect(approval.contains(#""actor":\#(number),"#))

      #expect(try await vault.tool.start(["sign-out"] + asReviewer).finish().status == 0)
      #expect(try await vault.tool.start(["order", "list"] + asReviewer).finish().status == 77)
      let session = try vault.tool.text("reviewer.session").split(separator: "\n")[0]
      let errors = try #require(vault.server).errors
      _ = try await vault.stop()
      try vault.expectNowhere([Self.password, String(session)], but: ["reviewer.session"], and: errors)
    }
  }

  @Test("Who is revoked is out at once, by session and by token; a new password ends the sessions of the old one")
  func shutOut() async throws {
    try await withShop { vault, _, _ in
      try await vault.give(Self.password, to: "clerk")
      try await vault.signIn("clerk", Self.password)
      let session = ["order", "list", "--token-file", vault.tool.path("clerk.session")]
      vault.become("clerk")
      let added = try await vault.tool.run(
        "token", "add", "books", "--days", "1", "--new-token-file", vault.tool.path("clerk.token"))
      #expect(added.status == 0, "\(added.errors)")
      let token = ["order", "list", "--token-file", vault.tool.path("clerk.token")]
      for arguments in [session, token] { #expect(try await vault.tool.start(arguments).finish().status == 0) }

      // A token makes no other, and no password.
      for arguments in [
        ["token", "add", "more", "--days", "1", "--new-token-file", vault.tool.path("more")], ["password", "clerk"],
      ] {
        let run = try await vault.tool.start(
          arguments + Array(token.suffix(2)), input: Data("\(Self.password)\nanother password\n".utf8)
        ).finish()
        #expect(run.status == 77 && run.errors.contains("not-permitted"), "\(run.errors)")
      }

      // Whoever is signed in says the present password, too.
      for (present, status) in [("not the password", 77), (Self.password, 0)] as [(String, Int32)] {
        let run = try await vault.tool.start(
          ["password", "clerk"] + Array(session.suffix(2)), input: Data("\(present)\nthe second password\n".utf8)
        ).finish()
        #expect(run.status == status, "\(run.errors)")
      }
      #expect(try await vault.tool.start(session).finish().status == 77)
      #expect(try await vault.tool.start(token).finish().status == 0)
      #expect(try await vault.trySignIn("clerk", Self.password).status == 77)
      try await vault.signIn("clerk", "the second password")
      #expect(try await vault.tool.start(session).finish().status == 0)

      _ = try await vault.asAdministrator("actor", "revoke", "clerk")
      for arguments in [session, token] {
        let run = try await vault.tool.start(arguments).finish()
        #expect(run.status == 77 && run.errors.contains("unauthenticated"), "\(run.errors)")
      }
      #expect(try await vault.trySignIn("clerk", "the second password").status == 77)

      // Who is let in again a moment later comes with nothing from before.
      _ = try await vault.asAdministrator("actor", "change", "clerk", "--role", "clerk")
      for arguments in [session, token] { #expect(try await vault.tool.start(arguments).finish().status == 77) }
      #expect(try await vault.trySignIn("clerk", "the second password").status == 77)
      try await vault.give("the third password", to: "clerk")
      try await vault.signIn("clerk", "the third password")
      #expect(try await vault.tool.start(session).finish().status == 0)
    }
  }

  @Test("A token works after a crash until it is ended, for its actor's rights alone; it is told once and kept nowhere")
  func tokens() async throws {
    try await withShop { vault, box, _ in
      vault.become("reviewer")
      let id = "018f0e6c-4a10-7d02-8b1e-2f6a90c4d511"
      let add = ["token", "add", "nightly", "--days", "30", "--id", id, "--new-token-file", vault.tool.path("token")]
      #expect(try await vault.tool.start(add).finish().status == 0)
      let text = try vault.tool.text("token").split(separator: "\n")[0]
      try FileManager.default.moveItem(atPath: vault.tool.path("token"), toPath: vault.tool.path("kept"))
      let again = try await vault.tool.start(add).finish()
      #expect(again.status == 3 && again.errors.contains("told only once"), "\(again.errors)")
      try await vault.kill()
      try await vault.serveShop(box)
      let with = ["--token-file", vault.tool.path("kept")]
      #expect(try await vault.tool.start(["order", "list"] + with).finish().status == 0)
      let sell = ["customer", "define", "--name", "x", "--email", "x@example.com"]
      #expect(try await vault.tool.start(sell + with).finish().errors.contains("not-permitted"))
      vault.become("clerk")
      #expect(try await vault.tool.run("token", "end", id).errors.contains("not-permitted"))
      vault.become("reviewer")
      let end = "018f0e6c-4a10-7d02-8b1e-2f6a90c4d512"
      for _ in 0..<2 { #expect(try await vault.tool.run("token", "end", id, "--id", end).status == 0) }
      #expect(try await vault.tool.start(["order", "list"] + with).finish().status == 77)
      let errors = try #require(vault.server).errors
      _ = try await vault.stop()
      try vault.expectNowhere([String(text), String(text.split(separator: "_")[2])], but: ["kept"], and: errors)
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("Wrong names and passwords are told alike, one at a time from an address, and twenty of them are an event")
  func guessing() async throws {
    try await withShop { vault, _, _ in
      try await vault.give(Self.password, to: "clerk")
      let office = try #require(vault.tool.environment["PINVAULT_OFFICE"])
      @Sendable func ask(_ name: String, _ password: String) async throws -> (Int, String) {
        var request = WebRequest("POST", office + "/sign-in")
        request.body = Array(#"{"name":"\#(name)","password":"\#(password)"}"#.utf8)
        request.headers = ["Content-Type: application/json"]
        let (status, body) = try await request.perform()
        return (status, String(decoding: body, as: UTF8.self))
      }
      let (known, unknown) = (try await ask("clerk", "not the password"), try await ask("nobody", "not the password"))
      #expect(known.0 == 401 && known == unknown)
      #expect(try await ask("web", "not the password").0 == 401, "who has no password")
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<6 { group.addTask { try await ask("clerk", "not the password").0 } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.contains(429) && Set(statuses).isSubset(of: [401, 429]), "\(statuses)")
      #expect(try await ask("clerk", Self.password).0 == 200)
    }
  }
}

extension Vault {
  /// An administrator gives somebody a password.
  mutating func give(_ password: String, to name: String) async throws {
    become("admin", key: "vault.admin.key")
    let run = try await tool.run("password", name, input: Data("\(password)\n".utf8))
    try #require(run.status == 0, "\(run.errors)")
  }

  func trySignIn(_ name: String, _ password: String) async throws -> Tool.Run {
    try await tool.run(
      "sign-in", name, "--token-file", tool.path("\(name).session"), input: Data("\(password)\n".utf8))
  }

  func signIn(_ name: String, _ password: String) async throws {
    let run = try await trySignIn(name, password)
    try #require(run.status == 0, "\(run.errors)")
  }

  mutating func asAdministrator(_ arguments: String...) async throws -> Tool.Run {
    become("admin", key: "vault.admin.key")
    let run = try await tool.start(arguments + (arguments[0] == "events" ? [] : ["--json"])).finish()
    try #require(run.status == 0, "\(run.errors)")
    return run
  }

  /// That no file of the test's directory holds one of these, those that are to apart.
  func expectNowhere(_ secrets: [String], but names: Set<String>, and log: String) throws {
    let files = try #require(FileManager.default.enumerator(atPath: tool.directory.path))
    var everything = [("the log", Data(log.utf8))]
    for case let file as String in files where !names.contains(file) {
      if let data = FileManager.default.contents(atPath: tool.path(file)) { everything.append((file, data)) }
    }
    #expect(everything.count > 8)
    for secret in secrets {
      for (file, data) in everything { #expect(data.range(of: Data(secret.utf8)) == nil, "\(file) has a secret") }
    }
  }
}
