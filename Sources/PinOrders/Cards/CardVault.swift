import Foundation
import PinSealing
import PinWords
import Synchronization

/// Seals payment card numbers under a key per month, each in a file outside the data directory and its backups: destroying
/// a month's file destroys its numbers, wherever copies of them are.
package final class CardVault: Sendable {
  private static let file = KeyFile(label: "pinvault-payment-cards-key-1")
  private let directory: String
  private let keys = Mutex<[String: SecretKey]>([:])

  /// `directory` is made if it is not there; it must not lie in the data directory.
  package init(directory: String, outside data: String) throws {
    let folder = URL(fileURLWithPath: directory).standardizedFileURL.resolvingSymlinksInPath().path
    let data = URL(fileURLWithPath: data).standardizedFileURL.resolvingSymlinksInPath().path
    guard folder != data, !folder.hasPrefix(data + "/") else { throw CardVaultError.insideDataDirectory(directory) }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    self.directory = folder
  }

  /// The document that holds a card: its last four digits and its expiry in clear, its number sealed under this month's key.
  func seal(_ card: PaymentCardDetails, id: RequestID, at date: Date) throws -> CardDocument {
    let period = Self.period(of: date)
    let key = try key(of: period, make: true)
    let sealed = DocumentSealing.seal(Array(card.number.utf8), id: Self.binding(id, period), under: key)
    return CardDocument(
      period: period, sealedNumber: Data(sealed).base64EncodedString(), lastFour: card.lastFour, expiry: card.expiry)
  }

  /// The card in a document; throws once its month's key is destroyed.
  func open(_ document: CardDocument, id: RequestID) throws -> PaymentCardDetails {
    let key = try key(of: document.period, make: false)
    guard let sealed = Data(base64Encoded: document.sealedNumber) else { throw CardVaultError.damaged }
    let number = try DocumentSealing.open([UInt8](sealed), id: Self.binding(id, document.period), under: key)
    guard
      let card = PaymentCardDetails(number: String(decoding: number, as: UTF8.self), expiry: document.expiry)
    else { throw CardVaultError.damaged }
    return card
  }

  /// The months that have a key and were over before a time.
  func periods(overBefore date: Date) throws -> [String] {
    let present = Self.period(of: date)
    return try FileManager.default.contentsOfDirectory(atPath: directory)
      .filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) }
      .filter { Self.isPeriod($0) && $0 < present }.sorted()
  }

  /// Destroys a month's key: what was sealed under it opens no more, wherever copies of it are. Durable on return.
  func destroyKey(of period: String) throws {
    try keys.withLock { keys in
      keys[period] = nil
      try KeyFile.destroy(at: path(of: period))
    }
  }

  private static let suffix = ".payment-cards-key"
  private func path(of period: String) -> String { "\(directory)/\(period)\(Self.suffix)" }

  private static func binding(_ id: RequestID, _ period: String) -> [UInt8] { Array("\(id) \(period)".utf8) }

  static func period(of date: Date) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents([.year, .month], from: date)
    return String(format: "%04d-%02d", parts.year ?? 0, parts.month ?? 0)
  }

  private static func isPeriod(_ text: String) -> Bool {
    text.utf8.count == 7 && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (48...57).contains($0) }
  }

  private func key(of period: String, make: Bool) throws -> SecretKey {
    // A period comes from a document, too: it must not lead elsewhere.
    guard Self.isPeriod(period) else { throw CardVaultError.damaged }
    return try keys.withLock { keys in
      if let key = keys[period] { return key }
      let path = path(of: period)
      let key: SecretKey
      do throws(KeyFileError) {
        key = try Self.file.read(at: path)
      } catch {
        guard case .missing = error, make else { throw error }
        key = .random()
        try Self.file.create(at: path, holding: key)
      }
      keys[period] = key
      return key
    }
  }
}

/// What is kept of a payment card: a document of the payload, sealed there once more.
struct CardDocument: Codable {
  var period: String
  var sealedNumber: String
  var lastFour: String
  var expiry: String
}

package enum CardVaultError: Error, CustomStringConvertible {
  case insideDataDirectory(String)
  case damaged
  package var description: String {
    switch self {
    case .insideDataDirectory(let path):
      "\(path): the keys of payment cards must lie outside the data directory, which is backed up"
    case .damaged: "a payment card's document is damaged"
    }
  }
}
