import Glibc
import PinBytes

@testable import PinSealing

extension FuzzTarget {
  /// The keyring's file. Input: bit 0: put its checksum right · the file.
  static let keyring = FuzzTarget(name: "keyring", longestInput: 256) { bytes in
    var input = Input(bytes)
    let mends = input.byte() & 1 == 1
    var content = input.rest
    if mends, content.count > 156 {
      let body = Array(content[..<156])
      content.replaceSubrange(156..., with: SHA256Hasher.sha256(of: body.span.bytes).bytes)
    }
    guard let file = try? KeyringFile(bytes: content, path: "keyring") else { return }
    try hold(file.bytes == content, "a keyring is written as other bytes than it was read from")
    let stranger = SecretKey.random()
    try hold(
      (try? file.open(master: stranger, directory: "")) == nil, "a keyring opens under a key it was not made with")
  }

  /// A key's file. Input: the file.
  static let keyFile = FuzzTarget(name: "key-file", longestInput: 256) { content in
    var ends: [Int32] = [0, 0]
    try hold(pipe(&ends) == 0, "the fuzzer cannot make a pipe")
    _ = content.withUnsafeBytes { write(ends[1], $0.baseAddress, min($0.count, 4096)) }
    close(ends[1])
    defer { close(ends[0]) }
    guard let key = try? MasterKeyFile.read(fileDescriptor: ends[0]) else { return }
    let line = "pinvault-master-key-1 " + key.withBytes { String(hexadecimal: $0) } + "\n"
    try hold(Array(line.utf8) == content, "a key file holds more than one way to write a key")
  }
}
