import Foundation
import PinWords

/// How a vendor is reached: a document, which can be purged.
package struct VendorDetails: Codable, Hashable, Sendable {
  package var contact: String?
  package var email: String?
  package var phone: String?
  /// As it stands on a letter, its lines apart.
  package var address: [String]?
  package var note: String?

  package init(
    contact: String? = nil, email: String? = nil, phone: String? = nil, address: [String]? = nil, note: String? = nil
  ) {
    self.contact = contact
    self.email = email
    self.phone = phone
    self.address = address
    self.note = note
  }

  /// The first part that cannot be so; nil if all can.
  var invalidPart: String? {
    if let contact, !contact.isLine(atMost: 200) { return "contact" }
    if let email, !email.isMailAddress { return "email" }
    if let phone, !phone.isLine(atMost: 40) { return "phone" }
    if let address, !(1...8).contains(address.count) || !address.allSatisfy({ $0.isLine(atMost: 100) }) {
      return "address"
    }
    if let note, !note.isLine(atMost: 1000) { return "note" }
    return nil
  }
}

/// What a product looks like: a PNG or a JPEG of at most 44 KiB, so that its document holds it.
package struct Picture: Codable, Hashable, Sendable {
  package static let longest = 44 << 10

  package let bytes: Data

  /// Nil for what is not one.
  package init?(_ bytes: [UInt8]) {
    self.bytes = Data(bytes)
    guard bytes.count <= Self.longest, mediaType != nil else { return nil }
  }

  /// By its first bytes.
  package var mediaType: String? {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    return bytes.starts(with: [0xFF, 0xD8, 0xFF]) ? "image/jpeg" : nil
  }
}

extension String {
  /// Whether it is a line of text that a person wrote, of so many bytes at most.
  func isLine(atMost limit: Int) -> Bool {
    (1...limit).contains(utf8.count) && unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  /// Whether a gateway may know a payment method as this: a payment card's number is none, for it would be kept in clear.
  var isMethodName: Bool {
    isLine(atMost: 64) && PaymentCardDetails(number: self, expiry: "9999-12") == nil
  }

  /// Enough for an envelope: one at sign between what may stand in one, ASCII without what would end it.
  var isMailAddress: Bool {
    let parts = utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    let forbidden = Set("<>()[]\\,;: \"".utf8)
    return parts.count == 2 && (1...64).contains(parts[0].count) && (1...189).contains(parts[1].count)
      && utf8.allSatisfy { (0x21...0x7E).contains($0) && !forbidden.contains($0) }
  }
}
