import Foundation
import PinWords

/// Who a customer is: a document, which can be purged.
package struct CustomerDetails: Codable, Hashable, Sendable {
  package var name: String
  package var email: String
  package var phone: String?
  /// Each as it stands on a letter, its lines apart.
  package var addresses: [[String]]?
  /// Each country once.
  package var calls: [CalledCountry]?

  package init(
    name: String, email: String, phone: String? = nil, addresses: [[String]]? = nil, calls: [CalledCountry]? = nil
  ) {
    self.calls = calls
    self.name = name
    self.email = email
    self.phone = phone
    self.addresses = addresses
  }

  /// What the fraud list would know this customer by, written in one way however it was typed.
  var marked: [(kind: Mark.Kind, text: String)] {
    let mail = email.lowercased().split(separator: "@")
    // What stands behind a plus sign goes to the same mailbox.
    let mailbox = (mail.first?.split(separator: "+", omittingEmptySubsequences: false).first).map(String.init) ?? ""
    let addresses = (addresses ?? []).map { lines in
      lines.joined().folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        .filter { $0.isLetter || $0.isNumber }
    }
    var texts: [(kind: Mark.Kind, text: String)] = [(.email, "\(mailbox)@\(mail.last ?? "")")]
    for address in addresses where !texts.contains(where: { $0.text == address }) { texts.append((.address, address)) }
    return texts
  }

  /// The first part that cannot be so; nil if all can.
  package var invalidPart: String? {
    guard name.isLine(atMost: 200) else { return "name" }
    guard email.isMailAddress else { return "email" }
    if let phone, !phone.isLine(atMost: 40) { return "phone" }
    for address in addresses ?? [] {
      guard (1...8).contains(address.count), address.allSatisfy({ $0.isLine(atMost: 100) }) else { return "addresses" }
    }
    let countries = (calls ?? []).map(\.country)
    guard countries.count <= 300, Set(countries).count == countries.count, countries.allSatisfy(\.isCountryCode) else {
      return "calls"
    }
    return (addresses?.count ?? 0) <= 16 ? nil : "addresses"
  }
}
