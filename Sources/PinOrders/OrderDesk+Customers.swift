import Foundation
import PinEngine
import PinWords

/// Customers: described, found, and what each has bought.
extension OrderDesk {
  package func define(
    _ details: CustomerDetails, customer: RequestID, version: UInt32, consents: Bool, id: RequestID, _ asker: Asker
  ) async throws -> Done<Customer> {
    if let part = details.invalidPart { throw OrderFault.invalid(part) }
    return try await keeping(details, id: id, asker, .defineCustomer) { document in
      let change = CustomerChange(
        id: id, customer: customer, version: version, consents: consents, document: document,
        marks: details.marked.map { engine.mark($0.kind, $0.text) })
      return try await ask(.defineCustomer(change), asker) {
        if case .customer(let customer) = $0 { customer } else { nil }
      }
    }
  }

  /// A customer, and who it is; nil once that is purged.
  package func customer(_ id: RequestID, _ asker: Asker) async throws -> (Customer, CustomerDetails?) {
    try await readAsPresent(\.document) {
      try await present(id, asker)
    } read: {
      try details(of: $0)
    }
  }

  private func present(_ customer: RequestID, _ asker: Asker) async throws -> Customer {
    try await ask(.customer(customer), asker) { if case .customer(let found) = $0 { found } else { nil } }.value
  }

  func details(of customer: Customer) throws -> CustomerDetails? {
    try read(CustomerDetails.self, customer.document)
  }

  // MARK: Finding

  /// How many customers one search looks at, at most.
  private static let mostSearched = 4096
  private static let mostFound = 50

  /// Customers after one in whose name, e-mail address or telephone number a text is, however it is written; all of them
  /// for an empty one. With the id to go on after, nil when there are no more.
  package func customers(
    matching text: String, after: RequestID, _ asker: Asker
  ) async throws -> (found: [(Customer, CustomerDetails?)], next: RequestID?) {
    let wanted = Self.folded(text)
    var found: [(Customer, CustomerDetails?)] = []
    var last = after
    var searched = 0
    while searched < Self.mostSearched {
      let page = try await ask(.customers(after: last), asker) {
        if case .customers(let customers, let next) = $0 { (customers: customers, next: next) } else { nil }
      }.value
      for customer in page.customers {
        let details = try details(of: customer)
        last = customer.id
        if wanted.isEmpty || details.map({ Self.folded($0.searched).contains(wanted) }) ?? false {
          found.append((customer, details))
        }
        if found.count == Self.mostFound { return (found, last) }
      }
      guard let next = page.next else { return (found, nil) }
      last = next
      searched += page.customers.count
    }
    return (found, last)
  }

  private static func folded(_ text: String) -> String {
    let folded = text.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
    guard folded.utf8.contains(where: { $0 >= 0x80 }) else { return folded }
    return folded.map { plain[$0] ?? String($0) }.joined()
  }

  /// What people type for letters that are no other letter with a mark, which folding leaves as they are.
  private static let plain: [Character: String] = [
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
  ]

  /// A page of a customer's orders, and the id to go on after.
  package func orders(
    of customer: RequestID, after: RequestID, _ asker: Asker
  ) async throws -> (orders: [Order], next: RequestID?) {
    try await ask(.ordersOf(customer, after: after), asker) {
      if case .orders(let orders, let next) = $0 { (orders, next) } else { nil }
    }.value
  }

  /// The serials of the cards of an order that are with its customer, for each line; of the first thousand.
  package func serials(of found: FoundOrder) throws -> [String] {
    try engine.serials(of: found.cards, atMost: 1000)
  }
}

extension CustomerDetails {
  fileprivate var searched: String {
    ([name, email, phone].compactMap { $0 } + (otherEmails ?? [])).joined(separator: "\n")
  }
}
