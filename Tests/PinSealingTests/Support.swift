import Foundation
import PinSealing

/// A directory of a test's own, removed when the test lets go of it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "pinvault-sealing-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  func write(_ bytes: [UInt8], to name: String, mode: Int = 0o600) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
  }

  func read(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: file(name))))
  }
}

/// Bytes 0, 1, 2 … as a key that constants can be computed for elsewhere.
let countingKeyBytes = (0..<32).map { UInt8($0) }

func makeKey(_ bytes: [UInt8]) -> SecretKey { SecretKey(bytes: bytes.span.bytes) }

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
}

func bytes(of key: SecretKey) -> [UInt8] {
  key.withBytes { $0.withUnsafeBytes { Array($0) } }
}

func sha256(of bytes: [UInt8]) -> Digest256 { SHA256Hasher.sha256(of: bytes.span.bytes) }

/// What a PIN is sealed for.
struct Place: Sendable, CustomStringConvertible {
  var cardID: UInt64 = 1001
  var product: UInt32 = 7
  var lot: UInt32 = 3

  var description: String { "card \(cardID), product \(product), lot \(lot)" }
}

func seal(_ pin: [UInt8], at place: Place, under key: SecretKey) -> [UInt8] {
  var sealer = Sealer()
  var output: [UInt8] = []
  sealer.seal(
    pin.span.bytes, cardID: place.cardID, product: place.product, lot: place.lot, under: key, into: &output)
  return output
}

func open(_ sealed: [UInt8], at place: Place, under key: SecretKey) throws(SealingError) -> [UInt8] {
  var opener = Opener()
  var output: [UInt8] = []
  try opener.open(
    sealed.span.bytes, cardID: place.cardID, product: place.product, lot: place.lot, under: key, into: &output)
  return output
}
