import PinSealing
import Testing

@Suite("A wrapped key")
struct WrappedKeyTests {
  let store = SecretKey.random()
  let key = SecretKey.random()

  @Test("comes back for its purpose, also from its stored bytes")
  func roundTrip() throws {
    let wrapped = wrap(key, under: store, purpose: .lot(9))
    #expect(wrapped.bytes.count == WrappedKey.byteCount)
    let stored = try WrappedKey(bytes: wrapped.bytes.span.bytes)
    #expect(stored == wrapped)
    #expect(try bytes(of: unwrap(stored, under: store, purpose: .lot(9))) == bytes(of: key))
  }

  @Test(
    "does not unwrap for another purpose",
    arguments: [KeyPurpose.lot(10), .lot(9 | 1 << 63), .actor(9), KeyPurpose(kind: .fingerprint, number: 9)])
  func otherPurpose(_ purpose: KeyPurpose) {
    let wrapped = wrap(key, under: store, purpose: .lot(9))
    #expect(throws: SealingError.notAuthentic) { try unwrap(wrapped, under: store, purpose: purpose) }
  }

  @Test("does not unwrap under another key, or with any one bit flipped")
  func damaged() throws {
    let wrapped = wrap(key, under: store, purpose: .lot(9))
    #expect(throws: SealingError.notAuthentic) { try unwrap(wrapped, under: key, purpose: .lot(9)) }
    for bit in 0..<WrappedKey.byteCount * 8 {
      var stored = wrapped.bytes
      stored[bit / 8] ^= 1 << (bit % 8)
      let flipped = try WrappedKey(bytes: stored.span.bytes)
      #expect(throws: SealingError.notAuthentic, "bit \(bit)") {
        try unwrap(flipped, under: store, purpose: .lot(9))
      }
    }
  }

  @Test("is another one each time, so that nobody sees that two are the same inside")
  func freshNonce() {
    let wraps = (0..<100).map { _ in wrap(key, under: store, purpose: .lot(9)).bytes }
    #expect(Set(wraps).count == 100)
    #expect(Set(wraps.map { Array($0.prefix(12)) }).count == 100)
  }

  @Test("has exactly 60 bytes", arguments: [0, 59, 61])
  func length(count: Int) {
    let stored = [UInt8](repeating: 0, count: count)
    #expect(throws: SealingError.length(count)) { try WrappedKey(bytes: stored.span.bytes) }
  }
}
