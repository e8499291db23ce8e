import Foundation
import Testing

@Suite struct SellingCommandTests {
  private static let id = "018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10"

  /// A vault with a hundred cards of product A, as a terminal and clerk.
  private func withTill(_ body: (inout Vault, _ pins: [String]) async throws -> Void) async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      let pins = try vault.writeCards("a.csv", 0..<100)
      try await vault.importCards("A", "a.csv")
      try await vault.become(new: "till", roles: "terminal,clerk")
      try await body(&vault, pins)
    }
  }

  @Test func aVendPrintsAReceiptAndARepeatSaysDuplicate() async throws {
    try await withTill { vault, pins in
      let sold = try await vault.tool.run("vend", "--sku", "A", "--id", Self.id)
      #expect(sold.status == 0, "\(sold.errors)")
      let grouped = stride(from: 0, to: 12, by: 4).map { start in
        let pin = pins[0]
        let first = pin.index(pin.startIndex, offsetBy: start)
        return String(pin[first..<pin.index(first, offsetBy: 4)])
      }.joined(separator: " ")
      for text in [
        Self.id, "Card A", "10.00 USD", "9.50 USD", "SN00000000", grouped, "2031-12-31", "Dial *123#", " UTC",
      ] { #expect(sold.output.contains(text), "\(text)") }
      #expect(!sold.output.contains("DUPLICATE"))
      #expect(sold.errors == "")

      let again = try await vault.tool.run("vend", "--sku", "A", "--id", Self.id)
      #expect(again.output.contains("DUPLICATE 1"))
      #expect(again.output.contains(grouped))
      let reprint = try await vault.tool.run("reprint", Self.id, "--json")
      #expect(try reprint.json["print_count"] as? Int == 2)
      #expect(try await vault.regular("A") == 99)
    }
  }

  @Test func everyRefusalHasItsCode() async throws {
    try await withTill { vault, _ in
      let tool = vault.tool
      #expect(try await tool.run("vend", "--sku", "A", "--id", Self.id).status == 0)
      let reused = try await tool.run("vend", "--sku", "A", "--id", Self.id, "--count", "2")
      #expect(reused.status == 3)
      #expect(reused.errors.contains("count"))
      let short = try await tool.run("vend", "--sku", "A", "--count", "100")
      #expect(short.status == 4)
      #expect(short.errors.contains("99"))
      #expect(short.output == "")
      #expect(try await tool.run("vend", "--sku", "A", "--count", "0").status == 64)
      #expect(try await tool.run("vend", "--sku", "A", "--count", "1000000").status == 64)
      #expect(try await tool.run("vend", "--sku", "B").status == 3)
      #expect(try await tool.run("vend", "--sku", "A", "--discount", "1.005").status == 64)
      #expect(try await tool.run("vend", "--sku", "A", "--id", "not-an-id").status == 64)
      #expect(try await tool.run("vend", "--sku", "A", "--tender", "gold").status == 64)
      #expect(try await tool.run("reserve", "--line", "A=1", "--hold", "400d").status == 64)
      #expect(try await tool.run("reserve", "--line", "A=99,", "--hold", "1m").status == 64)
      #expect(try await tool.run("release", Self.id).status == 3)
      #expect(try await tool.run("show", "00000000-0000-0000-0000-00000000beef").status == 3)
      #expect(try await tool.run("confirm", Self.id).status == 0)
      #expect(try await tool.run("reverse", Self.id).status == 3)
      #expect(try await tool.run("freeze", "--sku", "A", "--reason", "x").status == 77)
      #expect(try await tool.run("nonsense").status == 64)
      let nobody = try await tool.run("stock", "--server", "127.0.0.1:1")
      #expect(nobody.status == 69)
      #expect(
        nobody.errors.contains("127.0.0.1:1: the server cannot be reached (Connection refused);"), "\(nobody.errors)")
      let timeless = try await tool.run("vend", "--sku", "A", "--time-limit", "0")
      #expect(timeless.status == 64)
      #expect(timeless.errors.contains("--time-limit"))
      #expect(try await tool.run("stock", "--actor", "nobody").status == 77)
      #expect(try await tool.run("stock", "--key-file", "nowhere").status == 77)
    }
  }

  @Test func aCartIsReservedExtendedAndDispensedPageByPage() async throws {
    try await withVault { vault in
      try await vault.addProduct("A")
      try await vault.addProduct("B", vendor: "Nova", currency: "EUR")
      let pins = try vault.writeCards("a.csv", 0..<400)
      try await vault.importCards("A", "a.csv")
      try vault.writeCards("b.csv", 500..<510)
      try await vault.importCards("B", "b.csv")
      try await vault.become(new: "shop", roles: "storefront")
      let reserved = try await vault.tool.run("reserve", "--line", "A=300", "--line", "B=2", "--hold", "15m")
      #expect(reserved.status == 0, "\(reserved.errors)")
      let id = reserved.output.trimmingCharacters(in: .whitespacesAndNewlines)
      let short = try await vault.tool.run("reserve", "--line", "A=100", "--line", "B=9")
      #expect(short.status == 4)
      #expect(try await vault.regular("A") == 100)
      let extended = try await vault.tool.run("extend", id, "--hold", "30m", "--json")
      #expect(try extended.json["state"] as? String == "held", "\(extended.errors)")
      let dispensed = try await vault.tool.run("dispense", id, "--json")
      #expect(dispensed.status == 0, "\(dispensed.errors)")
      let cards = try #require(try dispensed.json["cards"] as? [[String: Any]])
      #expect(cards.count == 302)
      #expect(cards.prefix(300).map { $0["pin"] as? String } == pins.prefix(300).map { $0 })
      #expect(try dispensed.json["print_count"] as? Int == 0)
      let one = try await vault.tool.run("reprint", id, "--from", "299", "--count", "1", "--json")
      #expect((try one.json["cards"] as? [[String: Any]])?.map { $0["pin"] as? String } == [pins[299]])
    }
  }

  @Test func aReversedSaleIsQuarantinedAndSettledOrPutBack() async throws {
    try await withTill { vault, _ in
      let sold = try await vault.tool.run("vend", "--sku", "A", "--count", "2", "--json")
      let id = try #require(try sold.json["id"] as? String)
      #expect(try await vault.tool.run("reverse", id).status == 0)
      #expect(try await vault.tool.run("vend", "--sku", "A", "--count", "2", "--id", id).status == 3)
      vault.become("admin", key: "vault.admin.key")
      let back = try await vault.tool.run("reinventory", "--sale", id, "--reason", "slip unprinted", "--json")
      #expect(try back.json["card_count"] as? Int == 2, "\(back.errors)")
      #expect(try await vault.regular("A") == 100)

      vault.become("till")
      let second = try #require(try await vault.tool.run("vend", "--sku", "A", "--json").json["id"] as? String)
      #expect(try await vault.tool.run("reverse", second).status == 0)
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("settle", second, "--reason", "used").status == 0)
      let withdrawn = try await vault.tool.run("withdraw", "--serial", "SN00000050", "--reason", "damaged")
      #expect(withdrawn.status == 0, "\(withdrawn.errors)")
      let level = try await vault.stock("A")
      #expect(level["regular"] as? Int == 98)
      #expect(level["delivered"] as? Int == 1)
      #expect(level["void"] as? Int == 1)
      let life = try await vault.tool.run("card", "SN00000050")
      #expect(life.output.contains("withdrawn"))
    }
  }

  @Test func aReturnCreditsAndItsCardsAreSoldAsUsedOnly() async throws {
    try await withTill { vault, _ in
      let sold = try await vault.tool.run("vend", "--sku", "A", "--count", "3", "--discount", "0.50", "--json")
      let id = try #require(try sold.json["id"] as? String)
      let returned = try await vault.tool.run("return", id, "--card", "2", "--json")
      #expect(try returned.json["cards_returned"] as? Int == 1, "\(returned.errors)")
      #expect(try await vault.stock("A")["used"] as? Int == 1)
      let used = try await vault.tool.run("vend", "--sku", "A", "--used", "--json")
      #expect((try used.json["cards"] as? [[String: Any]])?.first?["card"] as? Int == 2)
      let totals = try await vault.tool.run("shift", "totals", "--json")
      let total = try #require((try totals.json["totals"] as? [[String: Any]])?.first)
      #expect(total["cards"] as? Int == 4)
      #expect(total["returned_cards"] as? Int == 1)
      #expect(try await vault.tool.run("shift", "close").status == 0)
    }
  }

  @Test func aFrozenProductIsNotSoldUntilItIsThawed() async throws {
    try await withTill { vault, _ in
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("freeze", "--sku", "A", "--reason", "stolen").status == 0)
      vault.become("till")
      let refused = try await vault.tool.run("vend", "--sku", "A")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("frozen"))
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("thaw", "--sku", "A", "--reason", "found").status == 0)
      vault.become("till")
      #expect(try await vault.tool.run("vend", "--sku", "A").status == 0)
    }
  }

  @Test func whatWasSoldOutlivesAKilledServerAndASaleUnderItsIDIsMadeOnce() async throws {
    try await withTill { vault, _ in
      let sold = try await vault.tool.run("vend", "--sku", "A", "--id", Self.id, "--json")
      let pin = try #require((try sold.json["cards"] as? [[String: Any]])?.first?["pin"] as? String)
      try await vault.kill()
      #expect(try await vault.tool.run("vend", "--sku", "A", "--id", Self.id).status == 69)
      // Its address is still there, but nobody holds the directory.
      let idle = try await vault.tool.run("verify", "--data", "vault")
      #expect(idle.status == 0, "\(idle.errors)")
      try await vault.start()
      let again = try await vault.tool.run("vend", "--sku", "A", "--id", Self.id, "--json")
      #expect((try again.json["cards"] as? [[String: Any]])?.first?["pin"] as? String == pin, "\(again.errors)")
      #expect(try again.json["is_repeat"] as? Bool == true)
      #expect(try await vault.regular("A") == 99)
      vault.become("admin", key: "vault.admin.key")
      let verified = try await vault.tool.run("verify", "--data", "vault")
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    }
  }

  @Test func actorsComeAndGo() async throws {
    try await withTill { vault, _ in
      let tool = vault.tool
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("actor", "add", "till", "--role", "terminal").status == 73)
      let other = ["--new-key-file", "other.key"]
      #expect(try await vault.tool.run("actor", "add", "till", "--role", "terminal", other[0], other[1]).status == 3)
      #expect(try await vault.tool.run("actor", "add", "x", "--role", "king").status == 64)
      let renewed = try await vault.tool.run("actor", "renew-key", "till", other[0], other[1])
      #expect(renewed.status == 0, "\(renewed.errors)")
      #expect(try await tool.run("stock").status == 77)
      vault.become("till", key: "other.key")
      #expect(try await vault.tool.run("stock").status == 0)
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("actor", "revoke", "till").status == 0)
      vault.become("till", key: "other.key")
      #expect(try await vault.tool.run("stock").status == 77)
      vault.become("admin", key: "vault.admin.key")
      #expect(try await vault.tool.run("actor", "revoke", "admin").status == 3)
      #expect(try await vault.tool.run("actor", "list").output.contains("revoked"))
    }
  }

  /// The sale was made, but its answer is lost and nobody can be asked: the error says the id, and it is found by it.
  @Test func aLostAnswerIsAnUnknownOutcomeThatCanBeAskedFor() async throws {
    try await withTill { vault, _ in
      let address = try #require(vault.tool.environment["PINVAULT_SERVER"])
      // Hello, authenticate, catalogue, vend.
      let proxy = try LossyProxy(to: address, losingAnswersFrom: 4)
      let sold = try await vault.tool.run(
        "vend", "--sku", "A", "--id", Self.id, "--server", "127.0.0.1:\(proxy.port)", "--time-limit", "1s")
      #expect(sold.status == 5, "\(sold.errors)")
      #expect(sold.output == "")
      #expect(sold.errors.contains("pinvault show \(Self.id)"))
      let shown = try await vault.tool.run("show", Self.id, "--json")
      #expect(try shown.json["state"] as? String == "delivered")
      let again = try await vault.tool.run("vend", "--sku", "A", "--id", Self.id, "--json")
      #expect((try again.json["cards"] as? [[String: Any]])?.count == 1)
      #expect(try await vault.regular("A") == 99)
    }
  }

  /// Whoever ends the command while a sale is under way is told the sale's id.
  @Test(arguments: [SIGINT, SIGTERM]) func aSignalDuringASaleTellsItsID(signal: Int32) async throws {
    try await withTill { vault, _ in
      let address = try #require(vault.tool.environment["PINVAULT_SERVER"])
      let proxy = try LossyProxy(to: address, losingAnswersFrom: 4, keepsOpen: true)
      let selling = try vault.tool.start(["vend", "--sku", "A", "--server", "127.0.0.1:\(proxy.port)"])
      try await waitUntil("the sale's answer") { proxy.hasLost.load(ordering: .acquiring) ? () : nil }
      selling.signal(signal)
      let sold = try await selling.finish()
      #expect(sold.status == 5, "\(sold.errors)")
      #expect(sold.output == "")
      let words = sold.errors.split { !$0.isHexDigit && $0 != "-" }
      let id = try #require(words.first { $0.count == 36 }.map(String.init), "\(sold.errors)")
      let shown = try await vault.tool.run("show", id, "--json")
      #expect(try shown.json["state"] as? String == "delivered", "\(shown.errors)")
    }
  }

  /// The sale stands whether or not its receipt came out: the error says which one it was.
  @Test func aReceiptThatCannotBeWrittenNamesItsSale() async throws {
    try await withTill { vault, _ in
      let sold = try await vault.tool.start(["vend", "--sku", "A", "--id", Self.id], outputTo: "/dev/full").finish()
      #expect(sold.status == 74)
      #expect(sold.errors.contains("pinvault reprint \(Self.id)"), "\(sold.errors)")
      let again = try await vault.tool.run("reprint", Self.id, "--json")
      #expect((try again.json["cards"] as? [[String: Any]])?.count == 1)
    }
  }

  @Test func eventsAreFollowedAsTheyCome() async throws {
    try await withTill { vault, _ in
      let till = vault.tool
      vault.become("admin", key: "vault.admin.key")
      let following = try vault.tool.start(["events", "--from", "1", "--follow"], log: "follow")
      #expect(try await till.run("vend", "--sku", "A", "--id", Self.id).status == 0)
      let tool = vault.tool
      let line = try await waitUntil("the vend's event") {
        try tool.text("follow.out").split(separator: "\n").first { $0.contains(Self.id) }
      }
      let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(event["kind"] as? String == "vended")
      following.signal(SIGTERM)
      let followed = try await following.finish()
      #expect(followed.status == 130)
      #expect(followed.errors.contains("interrupted"), "\(followed.errors)")
    }
  }
}
