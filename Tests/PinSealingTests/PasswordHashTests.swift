import PinSealing
import Testing

@Suite("Hashes of passwords")
struct PasswordHashTests {
  /// RFC 7914, section 12.
  @Test(
    "A password has the hash that scrypt's own examples give, and no other password has it",
    arguments: [
      (
        "password", "NaCl", PasswordHash.Cost(n: 1024, r: 8, p: 16),
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
      ),
      (
        "pleaseletmein", "SodiumChloride", PasswordHash.Cost(n: 16384, r: 8, p: 1),
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
      ),
    ])
  func examples(password: String, salt: String, cost: PasswordHash.Cost, digits: String) throws {
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
    try #require(bytes.count == 32)
    let hash = PasswordHash(cost: cost, salt: Array(salt.utf8), bytes: bytes)
    #expect(hash.matches(Array(password.utf8)))
    #expect(!hash.matches(Array("\(password)!".utf8)) && !hash.matches([]))
  }

  @Test("Each hash has a salt of its own, and needs 32 MiB at least")
  func salts() {
    let cheap = PasswordHash.Cost(n: 16, r: 1, p: 1)
    let hashes = (0..<3).map { _ in PasswordHash(of: Array("one password".utf8), cost: cheap) }
    #expect(Set(hashes.map(\.salt)).count == 3 && Set(hashes.map(\.bytes)).count == 3)
    #expect(hashes.allSatisfy { $0.matches(Array("one password".utf8)) })
    #expect(128 * PasswordHash.Cost.present.n * PasswordHash.Cost.present.r >= 32 << 20)
  }
}
