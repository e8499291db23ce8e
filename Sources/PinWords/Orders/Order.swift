/// Where an order stands, on three axes that do not depend on each other.
public struct OrderAxes: Hashable, Sendable, CustomStringConvertible {
  public var review: OrderReview
  public var payment: OrderPayment
  public var fulfilment: OrderFulfilment

  public init(_ review: OrderReview, _ payment: OrderPayment, _ fulfilment: OrderFulfilment) {
    self.review = review
    self.payment = payment
    self.fulfilment = fulfilment
  }

  public var description: String { "\(review), \(payment), \(fulfilment)" }
}

public enum OrderReview: UInt8, Sendable, Codable, CaseIterable {
  /// Waits for a reviewer: a customer's first order, or the first after a changed payment card.
  case pending = 1
  case approved = 2
  case denied = 3
  /// Denied by mistake: its customer is off the fraud list again.
  case pardoned = 4
}

public enum OrderPayment: UInt8, Sendable, Codable, CaseIterable {
  case unpaid = 1
  /// The last attempt was refused; it can be tried again.
  case declined = 2
  case authorised = 3
  case paid = 4
  /// All of what was paid is the customer's again.
  case refunded = 5
  /// The gateway is asked for the money; what came of it is not known yet.
  case paying = 6
}

public enum OrderFulfilment: UInt8, Sendable, Codable, CaseIterable {
  /// Its cards are reserved, without a deadline.
  case held = 1
  /// Its PINs are disclosed and mailed.
  case delivered = 2
  case shipped = 3
  /// All of its cards came back.
  case returned = 4
  /// Its cards went back as they were.
  case cancelled = 5
  /// Its cards are regular stock again, and it is a tombstone.
  case deleted = 6
}

/// A document of the payload as the journal names it: by its id, and by a digest of its sealed bytes, which tells nothing
/// of what is in it once it is purged.
public struct DocumentName: Hashable, Sendable {
  /// The id of the change that brought it.
  public var id: RequestID
  /// SHA-256, 32 bytes.
  public var digest: [UInt8]

  public init(id: RequestID, digest: [UInt8]) {
    self.id = id
    self.digest = digest
  }
}

/// A payment card as the journal knows it.
public struct PaymentCard: Hashable, Sendable {
  /// Where its number is, sealed.
  public var document: DocumentName
  /// 16 bytes of a keyed hash of its number: the same for the same card.
  public var fingerprint: [UInt8]

  public init(document: DocumentName, fingerprint: [UInt8]) {
    self.document = document
    self.fingerprint = fingerprint
  }
}

/// How an order is paid at once: by what a gateway knows the customer's payment method as, and no card number.
public struct GatewayMethod: Hashable, Sendable {
  /// Of the gateway: 1 to 64 bytes of plain text.
  public var token: String
  /// 16 bytes of a keyed hash of it.
  public var fingerprint: [UInt8]

  public init(token: String, fingerprint: [UInt8]) {
    self.token = token
    self.fingerprint = fingerprint
  }
}

/// How an order's cards reach its customer.
public enum DeliveryWay: UInt8, Sendable, Codable, CaseIterable {
  /// Their PINs, as soon as it is approved and paid.
  case mail = 1
  /// Themselves, by a carrier.
  case post = 2
}

