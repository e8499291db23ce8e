import PinWords
import Testing

@Suite("The words say what they mean")
struct WordsTests {
  @Test("A request id reads back from its own text, with and without dashes")
  func requestIDText() {
    let id = RequestID(high: 0x018F_0E6C_3D5A_7C11, low: 0x9A54_5B0F_8F3C_2A10)
    #expect(id.description == "018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10")
    #expect(RequestID(id.description) == id)
    #expect(RequestID("018f0e6c3d5a7c119a545b0f8f3c2a10") == id)
    #expect(RequestID("018f0e6c") == nil)
    #expect(RequestID("+18f0e6c3d5a7c119a545b0f8f3c2a10") == nil)
  }

  @Test("Amounts are decimals of the currency, however large and of either sign")
  func amounts() {
    let cases: [(String, Int128, String)] = [
      ("USD", 0, "0.00"), ("USD", 5, "0.05"), ("USD", -5, "-0.05"), ("USD", 100, "1.00"), ("USD", -123_456, "-1234.56"),
      ("JPY", 0, "0"), ("JPY", -7, "-7"), ("KWD", 1, "0.001"), ("UYW", 99_999, "9.9999"),
      ("EUR", Int128(UInt64.max), "184467440737095516.15"), ("EUR", Int128(UInt64.max) + 1, "184467440737095516.16"),
      ("JPY", Int128(UInt64.max) * -10, "-184467440737095516150"),
      ("EUR", .min, "-1701411834604692317316873037158841057.28"),
    ]
    for (code, minor, text) in cases { #expect(Currency(code)!.text(minor: minor) == text) }
    #expect(Currency("USD")!.text(minor: 12 as UInt8) == "0.12")
  }

  @Test("Times and days are told with all their digits")
  func times() {
    let cases: [(UInt64, String)] = [
      (0, "1970-01-01T00:00:00.000Z"), (1_806_048_000_007, "2027-03-26T08:00:00.007Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "10000-01-01T00:00:00.000Z"),
      (.max, "584556019-04-03T14:25:51.615Z"),
    ]
    for (time, text) in cases { #expect(rfc3339(time) == text) }
    #expect(Day(daysSince1970: 19_782).calendarText == "2024-02-29")
  }

  @Test("Generated ids are UUIDv7 and rise with time")
  func generatedIDs() {
    var generator = SystemRandomNumberGenerator()
    let earlier = RequestID.generate(atMilliseconds: 1_700_000_000_000, using: &generator)
    let later = RequestID.generate(atMilliseconds: 1_700_000_000_001, using: &generator)
    #expect(earlier < later)
    #expect(earlier.high >> 16 == 1_700_000_000_000)
    #expect(earlier.high >> 12 & 0xF == 7)
    #expect(earlier.low >> 62 == 0b10)
  }

  @Test("Every refusal survives its parts")
  func refusalParts() {
    let refusals: [Refusal] = [
      .invalid(.count), .notPermitted, .idReused(.product), .notYours, .approvalRequired(.own), .unknownID,
      .unknownProduct(ProductID(7)),
      .unknownPurchase, .unknownCard, .unknownActor, .nameTaken, .lastAdministrator, .productFrozen(ProductID(7)),
      .insufficientStock(ProductID(7), available: 3), .tooManyExtents(limit: 256), .wrongState(.expired),
      .deadlinePassed,
      .final, .withdrawn, .notInCustody(CardID(9)), .outOfTurn(expected: 4), .cardDamaged(CardID(9)),
      .importRunning(PurchaseID(2)),
      .busy(retryAfterMilliseconds: 20), .storageFull, .stopping,
      .productNotPermitted(ProductID(7)), .limitReached(.valuePerDay, left: 900, retryAfterMilliseconds: 60_000),
      .limitReached(.reprintsPerMinute, left: 0, retryAfterMilliseconds: 0), .oldKeyStillWorks,
      .tooManyRequests(retryAfterMilliseconds: 50),
    ]
    for refusal in refusals {
      let parts = refusal.parts
      #expect(
        Refusal(
          status: parts.status, subject: parts.subject, detail: parts.detail,
          retryAfterMilliseconds: parts.retryAfterMilliseconds) == refusal)
    }
    // Every status but `done` and those about the connection itself is some refusal's.
    let spoken = Set(refusals.map(\.parts.status))
    #expect(Set(Status.allCases).subtracting(spoken).allSatisfy { $0.rawValue < 16 })
  }

  @Test("A currency is three capital letters", arguments: ["usd", "US", "USDX", "U$D", ""])
  func badCurrency(text: String) {
    #expect(Currency(text) == nil)
    #expect(Currency("USD")?.description == "USD")
  }

  @Test("A PIN does not print")
  func pinIsHidden() {
    let pin = PIN("493-221")
    #expect(!"\(pin) \(String(reflecting: pin)) \(dumped(pin))".contains("493"))
  }

  private func dumped(_ value: some Any) -> String {
    var text = ""
    dump(value, to: &text)
    return text
  }

  @Test("Nobody may keep stock and sell, and every operation is somebody's")
  func roles() {
    #expect(Operation.vend.allowedRoles.isDisjoint(with: .administrator))
    #expect(Operation.allCases.allSatisfy { !$0.allowedRoles.isEmpty })
    #expect(Roles.named.allSatisfy { Roles(name: $0.name) == $0.role })
  }
}
