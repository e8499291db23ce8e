import PinBytes

/// Exactly 32 bytes: a nonce, a digest, a proof or a key. Never printed, since it may be secret.
public struct Bytes32: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  let words: (UInt64, UInt64, UInt64, UInt64)

  init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// 32 zero bytes.
  public static let zero = Bytes32(words: (0, 0, 0, 0))

  /// A copy of these bytes, or nil if they are not 32.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    func word(_ index: Int) -> UInt64 {
      bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// A copy of these bytes, or nil if they are not 32; none is left on the way.
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount == 32 else { return nil }
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// 32 bytes of this generator, which must be cryptographically secure for nonces.
  public static func random(using generator: inout some RandomNumberGenerator) -> Bytes32 {
    Bytes32(words: (generator.next(), generator.next(), generator.next(), generator.next()))
  }

  /// A copy of the bytes.
  public var bytes: [UInt8] {
    var writer = ByteWriter(capacity: 32)
    writer.write(self)
    defer { writer.wipe() }
    return Array(writer.bytes)
  }

  public var description: String { "32 bytes (hidden)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Bytes32: Hashable {
  /// Compares without stopping at the first difference, so that time says nothing about a proof.
  public static func == (left: Self, right: Self) -> Bool {
    let difference =
      (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
      | (left.words.3 ^ right.words.3)
    return difference == 0
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}
