import Glibc

/// The `keyring` file's 188 bytes, numbers big-endian.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 8 | `PVKEYRNG` |
/// | 8 | 4 | format version, 1 |
/// | 12 | 16 | store id |
/// | 28 | 8 | master key id: the start of SHA-256 over a label and the key |
/// | 36 | 60 | store key wrapped under the master key, bytes 0 to 36 as associated data |
/// | 96 | 60 | fingerprint key wrapped under the store key |
/// | 156 | 32 | SHA-256 of all before: tells damage from a wrong key |
struct KeyringFile {
  static let name = "keyring"
  private static let magic = Array("PVKEYRNG".utf8)
  private static let version: UInt32 = 1
  private static let headerByteCount = 36
  private static let byteCount = headerByteCount + 2 * WrappedKey.byteCount + Digest256.byteCount

  let storeID: UInt128
  private let masterKeyID: [UInt8]
  private let storeKey: WrappedKey
  private let fingerprintKey: WrappedKey

  init(sealing keyring: Keyring, master: SecretKey) {
    storeID = keyring.storeID
    masterKeyID = Self.identifier(of: master)
    let header = Self.header(storeID: storeID, masterKeyID: masterKeyID)
    storeKey = WrappedKey(wrapping: keyring.storeKey, under: master, associatedData: header)
    fingerprintKey = wrap(keyring.fingerprintKey, under: keyring.storeKey, purpose: .fingerprint)
  }

  func open(master: SecretKey, directory: String) throws(KeyringError) -> Keyring {
    let path = Self.path(in: directory)
    let givenID = Self.identifier(of: master)
    guard givenID == masterKeyID else {
      throw .wrongMasterKey(path: path, expectedID: hexadecimal(masterKeyID), givenID: hexadecimal(givenID))
    }
    do throws(SealingError) {
      let header = Self.header(storeID: storeID, masterKeyID: masterKeyID)
      let storeKey = try self.storeKey.unwrap(under: master, associatedData: header)
      let fingerprintKey = try unwrap(self.fingerprintKey, under: storeKey, purpose: .fingerprint)
      return Keyring(storeID: storeID, storeKey: storeKey, fingerprintKey: fingerprintKey)
    } catch {
      throw .damaged(path: path)
    }
  }

  static func path(in directory: String) -> String { "\(directory)/\(name)" }

  /// Names a master key without telling anything of it.
  static func identifier(of master: SecretKey) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(Array("pinvault-master-key-id-1".utf8).span.bytes)
    master.withBytes { hasher.update($0) }
    return Array(hasher.finish().bytes.prefix(8))
  }

  private static func header(storeID: UInt128, masterKeyID: [UInt8]) -> [UInt8] {
    magic + bigEndianBytes(version) + bigEndianBytes(storeID) + masterKeyID
  }
}

// MARK: Bytes

extension KeyringFile {
  var bytes: [UInt8] {
    let body =
      Self.header(storeID: storeID, masterKeyID: masterKeyID) + storeKey.bytes + fingerprintKey.bytes
    return body + SHA256Hasher.sha256(of: body.span.bytes).bytes
  }

  init(bytes: [UInt8], path: String) throws(KeyringError) {
    guard bytes.count >= 12, bytes.starts(with: Self.magic) else { throw .damaged(path: path) }
    let version = UInt32(bigEndianBytes: bytes[8..<12])
    guard version <= Self.version else { throw .newerFormat(path: path, version: version) }
    let body = bytes.dropLast(Digest256.byteCount)
    guard version == Self.version, bytes.count == Self.byteCount,
      SHA256Hasher.sha256(of: body.span.bytes).bytes.elementsEqual(bytes[body.endIndex...])
    else { throw .damaged(path: path) }
    storeID = UInt128(bigEndianBytes: bytes[12..<28])
    masterKeyID = Array(bytes[28..<Self.headerByteCount])
    do throws(SealingError) {
      storeKey = try WrappedKey(bytes: bytes[36..<96].span.bytes)
      fingerprintKey = try WrappedKey(bytes: bytes[96..<156].span.bytes)
    } catch {
      throw .damaged(path: path)
    }
  }
}

private func bigEndianBytes(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

extension FixedWidthInteger {
  fileprivate init(bigEndianBytes bytes: ArraySlice<UInt8>) {
    self = bytes.reduce(0) { $0 << 8 | Self($1) }
  }
}

// MARK: Reading and replacing

extension KeyringFile {
  static func read(in directory: String) throws(KeyringError) -> KeyringFile {
    let path = path(in: directory)
    var bytes = [UInt8](repeating: 0, count: byteCount + 1)
    do throws(SealingSystemError) {
      let file = try OwnedDescriptor(opening: path, flags: O_RDONLY)
      var span = bytes.mutableSpan
      let count = try span.withUnsafeMutableBytes { (buffer) throws(SealingSystemError) in
        try readAll(into: buffer, from: file.value, path: path)
      }
      bytes.removeLast(bytes.count - count)
    } catch {
      throw error.code == ENOENT ? .missing(path: path) : .system(error)
    }
    return try KeyringFile(bytes: bytes, path: path)
  }

  /// Writes the file where there was none.
  func create(in directory: String) throws(KeyringError) {
    let path = Self.path(in: directory)
    do throws(SealingSystemError) {
      let temporary = try writeTemporary(in: directory)
      defer { unlink(temporary) }
      // A link, unlike a renaming, fails if the name is taken.
      if link(temporary, path) != 0 { throw SealingSystemError("link", path: path) }
      try syncDirectory(directory)
    } catch {
      throw error.code == EEXIST ? .alreadyExists(path: path) : .system(error)
    }
  }

  /// Puts the file in the old one's place in one step.
  func replace(in directory: String) throws(KeyringError) {
    do throws(SealingSystemError) {
      let temporary = try writeTemporary(in: directory)
      if rename(temporary, Self.path(in: directory)) != 0 { throw SealingSystemError("rename", path: temporary) }
      try syncDirectory(directory)
    } catch {
      throw .system(error)
    }
  }

  /// Writes and syncs the file under a name of its own; one left by a crash is written over.
  private func writeTemporary(in directory: String) throws(SealingSystemError) -> String {
    let path = Self.path(in: directory) + ".new"
    let file = try OwnedDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try bytes.span.withUnsafeBytes { (bytes) throws(SealingSystemError) in
      try writeAll(bytes, to: file.value, path: path)
    }
    if fsync(file.value) != 0 { throw SealingSystemError("fsync", path: path) }
    return path
  }
}
