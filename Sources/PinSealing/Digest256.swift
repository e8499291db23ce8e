/// The 32 bytes of a SHA-256 or an HMAC-SHA-256.
///
/// `==` is for digests of public things; where one side is a proof that a peer sent, use `constantTimeEquals`.
package struct Digest256: Hashable, Sendable, CustomStringConvertible {
  package static let byteCount = 32
  package static let zero = Digest256(words: (0, 0, 0, 0))

  /// The bytes in memory order, eight to a word.
  private var word0, word1, word2, word3: UInt64

  private init(words: (UInt64, UInt64, UInt64, UInt64)) {
    (word0, word1, word2, word3) = words
  }

  /// Reads the first 32 bytes of `bytes`, which must hold exactly these.
  package init(bytes: RawSpan) {
    precondition(bytes.byteCount == Self.byteCount, "a digest has 32 bytes")
    self.init { $0.copyMemory(from: bytes) }
  }

  init(filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { fill($0) }
    self.init(words: words)
  }

  /// Lends the 32 bytes.
  package func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(of: self) { (bytes) throws(Failure) in try body(bytes.bytes) }
  }

  package var bytes: [UInt8] {
    withUnsafeBytes(of: self) { Array($0) }
  }

  /// Equality in a time that does not depend on where the two differ.
  package func constantTimeEquals(_ other: Digest256) -> Bool {
    withBytes { one in other.withBytes { constantTimeEqual(one, $0) } }
  }

  /// 64 lower-case hexadecimal digits.
  package var description: String {
    hexadecimal(bytes)
  }
}

extension UnsafeMutableRawBufferPointer {
  func copyMemory(from span: RawSpan) {
    span.withUnsafeBytes { copyMemory(from: $0) }
  }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
