/// Seals numbered chunks under a random key that is gone with this value: for what must lie on disk for a while.
///
/// Each number is sealed once. Any thread may use it.
package struct EphemeralSealing: Sendable {
  /// How many bytes longer than its clear text a sealed chunk is.
  package static let addedByteCount = CipherContexts.tagByteCount

  private let key = SecretKey.random()

  package init() {}

  /// Fills `sealed`, which is 16 bytes longer than `clear`.
  package func seal(_ clear: RawSpan, chunk: UInt64, into sealed: inout MutableRawSpan) {
    precondition(sealed.byteCount == clear.byteCount + Self.addedByteCount, "a sealed chunk is 16 bytes longer")
    var contexts = CipherContexts(direction: .sealing)
    clear.withUnsafeBytes { clear in
      sealed.withUnsafeMutableBytes { sealed in
        withNonce(of: chunk) { nonce in
          contexts.seal(
            clear, under: key, nonce: nonce, associatedData: UnsafeRawBufferPointer(start: nil, count: 0),
            to: sealed.baseAddress!)
        }
      }
    }
  }

  /// Fills `clear`, which is 16 bytes shorter than `sealed`; throws unless this is what was sealed under the number.
  package func open(_ sealed: RawSpan, chunk: UInt64, into clear: inout MutableRawSpan) throws(SealingError) {
    guard sealed.byteCount == clear.byteCount + Self.addedByteCount, clear.byteCount > 0 else {
      throw .length(sealed.byteCount)
    }
    var contexts = CipherContexts(direction: .opening)
    let isAuthentic = sealed.withUnsafeBytes { sealed in
      clear.withUnsafeMutableBytes { clear in
        withNonce(of: chunk) { nonce in
          contexts.open(
            sealed, under: key, nonce: nonce, associatedData: UnsafeRawBufferPointer(start: nil, count: 0),
            to: clear.baseAddress!)
        }
      }
    }
    if !isAuthentic { throw .notAuthentic }
  }

  /// The chunk's number in 12 bytes.
  private func withNonce<Result>(of chunk: UInt64, _ body: (UnsafeRawPointer) -> Result) -> Result {
    withUnsafeBytes(of: (UInt32(0), UInt32(truncatingIfNeeded: chunk >> 32), UInt32(truncatingIfNeeded: chunk))) {
      body($0.baseAddress!)
    }
  }
}
