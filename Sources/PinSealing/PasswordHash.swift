import CLibcrypto

/// What a password is checked against: scrypt (RFC 7914) of it, with the salt and the costs it was made with.
///
/// It is no secret of the kind that a key is, but what it is made of can be guessed: it is kept sealed, and never in the
/// journal.
package struct PasswordHash: Hashable, Sendable {
  /// Of scrypt: memory is 128 × n × r bytes, 32 MiB here, and time in proportion to n × r × p.
  package struct Cost: Hashable, Sendable {
    package var n: UInt64
    package var r: UInt64
    package var p: UInt64

    package init(n: UInt64, r: UInt64, p: UInt64) {
      self.n = n
      self.r = r
      self.p = p
    }

    /// One of the settings that OWASP's Password Storage Cheat Sheet holds to be enough.
    package static let present = Cost(n: 1 << 15, r: 8, p: 3)
  }

  package let cost: Cost
  package let salt: [UInt8]
  package let bytes: [UInt8]

  package init(cost: Cost, salt: [UInt8], bytes: [UInt8]) {
    self.cost = cost
    self.salt = salt
    self.bytes = bytes
  }

  /// A hash with a salt of its own. Takes some tenths of a second of a processor.
  package init(of password: [UInt8], cost: Cost = .present) {
    let salt = randomBytes(count: 16)
    self.init(cost: cost, salt: salt, bytes: Self.derive(password, salt, cost))
  }

  /// Whether it is of this password. Takes as long as making one, whatever the answer.
  package func matches(_ password: [UInt8]) -> Bool {
    let found = Self.derive(password, salt, cost)
    guard bytes.count == found.count else { return false }
    return zip(bytes, found).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func derive(_ password: [UInt8], _ salt: [UInt8], _ cost: Cost) -> [UInt8] {
    var key = [UInt8](repeating: 0, count: 32)
    let result = password.withUnsafeBytes { password in
      EVP_PBE_scrypt(
        password.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) }, password.count, salt, salt.count, cost.n,
        cost.r, cost.p, 256 << 20, &key, key.count)
    }
    requireSuccess(result, "scrypt")
    return key
  }
}
