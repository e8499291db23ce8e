import ChildProcess
import Foundation
import Testing

/// Who may do what, and how much, as an operator says it with the real tool to a real server.
@Suite(.timeLimit(.minutes(30))) struct ActorCommandTests {
  private func withTill(_ body: (inout Vault) async throws -> Void) async throws {
    try await withVault { vault in
      try await vault.addProduct("ACME-10")
      try await vault.addProduct("ACME-25")
      try vault.writeCards("cards.csv", 0..<60)
      try await vault.importCards("ACME-10", "cards.csv")
      try await vault.become(new: "till", roles: "terminal")
      try await body(&vault)
    }
  }

  private func asAdmin(_ vault: Vault, _ arguments: String...) async throws -> Tool.Run {
    var admin = vault
    admin.become("admin", key: "vault.admin.key")
    return try await admin.tool.start(arguments).finish()
  }

  @Test("Limits are set, shown, refused by name with when to try again, kept through a restart, and lifted")
  func limits() async throws {
    try await withTill { vault in
      let set = try await asAdmin(
        vault, "actor", "limit", "till", "--cards-per-day", "3", "--value-per-day", "20.00", "--currency", "USD",
        "--product", "ACME-10", "--requests-per-second", "1000")
      #expect(set.status == 0, "\(set.errors)")
      try await vault.kill()
      try await vault.start()
      let shown = try await asAdmin(vault, "actor", "show", "till")
      let told = shown.output.split(separator: " ").joined(separator: " ")
      for line in ["cards a day 3", "value a day 20.00 USD", "sells ACME-10"] {
        #expect(told.contains(line), "\(shown.output)\(shown.errors)")
      }
      let record = try await asAdmin(vault, "actor", "show", "till", "--json").json
      let limits = try #require(record["limits"] as? [String: Any])
      #expect(limits["cards_per_day"] as? Int == 3 && limits["value_per_day_minor"] as? Int == 2000)

      #expect(try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "2").status == 0)
      let value = try await vault.tool.run("vend", "--sku", "ACME-10")
      #expect(value.status == 75 && value.errors.contains("limit of value a day leaves 100"), "\(value.errors)")
      let cards = try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "4")
      #expect(cards.status == 3 && cards.errors.contains("limit of cards a day leaves 1"), "\(cards.errors)")
      let other = try await vault.tool.run("vend", "--sku", "ACME-25")
      #expect(other.status == 77 && other.errors.contains("does not let it sell") == false, "\(other.errors)")
      #expect(try await asAdmin(vault, "actor", "limit", "till", "--value-per-day", "5").status == 0)
      #expect(try await asAdmin(vault, "actor", "limit", "till", "--currency", "EUR").status == 64)
      let lifted = try await asAdmin(
        vault, "actor", "limit", "till", "--cards-per-day", "0", "--value-per-day", "0", "--all-products",
        "--requests-per-second", "0")
      #expect(lifted.status == 0, "\(lifted.errors)")
      #expect(try await vault.tool.run("vend", "--sku", "ACME-10", "--count", "4").status == 0)
      #expect(try await asAdmin(vault, "actor", "list").output.contains("limited") == false)
    }
  }

  @Test("A key is rotated: both work through a restart until the old one is ended")
  func rotation() async throws {
    try await withTill { vault in
      let rotated = try await asAdmin(
        vault, "actor", "rotate-key", "till", "--new-key-file", vault.tool.path("second.key"))
      #expect(rotated.status == 0 && rotated.output.contains("works until it is ended"), "\(rotated.errors)")
      try await vault.kill()
      try await vault.start()
      for key in ["till.key", "second.key"] {
        vault.become("till", key: key)
        #expect(try await vault.tool.run("stock").status == 0, "\(key)")
      }
      let third = try await asAdmin(
        vault, "actor", "rotate-key", "till", "--new-key-file", vault.tool.path("third.key"))
      #expect(third.status == 3 && third.errors.contains("end the old one first"), "\(third.errors)")
      let record = try await asAdmin(vault, "actor", "show", "till", "--json")
      #expect(try record.json["old_key"] != nil)
      let secret = try vault.tool.text("till.key").split(separator: " ")[1].prefix(64)
      #expect(!record.output.contains(secret))
      #expect(try await asAdmin(vault, "actor", "end-old-key", "till").status == 0)
      vault.become("till", key: "till.key")
      #expect(try await vault.tool.run("stock").status == 77)
      vault.become("till", key: "second.key")
      #expect(try await vault.tool.run("stock").status == 0)
      #expect(try await asAdmin(vault, "actor", "end-old-key", "till").status == 3)
    }
  }

  @Test("A certificate proves an actor end to end, as docs/operating.md makes it; nobody else's does")
  func certificates() async throws {
    try await withTill { vault in
      try await makeCertificates(in: vault.tool)
      _ = try await vault.stop()
      try await vault.start(
        "--certificate", "server.pem", "--certificate-key", "server-key.pem", "--client-authority", "clients-ca.pem")
      let port = try #require(vault.tool.environment["PINVAULT_SERVER"]?.split(separator: ":").last)
      vault.tool.environment["PINVAULT_SERVER"] = "localhost:\(port)"
      vault.tool.environment["PINVAULT_TLS_ROOTS"] = vault.tool.path("server-ca.pem")
      vault.tool.environment["PINVAULT_KEY_FILE"] = nil
      func run(_ certificate: String, as actor: String = "till") async throws -> Tool.Run {
        try await vault.tool.run(
          "stock", "--actor", actor, "--certificate", "\(certificate).pem", "--certificate-key",
          "\(certificate)-key.pem")
      }
      let proved = try await run("till")
      #expect(proved.status == 0, "\(proved.errors)")
      #expect(try await run("till", as: "admin").status == 77, "another's name")
      #expect(try await run("stranger", as: "stranger").status == 77, "no such actor")
      #expect(try await run("expired").status != 0, "its time is over")
      #expect(try await run("forged").status != 0, "signed by another authority")
      #expect(try await vault.tool.run("stock", "--actor", "till").status == 64, "neither key nor certificate")

      vault.tool.environment["PINVAULT_CLIENT_CERTIFICATE"] = vault.tool.path("till.pem")
      vault.tool.environment["PINVAULT_CLIENT_CERTIFICATE_KEY"] = vault.tool.path("till-key.pem")
      #expect(try await vault.tool.run("vend", "--sku", "ACME-10").status == 0)
      chmod(vault.tool.path("till-key.pem"), 0o644)
      let open = try await vault.tool.run("stock")
      #expect(open.status == 77 && open.errors.contains("chmod 600"), "\(open.errors)")
      chmod(vault.tool.path("till-key.pem"), 0o600)

      vault.tool.environment["PINVAULT_CLIENT_CERTIFICATE"] = nil
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("actor", "revoke", "till").status == 0, "a key still does beside certificates")
      let gone = try await run("till")
      #expect(gone.status == 77, "\(gone.errors)")
    }
  }

  /// Two authorities, and what they sign: the commands of docs/operating.md.
  private func makeCertificates(in tool: Tool) async throws {
    let script = """
      set -eu
      umask 077
      authority() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \\
          -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.pem"
      }
      sign() { # name, authority, use, days, names
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \\
          -keyout "$6-key.pem" -out "$6.csr"
        printf 'extendedKeyUsage=%s\\n%s\\n' "$3" "$5" > "$6.ext"
        openssl x509 -req -in "$6.csr" -CA "$2.pem" -CAkey "$2-key.pem" -CAcreateserial -days "$4" \\
          -extfile "$6.ext" -out "$6.pem"
      }
      authority server-ca
      authority clients-ca
      authority other-ca
      sign localhost server-ca serverAuth 365 subjectAltName=DNS:localhost server
      sign till clients-ca clientAuth 365 "" till
      sign stranger clients-ca clientAuth 365 "" stranger
      sign till clients-ca clientAuth -1 "" expired
      sign till other-ca clientAuth 365 "" forged
      """
    let run = try Program.run("sh", ["-c", script], in: tool.directory.path)
    try #require(run.status == 0, "openssl: \(run.errors)")
  }
}
