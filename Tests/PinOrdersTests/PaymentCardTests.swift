import Foundation
import PinSealing
import PinWords
import Testing

@testable import PinOrders

@Suite("Payment cards: taken when they can be one, sealed, and never told by accident")
struct PaymentCardTests {
  @Test(
    "A number passes by its Luhn check and its length alone",
    arguments: [
      ("4111 1111 1111 1111", true), ("4111-1111-1111-1111", true), ("378282246310005", true),
      ("4111111111111112", false),
      ("411111111111", false), ("59", false), ("00000000000000000000", false), ("4111x111111111111", false),
      ("", false),
      ("٤١١١١١١١١١١١١١١١", false),
    ])
  func numbers(number: String, isOne: Bool) {
    #expect((PaymentCardDetails(number: number, expiry: "2031-07") != nil) == isOne)
  }

  @Test(
    "An expiry is a month", arguments: ["2031-13", "2031-00", "31-07", "07/31", "2031-7", "2031-07-01", "", "abcd-07"])
  func expiries(expiry: String) {
    #expect(PaymentCardDetails(number: "4111111111111111", expiry: expiry) == nil)
  }

  @Test(
    "It is good until its month is over where clocks are twelve hours behind UTC",
    arguments: [
      ("2031-07-01T00:00:00Z", false), ("2031-07-31T23:59:59Z", false), ("2031-08-01T11:59:59Z", false),
      ("2031-08-01T12:00:00Z", true), ("2032-01-01T00:00:00Z", true), ("2030-12-31T00:00:00Z", false),
    ])
  func expiring(time: String, isExpired: Bool) throws {
    let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2031-07"))
    #expect(card.isExpired(at: try Date(time, strategy: .iso8601)) == isExpired)
  }

  @Test("Its description tells nothing")
  func descriptions() throws {
    let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2031-07"))
    var dumped = ""
    dump(card, to: &dumped)
    for text in ["\(card)", String(reflecting: card), dumped] { #expect(!text.contains("1111")) }
  }

  @Test("A sealed number opens with its month's key alone, for its own id alone; without the key's file never again")
  func sealing() throws {
    let folder = NSTemporaryDirectory() + "pinvault-cards-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let vault = try CardVault(directory: folder, outside: folder + ".data")
    let card = try #require(PaymentCardDetails(number: "4111111111111111", expiry: "2031-07"))
    let id = RequestID(high: 1, low: 2)
    let may = Date(timeIntervalSince1970: 1_809_000_000)
    let document = try vault.seal(card, id: id, at: may)
    #expect(document.lastFour == "1111" && document.period == "2027-04")
    let text = String(decoding: try JSONEncoder().encode(document), as: UTF8.self)
    #expect(!text.contains("4111111111111111"))
    #expect(try vault.open(document, id: id) == card)
    #expect(throws: SealingError.self) { try vault.open(document, id: RequestID(high: 1, low: 3)) }
    var other = document
    other.period = "../../x"
    #expect(throws: CardVaultError.self) { try vault.open(other, id: id) }
    // What a backup has, without the key.
    try FileManager.default.removeItem(atPath: "\(folder)/2027-04.payment-cards-key")
    let later = try CardVault(directory: folder, outside: folder + ".data")
    #expect(throws: KeyFileError.self) { try later.open(document, id: id) }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/2027-04.payment-cards-key"))
  }

  @Test("The keys never lie in the data directory")
  func keysOutside() {
    #expect(throws: CardVaultError.self) { try CardVault(directory: "/srv/vault/keys", outside: "/srv/vault") }
    #expect(throws: CardVaultError.self) { try CardVault(directory: "/srv/vault", outside: "/srv/vault/") }
  }
}
