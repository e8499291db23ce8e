import CLibcrypto

/// AES-256-GCM contexts for the keys used last, so that sealing or opening usually only sets a nonce.
///
/// Setting a key up costs as much as opening a PIN. A context holds the expanded key in ordinary memory until it is given
/// to another key or freed, which wipes it. For one thread at a time.
struct CipherContexts: ~Copyable {
  enum Direction: Int32 {
    case opening = 0
    case sealing = 1
  }

  /// How many keys are kept ready: enough for the lots that one terminal's products are sold from.
  static let capacity = 32
  static let nonceByteCount = 12
  static let tagByteCount = 16

  private struct Entry {
    /// Held so that no other key can take its identity.
    var key: SecretKey
    let context: OpaquePointer
  }

  private let direction: Direction
  private var entries: [Entry] = []
  private var latest = 0
  private var nextReplaced = 0

  init(direction: Direction) {
    self.direction = direction
    entries.reserveCapacity(Self.capacity)
  }

  deinit {
    for entry in entries { EVP_CIPHER_CTX_free(entry.context) }
  }

  /// The context set up for `key`.
  mutating func context(for key: SecretKey) -> OpaquePointer {
    if latest < entries.count, entries[latest].key === key { return entries[latest].context }
    if let index = entries.firstIndex(where: { $0.key === key }) {
      latest = index
    } else if entries.count < Self.capacity {
      latest = entries.count
      entries.append(Entry(key: key, context: makeContext(for: key)))
    } else {
      latest = nextReplaced
      nextReplaced = (nextReplaced + 1) % Self.capacity
      setKey(of: entries[latest].context, to: key)
      entries[latest].key = key
    }
    return entries[latest].context
  }

  private func makeContext(for key: SecretKey) -> OpaquePointer {
    guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("no memory for a cipher context") }
    let cipher = Algorithms.shared.aes256GCM
    requireSuccess(EVP_CipherInit_ex2(context, cipher, nil, nil, direction.rawValue, nil), "cipher")
    setKey(of: context, to: key)
    return context
  }

  private func setKey(of context: OpaquePointer, to key: SecretKey) {
    key.withPointer {
      requireSuccess(EVP_CipherInit_ex2(context, nil, $0, nil, direction.rawValue, nil), "cipher key")
    }
  }
}

extension CipherContexts {
  /// Writes `plaintext` sealed, then the tag, to `output`, which has room for 16 bytes more than `plaintext`.
  mutating func seal(
    _ plaintext: UnsafeRawBufferPointer, under key: SecretKey, nonce: UnsafeRawPointer,
    associatedData: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer
  ) {
    precondition(direction == .sealing, "these contexts open")
    let context = context(for: key)
    let output = output.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    requireSuccess(EVP_EncryptInit_ex2(context, nil, nil, nonce.asBytes, nil), "nonce")
    requireSuccess(
      EVP_EncryptUpdate(context, nil, &written, associatedData.baseAddress?.asBytes, Int32(associatedData.count)),
      "associated data")
    requireSuccess(
      EVP_EncryptUpdate(context, output, &written, plaintext.baseAddress?.asBytes, Int32(plaintext.count)), "sealing")
    precondition(written == plaintext.count, "GCM seals a byte to a byte")
    let tag = output + plaintext.count
    requireSuccess(EVP_EncryptFinal_ex(context, tag, &written), "end of sealing")
    requireSuccess(
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), tag), "tag")
  }

  /// Writes what `sealed` (ciphertext and tag) holds to `output`; false, and `output` wiped, if it is not authentic.
  mutating func open(
    _ sealed: UnsafeRawBufferPointer, under key: SecretKey, nonce: UnsafeRawPointer,
    associatedData: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer
  ) -> Bool {
    precondition(direction == .opening, "these contexts seal")
    guard let start = sealed.baseAddress, sealed.count > Self.tagByteCount else { return false }
    let count = sealed.count - Self.tagByteCount
    let context = context(for: key)
    let bytes = output.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    requireSuccess(EVP_DecryptInit_ex2(context, nil, nil, nonce.asBytes, nil), "nonce")
    requireSuccess(
      EVP_DecryptUpdate(context, nil, &written, associatedData.baseAddress?.asBytes, Int32(associatedData.count)),
      "associated data")
    requireSuccess(EVP_DecryptUpdate(context, bytes, &written, start.asBytes, Int32(count)), "opening")
    precondition(written == count, "GCM opens a byte to a byte")
    requireSuccess(
      EVP_CIPHER_CTX_ctrl(
        context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagByteCount), UnsafeMutableRawPointer(mutating: start + count)),
      "tag")
    guard EVP_DecryptFinal_ex(context, bytes + count, &written) == 1 else {
      OPENSSL_cleanse(output, count)
      ERR_clear_error()
      return false
    }
    return true
  }
}

extension UnsafeRawPointer {
  fileprivate var asBytes: UnsafePointer<UInt8> { assumingMemoryBound(to: UInt8.self) }
}