/// An order as its last event left it. Its cards and lines are those of the reservation that has its id.
public struct Order: Hashable, Sendable {
  public var id: RequestID
  /// How many changes made it what it is.
  public var version: UInt32
  public var axes: OrderAxes
  public var customer: RequestID
  /// Who submitted it.
  public var actor: ActorID
  public var submittedAtMilliseconds: UInt64
  public var currency: Currency
  /// What the customer owes: the lines with their tax, less their discounts, and the shipping; minor units.
  public var totalMinor: UInt64
  public var shippingMinor: UInt64
  public var paidMinor: UInt64
  /// What the customer has had back, or is owed back.
  public var creditedMinor: UInt64
  /// Nil when it is not paid by a card that the shop keeps.
  public var card: PaymentCard?
  /// What of it the fraud list knows.
  public var suspicions: Suspicions
  /// The mark of the device that it came from; nil if that is not known.
  public var device: Mark?
  public var way: DeliveryWay
  /// Of the payment; empty before it.
  public var authorisation: String
  /// Who carries it, and under which number; empty before it is shipped.
  public var carrier = ""
  public var trackingNumber = ""
  /// Nil when no gateway is asked for its money.
  public var method: GatewayMethod?
  /// What the gateway calls the payment that it is asked for; empty before it said.
  public var gatewayPayment = ""
  /// What the gateway has given back.
  public var refundedMinor: UInt64 = 0
  /// What its denial put on the fraud list; a pardon takes exactly that off.
  public var denied: [Mark] = []

  public init(
    id: RequestID, version: UInt32, axes: OrderAxes, customer: RequestID, actor: ActorID,
    submittedAtMilliseconds: UInt64, currency: Currency, totalMinor: UInt64, shippingMinor: UInt64,
    paidMinor: UInt64 = 0,
    creditedMinor: UInt64 = 0, card: PaymentCard?, suspicions: Suspicions = [], device: Mark? = nil,
    way: DeliveryWay = .mail, authorisation: String = ""
  ) {
    self.id = id
    self.version = version
    self.axes = axes
    self.customer = customer
    self.actor = actor
    self.submittedAtMilliseconds = submittedAtMilliseconds
    self.currency = currency
    self.totalMinor = totalMinor
    self.shippingMinor = shippingMinor
    self.paidMinor = paidMinor
    self.creditedMinor = creditedMinor
    self.card = card
    self.suspicions = suspicions
    self.device = device
    self.way = way
    self.authorisation = authorisation
  }

  /// What it is paid with, as the fraud list and the customer's standing know it; zeros for nothing that the shop knows.
  public var instrument: [UInt8] { card?.fingerprint ?? method?.fingerprint ?? Customer.noCard }

  /// Whether the gateway is to be asked for the money now: as soon as it is approved.
  public var isToBeCharged: Bool {
    method != nil && axes.review == .approved && axes.payment == .unpaid && axes.fulfilment == .held
  }

  /// Whether the gateway owes an answer, or the customer money by it.
  public var waitsForGateway: Bool {
    axes.payment == .paying || !gatewayPayment.isEmpty && refundedMinor < min(creditedMinor, paidMinor)
  }

  /// Whether a reviewer is to decide about it.
  public var waitsForReview: Bool { axes.review == .pending && axes.fulfilment == .held }

  /// Whether somebody may still have to charge the card that it is to be paid by.
  public var waitsForCharge: Bool {
    card != nil && axes.fulfilment == .held && [.unpaid, .declined].contains(axes.payment)
  }

  /// Whether its PINs are to be disclosed now: approved and paid, whichever came last. What goes by post, waits for it.
  public var isDue: Bool {
    way == .mail && axes.review == .approved && axes.payment == .paid && axes.fulfilment == .held
  }
}

/// A customer as the journal knows one: who it is, is in a document.
public struct Customer: Hashable, Sendable {
  public var id: RequestID
  public var version: UInt32
  /// To marketing by mail.
  public var consents: Bool
  /// How many of its orders were denied and not pardoned.
  public var deniedOrders: UInt32
  /// How many orders a reviewer has approved.
  public var approvedOrders: UInt32
  /// The fingerprint of the payment card of the order approved last; zeros for none.
  public var approvedCard: [UInt8]
  public var document: DocumentName
  /// Of the e-mail address and the addresses.
  public var marks: [Mark]

  public init(
    id: RequestID, version: UInt32, consents: Bool, deniedOrders: UInt32 = 0, approvedOrders: UInt32 = 0,
    approvedCard: [UInt8] = Customer.noCard, document: DocumentName, marks: [Mark] = []
  ) {
    self.id = id
    self.version = version
    self.consents = consents
    self.deniedOrders = deniedOrders
    self.approvedOrders = approvedOrders
    self.approvedCard = approvedCard
    self.document = document
    self.marks = marks
  }

