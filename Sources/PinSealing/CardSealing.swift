// Start here. How PinVault keeps secrets sealed (law 10):
//
//   master key         a file outside the data directory, or a file descriptor        MasterKeyFile
//     └ store key      random, wrapped in the data directory's `keyring` file         Keyring
//         ├ fingerprint key   one, beside it in the keyring                           Fingerprinter
//         ├ lot keys          one a lot, wrapped, in the state                        WrappedKey
//         │   └ PINs          sealed on their cards                                   Sealer, Opener (this file)
//         └ actor keys        one an actor, wrapped, in the state                     WrappedKey
//
// Changing the master key wraps the store key anew and touches nothing else. No pointer leaves this module.

/// What a PIN is sealed for, laid out as GCM takes it: 12 bytes of nonce, then 16 of associated data.
private struct CardBinding {
  private let nonceStart: UInt32 = 0
  private let nonceHigh, nonceLow: UInt32
  private let cardHigh, cardLow, product, lot: UInt32

  init(cardID: UInt64, product: UInt32, lot: UInt32) {
    cardHigh = UInt32(truncatingIfNeeded: cardID >> 32).bigEndian
    cardLow = UInt32(truncatingIfNeeded: cardID).bigEndian
    (nonceHigh, nonceLow) = (cardHigh, cardLow)
    self.product = product.bigEndian
    self.lot = lot.bigEndian
  }

  @inline(__always)
  func withNonceAndAssociatedData<Result>(
    _ body: (_ nonce: UnsafeRawPointer, _ associatedData: UnsafeRawBufferPointer) -> Result
  ) -> Result {
    withUnsafeBytes(of: self) { bytes in
      body(
        bytes.baseAddress!, UnsafeRawBufferPointer(rebasing: bytes[CipherContexts.nonceByteCount...]))
    }
  }
}

/// The sizes of PINs and of what becomes of them.
package enum SealedPIN {
  /// A PIN has 1 to 64 bytes.
  package static let pinByteCounts = 1...64
  /// A sealed PIN is the PIN's length and a 16-byte tag.
  package static let overhead = CipherContexts.tagByteCount
}

/// Why something sealed was not opened; says nothing of what is inside.
package enum SealingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// It is too short or too long to be what it should be.
  case length(Int)
  /// The key, the card, the product or the lot is another than it was sealed for, or a bit of it has changed.
  case notAuthentic

  package var description: String {
    switch self {
    case .length(let count): "sealed data has an impossible length of \(count) bytes"
    case .notAuthentic: "sealed data is damaged, or was sealed for something else"
    }
  }
}

/// Seals PINs onto their cards with AES-256-GCM; for one thread at a time.
///
/// The nonce is the card id, so nothing extra is stored a card. It is unique under its key because a card id is given once,
/// is sealed once in its life, and only under its own lot's key: **never seal a second PIN for a card id.** An interrupted
/// import's ids and keys are never used again. The associated data is the card id, the product and the lot, so a sealed PIN
/// moved to another row does not open.
package struct Sealer: ~Copyable {
  private var contexts = CipherContexts(direction: .sealing)

  package init() {}

  /// Appends the sealed PIN, 16 bytes longer than `pin`, to `output`, which must have the room.
  package mutating func seal(
    _ pin: RawSpan, cardID: UInt64, product: UInt32, lot: UInt32, under key: SecretKey,
    into output: inout OutputRawSpan
  ) {
    precondition(output.freeCapacity >= pin.byteCount + SealedPIN.overhead, "no room for the sealed PIN")
    let binding = CardBinding(cardID: cardID, product: product, lot: lot)
    output.withUnsafeMutableBytes { buffer, initializedCount in
      seal(pin, for: binding, under: key, to: buffer.baseAddress! + initializedCount)
      initializedCount += pin.byteCount + SealedPIN.overhead
    }
  }

  /// Appends the sealed PIN, 16 bytes longer than `pin`, to `output`.
  package mutating func seal(
    _ pin: RawSpan, cardID: UInt64, product: UInt32, lot: UInt32, under key: SecretKey, into output: inout [UInt8]
  ) {
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: pin.byteCount + SealedPIN.overhead))
    let binding = CardBinding(cardID: cardID, product: product, lot: lot)
    output.withUnsafeMutableBytes { seal(pin, for: binding, under: key, to: $0.baseAddress! + start) }
  }

  private mutating func seal(
    _ pin: RawSpan, for binding: CardBinding, under key: SecretKey, to output: UnsafeMutableRawPointer
  ) {
    precondition(SealedPIN.pinByteCounts.contains(pin.byteCount), "a PIN has 1 to 64 bytes")
    pin.withUnsafeBytes { pin in
      binding.withNonceAndAssociatedData { nonce, associatedData in
        contexts.seal(pin, under: key, nonce: nonce, associatedData: associatedData, to: output)
      }
    }
  }
}

/// Opens sealed PINs; for one thread at a time: give each serving thread its own.
///
/// It holds on to the keys it used last (a bounded number), expanded, until others take their place or it goes. Opening is
/// disclosing: only after the event that decided it is on disk (law 2).
package struct Opener: ~Copyable {
  private var contexts = CipherContexts(direction: .opening)

  package init() {}

  /// Appends the PIN, 16 bytes shorter than `sealed`, to `output`, which must have the room; on an error it is as it was.
  package mutating func open(
    _ sealed: RawSpan, cardID: UInt64, product: UInt32, lot: UInt32, under key: SecretKey,
    into output: inout OutputRawSpan
  ) throws(SealingError) {
    let count = try pinByteCount(of: sealed)
    precondition(output.freeCapacity >= count, "no room for the PIN")
    let binding = CardBinding(cardID: cardID, product: product, lot: lot)
    let isAuthentic = output.withUnsafeMutableBytes { buffer, initializedCount in
      let isAuthentic = open(sealed, for: binding, under: key, to: buffer.baseAddress! + initializedCount)
      if isAuthentic { initializedCount += count }
      return isAuthentic
    }
    guard isAuthentic else { throw .notAuthentic }
  }

  /// Appends the PIN, 16 bytes shorter than `sealed`, to `output`; on an error it is as it was.
  package mutating func open(
    _ sealed: RawSpan, cardID: UInt64, product: UInt32, lot: UInt32, under key: SecretKey, into output: inout [UInt8]
  ) throws(SealingError) {
    let count = try pinByteCount(of: sealed)
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: count))
    let binding = CardBinding(cardID: cardID, product: product, lot: lot)
    let isAuthentic = output.withUnsafeMutableBytes {
      open(sealed, for: binding, under: key, to: $0.baseAddress! + start)
    }
    guard isAuthentic else {
      output.removeLast(count)
      throw .notAuthentic
    }
  }

  private func pinByteCount(of sealed: RawSpan) throws(SealingError) -> Int {
    let count = sealed.byteCount - SealedPIN.overhead
    guard SealedPIN.pinByteCounts.contains(count) else { throw .length(sealed.byteCount) }
    return count
  }

  private mutating func open(
    _ sealed: RawSpan, for binding: CardBinding, under key: SecretKey, to output: UnsafeMutableRawPointer
  ) -> Bool {
    sealed.withUnsafeBytes { sealed in
      binding.withNonceAndAssociatedData { nonce, associatedData in
        contexts.open(sealed, under: key, nonce: nonce, associatedData: associatedData, to: output)
      }
    }
  }
}
