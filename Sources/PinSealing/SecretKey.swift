import CLibcrypto

/// A 256-bit key, in memory that is locked, left out of core dumps, and wiped when the last reference goes.
///
/// It has no description and no equality, so that neither a log nor a comparison's timing can tell of it. Sharing it
/// between threads is fine.
///
/// `@unchecked Sendable`: the bytes are written once, before `init` returns, and again only by `deinit`, when nobody
/// else holds a reference.
package final class SecretKey: @unchecked Sendable {
  package static let byteCount = 32

  private let storage: UnsafeMutableRawPointer

  private init(storage: UnsafeMutableRawPointer) {
    self.storage = storage
  }

  /// Copies 32 bytes; wiping the original is the caller's part.
  package convenience init(bytes: RawSpan) {
    precondition(bytes.byteCount == Self.byteCount, "a key has 32 bytes")
    self.init { storage in
      bytes.withUnsafeBytes { storage.copyMemory(from: $0.baseAddress!, byteCount: Self.byteCount) }
    }
  }

  /// Lets `fill` write the 32 bytes in place.
  convenience init<Failure: Error>(filledBy fill: (UnsafeMutableRawPointer) throws(Failure) -> Void) throws(Failure) {
    let storage = SecretMemory.shared.allocate()
    do {
      try fill(storage)
    } catch {
      SecretMemory.shared.free(storage)
      throw error
    }
    self.init(storage: storage)
  }

  deinit {
    SecretMemory.shared.free(storage)
  }

  /// A new key from the operating system's randomness, by way of OpenSSL's generator for secrets.
  package static func random() -> SecretKey {
    SecretKey { storage in
      requireSuccess(
        RAND_priv_bytes(storage.assumingMemoryBound(to: UInt8.self), Int32(byteCount)), "random bytes for a key")
    }
  }

  /// Lends the 32 bytes; the span cannot outlive the call, a copy could: do not make one.
  package func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) in
      try body(UnsafeRawBufferPointer(start: storage, count: Self.byteCount).bytes)
    }
  }

  /// Lends the bytes to OpenSSL.
  func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) in
      try body(UnsafePointer(storage.assumingMemoryBound(to: UInt8.self)))
    }
  }
}