  public static let noCard = [UInt8](repeating: 0, count: 16)

  /// On the fraud list: orders no more.
  public var isBarred: Bool { deniedOrders > 0 }

  /// Whether an order paid with this goes through by itself: one paid with the same was approved last.
  public func isTrusted(with instrument: [UInt8]) -> Bool {
    approvedOrders > 0 && approvedCard == instrument
  }
}

/// What a mail to a customer tells.
public enum MailKind: UInt8, Sendable, Codable, CaseIterable {
  case none = 0
  /// The order is here.
  case received = 1
  /// The PINs.
  case delivery = 2
  case denied = 3
  case declined = 4
  case cancelled = 5
  /// Cards came back, and what is credited for them.
  case credited = 6
  /// The carrier has it.
  case shipped = 7
  /// To the shop: a product's stock fell below its threshold.
  case lowStock = 8
  /// To a customer who consents: what the shop has to tell.
  case marketing = 9
  /// To the shop: the payment card that an order is to be paid by, for its certificate's key alone.
  case paymentCard = 10
  /// To the shop: what the gateway gave back did not reach the customer.
  case refundLost = 11

  /// Its name in files and answers, such as `low-stock`.
  public var name: String {
    switch self {
    case .lowStock: "low-stock"
    case .paymentCard: "payment-card"
    case .refundLost: "refund-lost"
    default: "\(self)"
    }
  }
}

/// A mail that an event caused and that has not been sent.
public struct WaitingMail: Hashable, Sendable {
  /// The sequence of the event that caused it: the mail's number.
  public var cause: UInt64
  public var kind: MailKind
  /// Of a marketing mail its customer; zero for a warning of low stock.
  public var order: RequestID
  /// What a marketing mail says; nil for any other.
  public var letter: DocumentName?
  /// Whose stock is low; 0 for a mail of another kind.
  public var product = ProductID(0)
  /// The order's payment card was mailed to the shop already, for this mail comes after it.
  public var isCardSent = false
  /// How often it was tried.
  public var attempts: UInt16 = 0
  /// From when it may be tried: when it was caused, or as its last attempt says.
  public var dueMilliseconds: UInt64
  /// Given up: nobody tries it any more.
  public var isDead = false

  public init(cause: UInt64, kind: MailKind, order: RequestID, dueMilliseconds: UInt64) {
    self.cause = cause
    self.kind = kind
    self.order = order
    self.dueMilliseconds = dueMilliseconds
  }
}

extension WaitingMail {
  /// The warning that a product's stock is low.
  public init(cause: UInt64, product: ProductID, dueMilliseconds: UInt64) {
    self.init(cause: cause, kind: .lowStock, order: .zero, dueMilliseconds: dueMilliseconds)
    self.product = product
  }
}

extension WaitingMail {
  /// A letter to a customer.
  public init(cause: UInt64, letter: DocumentName, to customer: RequestID, dueMilliseconds: UInt64) {
    self.init(cause: cause, kind: .marketing, order: customer, dueMilliseconds: dueMilliseconds)
    self.letter = letter
  }
}

/// What became of an attempt to send a mail.
public enum MailOutcome: UInt8, Sendable, Codable, CaseIterable {
  case sent = 1
  /// To be tried again, after a time.
  case deferred = 2
  case givenUp = 3
  /// Its customer consents no more, or the shop does not want such mails: it is not sent.
  case dropped = 4
  /// Somebody has it tried again that was given up, as if for the first time.
  case again = 5
  /// The payment card that the shop is mailed before it was sent: that is not sent again, and the mail itself is next.
  case cardSent = 6

  /// Whether the mail waits no more after it.
  public var isLast: Bool { [.sent, .dropped].contains(self) }
}
