import Foundation
import PinWords

/// Who a customer is: a document, which can be purged.
package struct CustomerDetails: Codable, Hashable, Sendable {
  package var name: String
  /// Where mails go.
  package var email: String
  /// Which it is known by besides.
  package var otherEmails: [String]?
  package var phone: String?
  /// Each as it stands on a letter, its lines apart.
  package var addresses: [[String]]?
  /// Each country once.
  package var calls: [CalledCountry]?
  /// What the gateway knows its payment methods as. A payment card is an order's, and kept for that alone.
  package var paymentMethods: [String]?

  package init(
    name: String, email: String, otherEmails: [String]? = nil, phone: String? = nil, addresses: [[String]]? = nil,
    calls: [CalledCountry]? = nil, paymentMethods: [String]? = nil
  ) {
    self.calls = calls
    self.name = name
    self.email = email
    self.otherEmails = otherEmails
    self.paymentMethods = paymentMethods
    self.phone = phone
    self.addresses = addresses
  }

  /// What the fraud list would know this customer by, written in one way however it was typed.
  var marked: [(kind: Mark.Kind, text: String)] {
    let emails = ([email] + (otherEmails ?? [])).map(Self.mailbox)
    let addresses = (addresses ?? []).map { lines in
      lines.joined().folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        .filter { $0.isLetter || $0.isNumber }
    }
    var texts: [(kind: Mark.Kind, text: String)] = []
    for (kind, written) in [(Mark.Kind.email, emails), (.address, addresses)] {
      for text in written where !texts.contains(where: { $0 == (kind, text) }) { texts.append((kind, text)) }
    }
    return texts
  }

  /// What stands behind a plus sign goes to the same mailbox.
  private static func mailbox(_ email: String) -> String {
    let parts = email.lowercased().split(separator: "@")
    let name = (parts.first?.split(separator: "+", omittingEmptySubsequences: false).first).map(String.init) ?? ""
    return "\(name)@\(parts.last ?? "")"
  }

  /// The first part that cannot be so; nil if all can.
  package var invalidPart: String? {
    guard name.isLine(atMost: 200) else { return "name" }
    guard email.isMailAddress else { return "email" }
    guard (otherEmails ?? []).allSatisfy(\.isMailAddress) else { return "other_emails" }
    if let phone, !phone.isLine(atMost: 40) { return "phone" }
    for address in addresses ?? [] {
      guard (1...8).contains(address.count), address.allSatisfy({ $0.isLine(atMost: 100) }) else { return "addresses" }
    }
    let countries = (calls ?? []).map(\.country)
    guard countries.count <= 300, Set(countries).count == countries.count, countries.allSatisfy(\.isCountryCode) else {
      return "calls"
    }
    let methods = paymentMethods ?? []
    guard methods.count <= 16, methods.allSatisfy(\.isMethodName) else { return "payment_methods" }
    // Each is a mark, and a customer has one more at most.
    return (addresses?.count ?? 0) + (otherEmails?.count ?? 0) <= 16 ? nil : "addresses"
  }
}
