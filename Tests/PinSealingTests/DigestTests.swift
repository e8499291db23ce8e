import PinSealing
import Testing

@Suite("Digests")
struct DigestTests {
  /// FIPS 180-4's examples.
  static let published = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ]

  @Test("are SHA-256 as published", arguments: published)
  func asPublished(message: String, digest: String) {
    let bytes = Array(message.utf8)
    #expect(sha256(of: bytes).description == digest)
  }

  @Test("of one hasher used again and again start afresh each time, and pieces run together")
  func reuse() {
    var hasher = SHA256Hasher()
    for (message, digest) in Self.published {
      let bytes = Array(message.utf8)
      let middle = bytes.count / 3
      hasher.update(bytes.span.bytes.extracting(first: middle))
      hasher.update(bytes.span.bytes.extracting(droppingFirst: middle))
      let joined = hasher.finish()
      #expect(joined.description == digest)
      let whole = hasher.hash(bytes.span.bytes)
      #expect(whole.description == digest)
    }
  }

  @Test("keep their bytes in and out, and are equal only if every byte is")
  func bytes() {
    let bytes = randomBytes(count: 32)
    let digest = Digest256(bytes: bytes.span.bytes)
    #expect(digest.bytes == bytes)
    let same = Digest256(bytes: bytes.span.bytes)
    #expect(same == digest)
    #expect(same.constantTimeEquals(digest))
    for index in 0..<32 {
      var other = bytes
      other[index] ^= 0x80
      let changed = Digest256(bytes: other.span.bytes)
      #expect(changed != digest)
      #expect(!changed.constantTimeEquals(digest))
    }
  }

  @Test("compare in constant time only with their own length")
  func constantTime() {
    func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { constantTimeEqual(one.span.bytes, other.span.bytes) }
    #expect(areEqual([1, 2, 3], [1, 2, 3]))
    #expect(areEqual([], []))
    #expect(!areEqual([1, 2, 3], [1, 2, 3, 4]))
    #expect(!areEqual([1, 2, 3], [1, 2, 4]))
    #expect(!areEqual([], [0]))
  }
}

@Suite("Message authentication codes")
struct MessageAuthenticatorTests {
  struct Vector: Sendable {
    let key: [UInt8]
    let message: [UInt8]
    let code: String
  }

  static let longKey = [UInt8](repeating: 0xaa, count: 131)

  /// RFC 4231, cases 1 to 7; case 5 publishes the first 16 bytes only.
  static let published = [
    Vector(
      key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
      code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    Vector(
      key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
      code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    Vector(
      key: [UInt8](repeating: 0xaa, count: 20), message: [UInt8](repeating: 0xdd, count: 50),
      code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    Vector(
      key: (1...25).map { UInt8($0) }, message: [UInt8](repeating: 0xcd, count: 50),
      code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    Vector(
      key: [UInt8](repeating: 0x0c, count: 20), message: Array("Test With Truncation".utf8),
      code: "a3b6167473100ee06e0c796c2955552b"),
    Vector(
      key: longKey, message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    Vector(
      key: longKey,
      message: Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
  ]

  /// As HMAC itself does: a key longer than a block is hashed, a shorter one filled up with zeros.
  static func secretKey(_ bytes: [UInt8]) -> SecretKey {
    bytes.count > 64
      ? makeKey(sha256(of: bytes).bytes)
      : makeKey(bytes + [UInt8](repeating: 0, count: 32 - bytes.count))
  }

  @Test("are HMAC-SHA-256 as published", arguments: published)
  func asPublished(_ vector: Vector) {
    let key = Self.secretKey(vector.key)
    let middle = vector.message.count / 2
    let whole = hmacSHA256(under: key, vector.message.span.bytes)
    #expect(whole.description.hasPrefix(vector.code))
    #expect(hmacSHA256(under: key, Array(vector.message[..<middle]), Array(vector.message[middle...])) == whole)
  }

  @Test("of one authenticator used again and again do not depend on what came before")
  func reuse() {
    var authenticator = MessageAuthenticator()
    for vector in Self.published + Self.published.reversed() {
      let code = authenticator.authenticate(under: Self.secretKey(vector.key)) {
        $0.update(vector.message.span.bytes)
      }
      #expect(code.description.hasPrefix(vector.code))
    }
  }
}

@Suite("The fingerprint of a PIN")
struct FingerprinterTests {
  /// Computed with another program.
  @Test(
    "is the start of HMAC-SHA-256 over the vendor and the PIN",
    arguments: [
      (UInt32(1), "123456789012", "1849fd8497eb79dc6b53d1c117079656"),
      (0xffff_fffe, String(repeating: "x", count: 64), "c1b85bbcdb145d1249621273847e481c"),
    ])
  func vector(vendor: UInt32, pin: String, expected: String) {
    var fingerprinter = Fingerprinter(key: makeKey(countingKeyBytes))
    let pin = Array(pin.utf8)
    for _ in 0..<3 {
      let fingerprint = fingerprinter.fingerprint(vendor: vendor, pin: pin.span.bytes)
      #expect(hexadecimal(fingerprint.bytes) == expected)
    }
  }

  @Test("differs between vendors, PINs and keys")
  func differs() {
    let pins = ["1234", "1235", "12345"].map { Array($0.utf8) }
    var seen: Set<Fingerprint> = []
    for key in [SecretKey.random(), .random()] {
      var fingerprinter = Fingerprinter(key: key)
      for vendor: UInt32 in [1, 2, 1 << 24] {
        for pin in pins { seen.insert(fingerprinter.fingerprint(vendor: vendor, pin: pin.span.bytes)) }
      }
    }
    #expect(seen.count == 18)
  }
}
