import PinEngine
import PinWords

/// What one line of one sale, return, cancellation or settlement did to the books.
///
/// Amounts are minor units of its currency. What comes back has its amounts negative, on the date on which it came back.
package struct Posting: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case sale
    /// Cards came back and were credited.
    case returned = "return"
    /// A delivery was reversed before it was final.
    case cancellation
    /// A cancellation was booked as a sale after all.
    case settlement

    var isBack: Bool { self == .returned || self == .cancellation }
  }

  package var kind: Kind
  package var sequence: UInt64
  package var timeMilliseconds: UInt64
  /// The reservation it is about.
  package var reservation: RequestID
  /// The event that had delivered the cards, and when; nil for a sale, and where they had never been delivered.
  package var original: (sequence: UInt64, timeMilliseconds: UInt64)?
  /// From 0.
  package var line: Int
  /// The order whose change it is; nil for what a terminal does, and for a storefront without orders.
  package var order: OrderFacts?
  package var user: User
  package var tender: Tender
  package var product: ProductID
  package var condition: Condition
  package var cards: Int
  package var extents: Few<Extent>
  package var currency: Currency
  package var unitPriceMinor: UInt64
  package var grossMinor: Int128
  package var discountMinor: Int128
  package var taxMinor: Int128
  package var costMinor: Int128
  /// Whether it is the first of its event in its currency: those count the sales.
  package var countsSale: Bool

  /// Price less discount, with the tax that is in it.
  package var amountMinor: Int128 { grossMinor - discountMinor }
  /// What the shop earned before its costs: without the tax.
  package var netMinor: Int128 { amountMinor - taxMinor }
  package var marginMinor: Int128 { netMinor - costMinor }

  /// Its cards, as a report tells them.
  var extentsText: String {
    extents.count == 1 ? extents[0].description : extents.map(\.description).joined(separator: " ")
  }

  /// What an order's event says beyond its cards.
  package final class OrderFacts: Sendable {
    /// Who it is, is in a document.
    package let customer: RequestID
    /// Of its payment; empty for none.
    package let authorisation: String

    init(customer: RequestID, authorisation: String) {
      self.customer = customer
      self.authorisation = authorisation
    }
  }

  /// Who is responsible: an actor, and its cashier if it named one.
  package struct User: Hashable, Sendable, Comparable {
    package var actor: ActorID
    /// 0 for none.
    package var cashier: UInt32

    package static func < (left: User, right: User) -> Bool {
      (left.actor, left.cashier) < (right.actor, right.cashier)
    }
  }
}

extension Posting {
  /// A line of a sale, whole.
  init(
    sale granted: GrantedLine, line: Int, extents: Few<Extent>, costMinor: Int128, sequence: UInt64,
    timeMilliseconds: UInt64, reservation: RequestID, order: OrderFacts? = nil, user: User, tender: Tender,
    countsSale: Bool
  ) {
    self.init(
      kind: .sale, sequence: sequence, timeMilliseconds: timeMilliseconds, reservation: reservation, original: nil,
      line: line, order: order, user: user, tender: tender, product: granted.line.product,
      condition: granted.line.condition,
      cards: Int(granted.line.count), extents: extents, currency: granted.currency,
      unitPriceMinor: granted.unitPriceMinor,
      grossMinor: Int128(granted.unitPriceMinor) * Int128(granted.line.count),
      discountMinor: Int128(granted.line.discountMinor), taxMinor: Int128(granted.line.taxMinor),
      costMinor: costMinor, countsSale: countsSale)
  }
}

extension Condition {
  /// As a report tells it.
  var name: String {
    switch self {
    case .regular: "regular"
    case .used: "used"
    case .quarantined: "quarantined"
    }
  }
}
