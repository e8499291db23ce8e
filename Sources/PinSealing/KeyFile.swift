import CLibcrypto
import Glibc

/// Why a key was not read from, or written to, a file; one clear line each, without a byte of the file.
package enum KeyFileError: Error, Equatable, Sendable, CustomStringConvertible {
  case missing(path: String)
  case alreadyExists(path: String)
  case notRegularFile(path: String)
  case wrongOwner(path: String, owner: UInt32, expected: UInt32)
  case wrongMode(path: String, mode: UInt32)
  case malformed(path: String, label: String)
  /// Files that do not make one master key together: what is wrong with them.
  case wrongParts(String)
  case system(SealingSystemError)

  package var description: String {
    switch self {
    case .missing(let path): "\(path): no such key file"
    case .alreadyExists(let path): "\(path): already exists; a key file is never overwritten"
    case .notRegularFile(let path): "\(path): a key file must be a regular file, not a link, directory or device"
    case .wrongOwner(let path, let owner, let expected):
      "\(path): the key file belongs to user \(owner), but must belong to the user running this, \(expected)"
    case .wrongMode(let path, let mode):
      "\(path): the key file has mode \(octal(mode)), but must have mode 0600 or 0400 (chmod 600)"
    case .malformed(let path, let label):
      "\(path): not a key file: it must be one line, '\(label)' and 64 hexadecimal digits"
    case .wrongParts(let what): what
    case .system(let error): error.description
    }
  }
}

/// One key in one line of text: a label that says what it is, a space, 64 lower-case hexadecimal digits, a line feed.
package struct KeyFile: Sendable {
  package let label: String
  /// Labels of other keys that may stand in such a file; the caller says what each means.
  let otherLabels: [String]

  package init(label: String, otherLabels: [String] = []) {
    self.label = label
    self.otherLabels = otherLabels
  }

  /// Writes `key` to a new file with mode 0600, durable on return; never overwrites.
  package func create(at path: String, holding key: SecretKey) throws(KeyFileError) {
    do throws(SealingSystemError) {
      let file = try OwnedDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      do throws(SealingSystemError) {
        try withLine(holding: key) { (line) throws(SealingSystemError) in
          try writeAll(line, to: file.value, path: path)
        }
        if fsync(file.value) != 0 { throw SealingSystemError("fsync", path: path) }
        try syncDirectory(directory(of: path))
      } catch {
        unlink(path)
        throw error
      }
    } catch {
      throw error.code == EEXIST ? .alreadyExists(path: path) : .system(error)
    }
  }

  /// Removes a key's file, durably.
  package static func destroy(at path: String) throws(KeyFileError) {
    do throws(SealingSystemError) {
      if unlink(path) != 0, errno != ENOENT { throw SealingSystemError("unlink", path: path) }
      try syncDirectory(directory(of: path))
    } catch { throw .system(error) }
  }

  /// Reads the key; refuses what is not a regular file of mode 0600 or 0400 that belongs to the effective user.
  ///
  /// A symbolic link is refused: who may replace the link may choose the key.
  package func read(at path: String) throws(KeyFileError) -> SecretKey { try readLabelled(at: path).key }

  /// The same, with the label that the key has there.
  func readLabelled(at path: String) throws(KeyFileError) -> (label: String, key: SecretKey) {
    let file = try openForReading(path)
    var status = stat()
    if fstat(file.value, &status) != 0 { throw .system(SealingSystemError("fstat", path: path)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile(path: path) }
    guard status.st_uid == geteuid() else {
      throw .wrongOwner(path: path, owner: status.st_uid, expected: geteuid())
    }
    let mode = status.st_mode & 0o7777
    guard mode == 0o600 || mode == 0o400 else { throw .wrongMode(path: path, mode: mode) }
    return try readKey(from: file.value, path: path)
  }

  /// Reads the key and its label from an inherited descriptor to its end; closing it is the caller's part.
  func readLabelled(fileDescriptor: Int32) throws(KeyFileError) -> (label: String, key: SecretKey) {
    try readKey(from: fileDescriptor, path: "file descriptor \(fileDescriptor)")
  }

  private func openForReading(_ path: String) throws(KeyFileError) -> OwnedDescriptor {
    do throws(SealingSystemError) {
      // Without O_NONBLOCK, opening a named pipe would wait for a writer.
      return try OwnedDescriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      switch error.code {
      case ENOENT: throw .missing(path: path)
      case ELOOP, ENXIO: throw .notRegularFile(path: path)
      default: throw .system(error)
      }
    }
  }
}

// MARK: The line

extension KeyFile {
  private static func prefix(_ label: String) -> [UInt8] { Array("\(label) ".utf8) }
  private static func lineByteCount(_ label: String) -> Int { prefix(label).count + 2 * SecretKey.byteCount + 1 }

  private func withLine<Failure: Error>(
    holding key: SecretKey, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let prefix = Self.prefix(label)
    let line = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.lineByteCount(label), alignment: 1)
    defer { wipeAndDeallocate(line) }
    line.copyBytes(from: prefix)
    key.withPointer { key in
      for index in 0..<SecretKey.byteCount {
        line[prefix.count + 2 * index] = hexadecimalDigit(key[index] >> 4)
        line[prefix.count + 2 * index + 1] = hexadecimalDigit(key[index] & 15)
      }
    }
    line[line.count - 1] = UInt8(ascii: "\n")
    try body(UnsafeRawBufferPointer(line))
  }

  private func readKey(
    from descriptor: Int32, path: String
  ) throws(KeyFileError) -> (label: String, key: SecretKey) {
    let labels = [label] + otherLabels
    // One byte more than the longest line, to see that nothing follows it.
    let longest = labels.reduce(0) { max($0, Self.lineByteCount($1)) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: longest + 1, alignment: 1)
    defer { wipeAndDeallocate(buffer) }
    let count: Int
    do throws(SealingSystemError) {
      count = try readAll(into: buffer, from: descriptor, path: path)
    } catch {
      throw .system(error)
    }
    for label in labels {
      if let key = Self.parse(buffer[..<count], label) { return (label, key) }
    }
    throw .malformed(path: path, label: label)
  }

  private static func parse(_ line: Slice<UnsafeMutableRawBufferPointer>, _ label: String) -> SecretKey? {
    let prefix = prefix(label)
    guard line.count == lineByteCount(label), line.starts(with: prefix), line.last == UInt8(ascii: "\n") else {
      return nil
    }
    let digits = line.dropFirst(prefix.count).prefix(2 * SecretKey.byteCount)
    do throws(NotHexadecimal) {
      return try SecretKey { storage throws(NotHexadecimal) in
        for index in 0..<SecretKey.byteCount {
          let high = try hexadecimalValue(digits[digits.startIndex + 2 * index])
          let low = try hexadecimalValue(digits[digits.startIndex + 2 * index + 1])
          storage.storeBytes(of: high << 4 | low, toByteOffset: index, as: UInt8.self)
        }
      }
    } catch {
      return nil
    }
  }
}

private struct NotHexadecimal: Error {}

private func hexadecimalValue(_ digit: UInt8) throws(NotHexadecimal) -> UInt8 {
  switch digit {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
  default: throw NotHexadecimal()
  }
}

/// The lower-case digit of a value below 16.
private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

private func wipeAndDeallocate(_ buffer: UnsafeMutableRawBufferPointer) {
  OPENSSL_cleanse(buffer.baseAddress, buffer.count)
  buffer.deallocate()
}

private func octal(_ mode: UInt32) -> String {
  let digits = String(mode, radix: 8)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
