import Foundation
import PinEngine
import PinOrders
import PinWords

/// The bodies of requests and answers, as the OpenAPI document describes them: snake case, ids as UUIDs, amounts as integers
/// in minor units, times in UTC.
struct CustomerBody: Codable {
  var version: UInt32
  var name: String
  var email: String
  var otherEmails: [String]?
  var phone: String?
  var addresses: [[String]]?
  var consents: Bool?
  var calls: [CallBody]?
  var paymentMethods: [String]?
}

/// A country that a customer calls: two capital letters; where from it is known.
struct CallBody: Codable {
  var country: String
  var knownFrom: String

  var call: CalledCountry {
    get throws {
      guard let source = CalledCountry.Source(rawValue: knownFrom) else { throw Problem.invalid("calls") }
      return CalledCountry(country: country, knownFrom: source)
    }
  }
}

struct CustomersAnswer: Encodable {
  var customers: [CustomerAnswer]
  /// To go on after; not there when there are no more.
  var next: RequestID?
}

struct CustomerAnswer: Encodable {
  var id: RequestID
  var version: UInt32
  var consents: Bool
  var isBarred: Bool
  var approvedOrders: UInt32
  /// All nil once it is purged.
  var name: String?
  var email: String?
  var otherEmails: [String]?
  var phone: String?
  var addresses: [[String]]?
  var calls: [CallBody]?
  var paymentMethods: [String]?

  init(_ customer: Customer, _ details: CustomerDetails?) {
    id = customer.id
    version = customer.version
    consents = customer.consents
    isBarred = customer.isBarred
    approvedOrders = customer.approvedOrders
    name = details?.name
    email = details?.email
    otherEmails = details?.otherEmails
    phone = details?.phone
    addresses = details?.addresses
    calls = details?.calls?.map { CallBody(country: $0.country, knownFrom: $0.knownFrom.rawValue) }
    paymentMethods = details?.paymentMethods
  }
}

/// Number and expiry. There is no place for a security code: what names one is refused.
struct CardBody: Codable {
  var number: String
  var expiry: String
}

struct LineBody: Codable {
  var sku: String
  var count: UInt32
  /// `regular` if it is not there.
  var condition: String?
  var discountMinor: UInt64?
  var taxMinor: UInt64?
}

struct OrderBody: Codable {
  var customer: RequestID
  var lines: [LineBody]
  var shippingMinor: UInt64?
  var card: CardBody?
  /// Tells the customer's device from others.
  var device: String?
  /// `mail` if it is not there, or `post`.
  var delivery: String?
  /// Of the gateway, instead of a card.
  var paymentMethod: String?
}

/// What every act takes: the version of the order that was looked at.
struct ActBody: Codable {
  var version: UInt32
}

struct ReasonBody: Codable {
  var version: UInt32
  var reason: String
}

struct PaymentBody: Codable {
  var version: UInt32
  var authorisation: String
}

struct ShipBody: Codable {
  var version: UInt32
  var carrier: String
  var trackingNumber: String
}

/// What a customer is told who follows an order.
struct TrackAnswer: Encodable {
  var order: RequestID
  var submitted: String
  var review: String
  var payment: String
  var fulfilment: String
  var carrier: String?
  var trackingNumber: String?

  init(_ order: Order) {
    let told = OrderAnswer(order)
    self.order = order.id
    (submitted, review, payment, fulfilment) = (told.submitted, told.review, told.payment, told.fulfilment)
    (carrier, trackingNumber) = (told.carrier, told.trackingNumber)
  }
}

struct CardChangeBody: Codable {
  var version: UInt32
  var card: CardBody
}

struct MethodBody: Codable {
  var version: UInt32
  var paymentMethod: String
}

struct ReturnBody: Codable {
  var version: UInt32
  /// Of the cards that come back; all that are with the customer if it is not there.
  var serials: [String]?
}

struct ShowCardBody: Codable {
  var reason: String
}

struct CardAnswer: Encodable {
  var number: String
  var expiry: String
}

struct OrderAnswer: Encodable {
  struct Line: Encodable {
    var sku: String
    var count: UInt32
    var condition: String
    var unitPriceMinor: UInt64
    var discountMinor: UInt64
    var taxMinor: UInt64
    /// How many of its cards are with the customer.
    var delivered: UInt64
  }
  struct Card: Encodable {
    var lastFour: String
    var expiry: String
  }
  var id: RequestID
  var version: UInt32
  var review: String
  var payment: String
  var fulfilment: String
  var customer: RequestID
  var submitted: String
  var currency: String
  var totalMinor: UInt64
  var shippingMinor: UInt64
  var paidMinor: UInt64
  var creditedMinor: UInt64
  var refundedMinor: UInt64
  var authorisation: String?
  /// What of it is on the fraud list: `email`, `address`, `device`, `card`.
  var suspicions: [String]
  var delivery: String
  var carrier: String?
  var trackingNumber: String?
  /// For the customer alone.
  var trackingToken: String?
  var card: Card?
  var lines: [Line]?
  /// Of the cards that are with the customer.
  var serials: [String]?

  init(_ order: Order) {
    id = order.id
    version = order.version
    review = "\(order.axes.review)"
    payment = "\(order.axes.payment)"
    fulfilment = "\(order.axes.fulfilment)"
    customer = order.customer
    submitted = rfc3339(order.submittedAtMilliseconds)
    currency = "\(order.currency)"
    totalMinor = order.totalMinor
    shippingMinor = order.shippingMinor
    paidMinor = order.paidMinor
    creditedMinor = order.creditedMinor
    refundedMinor = order.refundedMinor
    authorisation = order.authorisation.isEmpty ? nil : order.authorisation
    suspicions = order.suspicions.kinds.map { "\($0)" }
    delivery = "\(order.way)"
    carrier = order.carrier.isEmpty ? nil : order.carrier
    trackingNumber = order.trackingNumber.isEmpty ? nil : order.trackingNumber
  }
}

struct OrdersAnswer: Encodable {
  var orders: [OrderAnswer]
  /// To go on after; not there on the last page.
  var next: RequestID?
}

struct MailsAnswer: Encodable {
  var mails: [MailAnswer]
  /// To go on after; not there on the last page.
  var next: String?
}

struct MailAnswer: Encodable {
  var id: String
  var cause: UInt64
  var kind: String
  /// Not there for a warning of low stock and a marketing mail.
  var order: RequestID?
  /// Of a marketing mail.
  var customer: RequestID?
  /// Of a warning of low stock.
  var sku: String?
  var attempts: UInt16
}
