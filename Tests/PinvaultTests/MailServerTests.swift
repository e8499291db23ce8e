import ChildProcess
import Foundation
import Testing

@Suite("Mails go to a server that proves who it is, after a login; what is wrong with that is no mail's fault")
struct MailServerTests {
  @Test("Without a certificate that is believed, or with a wrong password, mails wait; put right, they are sent")
  func secured() async throws {
    try await withShop { vault, _, _ in
      _ = try await vault.stop()
      try makeCertificate(in: vault.tool)
      let box = try await MailBox(
        in: vault.tool.directory, "--certificate", vault.tool.path("mail.pem"), "--key",
        vault.tool.path("mail-key.pem"),
        "--user", "shop", "--password", "right")
      let login = ["--mail-user", "shop", "--mail-password-file", vault.tool.path("password")]
      let roots = ["--mail-roots", vault.tool.path("mail.pem")]
      try write("right", in: vault.tool)
      try await vault.serveShop(box, mail: login)
      _ = try await vault.submit(try await vault.newCustomer(), count: 1)
      try await vault.expectMailNotTaken()
      try write("wrong", in: vault.tool)
      try await vault.serveShop(box, mail: roots + login)
      _ = try await vault.submit(try await vault.newCustomer(), count: 1)
      try await vault.expectMailNotTaken()
      try write("right", in: vault.tool)
      try await vault.serveShop(box, mail: roots)
      _ = try await vault.submit(try await vault.newCustomer(), count: 1)
      try await vault.expectMailNotTaken()
      #expect(try box.mails().isEmpty)

      try await vault.serveShop(box, mail: roots + login)
      let fourth = try await vault.submit(try await vault.newCustomer(), count: 1)
      // Those that waited come too, each when it is tried again.
      _ = try await waitUntil("the mail of the last order") {
        try box.mails().contains { $0.text.contains(fourth) } ? true : nil
      }
      await box.end()
    }
  }

  private func write(_ password: String, in tool: Tool) throws {
    try (password + "\n").write(toFile: tool.path("password"), atomically: true, encoding: .utf8)
    chmod(tool.path("password"), 0o600)
  }

  private func makeCertificate(in tool: Tool) throws {
    let made = try Program.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "10", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "mail-key.pem", "-out", "mail.pem",
      ], in: tool.directory.path)
    try #require(made.status == 0, "\(made.errors)")
  }
}

extension Vault {
  /// Waits until a mail was tried in vain, which must not be its end, and stops the server.
  fileprivate mutating func expectMailNotTaken() async throws {
    let server = try #require(server)
    _ = try await waitUntil("a mail that is not taken: \(server.errors)") {
      server.errors.contains("a mail was not taken") || server.errors.contains("a mail is given up") ? 1 : nil
    }
    #expect(!server.errors.contains("a mail is given up"), "\(server.errors)")
    _ = try await stop()
  }
}
