/// What a wrapped key is for; a key wrapped for one purpose does not unwrap for another.
package struct KeyPurpose: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    case fingerprint = 1
    case lot = 2
    case actor = 3
  }

  package let kind: Kind
  /// The lot's or the actor's number; 0 where there is but one.
  package let number: UInt64

  package init(kind: Kind, number: UInt64) {
    self.kind = kind
    self.number = number
  }

  package static let fingerprint = KeyPurpose(kind: .fingerprint, number: 0)
  package static func lot(_ number: UInt64) -> KeyPurpose { KeyPurpose(kind: .lot, number: number) }
  package static func actor(_ number: UInt64) -> KeyPurpose { KeyPurpose(kind: .actor, number: number) }

  fileprivate var associatedData: [UInt8] {
    Array("pinvault-wrapped-key-1".utf8) + [kind.rawValue] + withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }
}

/// A key sealed under another with AES-256-GCM: nonce (12 bytes, random), ciphertext (32), tag (16).
package struct WrappedKey: Equatable, Sendable {
  package static let byteCount = CipherContexts.nonceByteCount + SecretKey.byteCount + CipherContexts.tagByteCount

  /// The 60 bytes as they are stored.
  package let bytes: [UInt8]

  /// Reads 60 stored bytes; whether they are authentic shows when they are unwrapped.
  package init(bytes: RawSpan) throws(SealingError) {
    guard bytes.byteCount == Self.byteCount else { throw .length(bytes.byteCount) }
    self.bytes = bytes.withUnsafeBytes { Array($0) }
  }

  /// Wraps `key` with a random nonce, bound to `associatedData`.
  init(wrapping key: SecretKey, under wrappingKey: SecretKey, associatedData: [UInt8]) {
    var contexts = CipherContexts(direction: .sealing)
    let nonce = randomBytes(count: CipherContexts.nonceByteCount)
    var bytes = nonce + [UInt8](repeating: 0, count: Self.byteCount - nonce.count)
    bytes.withUnsafeMutableBytes { bytes in
      key.withBytes { key in
        key.withUnsafeBytes { key in
          associatedData.withUnsafeBytes { associatedData in
            contexts.seal(
              key, under: wrappingKey, nonce: nonce, associatedData: associatedData,
              to: bytes.baseAddress! + CipherContexts.nonceByteCount)
          }
        }
      }
    }
    self.bytes = bytes
  }

  func unwrap(under wrappingKey: SecretKey, associatedData: [UInt8]) throws(SealingError) -> SecretKey {
    try SecretKey { storage throws(SealingError) in
      var contexts = CipherContexts(direction: .opening)
      let isAuthentic = bytes.withUnsafeBytes { bytes in
        associatedData.withUnsafeBytes { associatedData in
          contexts.open(
            UnsafeRawBufferPointer(rebasing: bytes[CipherContexts.nonceByteCount...]), under: wrappingKey,
            nonce: bytes.baseAddress!, associatedData: associatedData, to: storage)
        }
      }
      guard isAuthentic else { throw .notAuthentic }
    }
  }
}

/// Wraps `key` so that it can be stored; only for this purpose does it unwrap.
///
/// The nonce is random: fine for some thousand million wraps under one key.
package func wrap(_ key: SecretKey, under wrappingKey: SecretKey, purpose: KeyPurpose) -> WrappedKey {
  WrappedKey(wrapping: key, under: wrappingKey, associatedData: purpose.associatedData)
}

/// The key inside, or `SealingError.notAuthentic` for another key, another purpose or a changed bit.
package func unwrap(
  _ wrapped: WrappedKey, under wrappingKey: SecretKey, purpose: KeyPurpose
) throws(SealingError) -> SecretKey {
  try wrapped.unwrap(under: wrappingKey, associatedData: purpose.associatedData)
}
