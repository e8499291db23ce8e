import PinWords

/// What the order layer asks of the engine: to change an order and its cards in one event, and what goes with it.
public enum OrderCommand: Sendable {
  case change(OrderChange)
  case defineCustomer(CustomerChange)
  /// Before a payment card's number is shown: that it is shown, to whom, and why (law 9).
  case showCard(ShowCard)
  case order(RequestID)
  /// A page of orders in the order of their ids, after one; those whose review waits, or all.
  case orders(after: RequestID, onlyPending: Bool)
  case customer(RequestID)
  /// A page of customers in the order of their ids, after one.
  case customers(after: RequestID)
  /// A page of a customer's orders in the order of their ids, after one.
  case ordersOf(RequestID, after: RequestID)
  case defineSheet(SheetChange)
  case sheet(SheetKind, number: UInt32)
  case changePurchaseOrder(PurchaseOrderChange)
  case purchaseOrder(RequestID)
  /// A page of purchase orders in the order of their ids, after one.
  case purchaseOrders(after: RequestID)
  /// Mails that may be sent now, the one due first first.
  case dueMails
  /// A page of those that were given up, in the order of their causes, after one.
  case deadMails(after: MailName?)
  case noteMail(MailName, MailOutcome, notBeforeMilliseconds: UInt64)
  case mailCustomer(CustomerMail)
  /// One that was given up is tried again.
  case sendAgain(MailName)
  /// Orders for which the gateway is to be asked, after an id.
  case waitingPayments(after: RequestID)

  var operation: Operation {
    switch self {
    case .change: .changeOrder
    case .defineCustomer: .defineCustomer
    case .showCard: .showCard
    case .order, .orders, .customer: .findOrder
    case .customers, .ordersOf: .findCustomers
    case .defineSheet: .defineSheet
    // A product's is for whoever sees the catalogue.
    case .sheet(let kind, _): kind.isOfProduct ? .catalogue : .findPurchaseOrder
    case .changePurchaseOrder: .changePurchaseOrder
    case .purchaseOrder, .purchaseOrders: .findPurchaseOrder
    case .deadMails: .findOrder
    case .dueMails, .noteMail, .waitingPayments: .mail
    case .mailCustomer, .sendAgain: .sendMail
    }
  }

  var changesState: Bool {
    switch self {
    case .change, .defineCustomer, .showCard, .noteMail, .defineSheet, .changePurchaseOrder, .mailCustomer, .sendAgain:
      true
    case .order, .orders, .customer, .dueMails, .deadMails, .sheet, .purchaseOrder, .purchaseOrders,
      .customers, .ordersOf, .waitingPayments:
      false
    }
  }
}

/// One act on one order.
public struct OrderChange: Sendable {
  public var id: RequestID
  /// The order's id; its cards are held under the same.
  public var order: RequestID
  /// The version that it was seen in; 0 to submit it.
  public var version: UInt32
  public var act: Act

  public enum Act: Sendable {
    case submit(Submit)
    case approve
    case deny(reason: String)
    /// 1 to 64 bytes of plain text, of whoever took the payment.
    case recordPayment(authorisation: String)
    case decline(reason: String)
    case changeCard(PaymentCard)
    case cancel(reason: String)
    /// Which cards; empty for all that are still with the customer.
    case takeBack([Extent])
    /// Each 1 to 64 bytes of plain text.
    case ship(carrier: String, trackingNumber: String)
    case pardon(reason: String)
    case delete(reason: String)
    case changeMethod(GatewayMethod)
    /// What the gateway calls the payment: 1 to 64 bytes of plain text.
    case openPayment(String)
    case takePayment(authorisation: String)
    case declinePayment(reason: String)
    /// All that the gateway has given back by now.
    case refund(totalMinor: UInt64)
    /// The same payment card, its number sealed anew.
    case resealCard(PaymentCard)
    /// What of it reached the customer, by what the gateway says now.
    case loseRefund(totalMinor: UInt64)
  }

  public struct Submit: Sendable {
    public var customer: RequestID
    /// All in one currency.
    public var lines: [Line]
    public var shippingMinor: UInt64
    public var card: PaymentCard?
    /// The mark of the device that it came from.
    public var device: Mark?
    public var way: DeliveryWay
    /// Instead of a card: the gateway is asked for the money once the order is approved.
    public var method: GatewayMethod?

    public init(
      customer: RequestID, lines: [Line], shippingMinor: UInt64 = 0, card: PaymentCard? = nil, device: Mark? = nil,
      way: DeliveryWay = .mail, method: GatewayMethod? = nil
    ) {
      self.method = method
      self.device = device
      self.way = way
      self.customer = customer
      self.lines = lines
      self.shippingMinor = shippingMinor
      self.card = card
    }
  }

  public init(id: RequestID, order: RequestID, version: UInt32, act: Act) {
    self.id = id
    self.order = order
    self.version = version
    self.act = act
  }
}

extension OrderChange.Act {
  /// The row of the table of rules.
  public var kind: OrderAct {
    switch self {
    case .submit: .submit
    case .approve: .approve
    case .deny: .deny
    case .recordPayment: .recordPayment
    case .decline: .decline
    case .changeCard: .changeCard
    case .cancel: .cancel
    case .takeBack: .takeBack
    case .ship: .ship
    case .pardon: .pardon
    case .delete: .delete
    case .changeMethod: .changeMethod
    case .openPayment: .openPayment
    case .takePayment: .takePayment
    case .declinePayment: .declinePayment
    case .refund: .refund
    case .resealCard: .resealCard
    case .loseRefund: .loseRefund
    }
  }
}

/// Add a customer (version 0), or say anew who one is.
public struct CustomerChange: Sendable {
  public var id: RequestID
  public var customer: RequestID
  public var version: UInt32
  public var consents: Bool
  public var document: DocumentName
  /// Of the e-mail address and the addresses.
  public var marks: [Mark]

  public init(
    id: RequestID, customer: RequestID, version: UInt32, consents: Bool, document: DocumentName, marks: [Mark] = []
  ) {
    self.marks = marks
    self.id = id
    self.customer = customer
    self.version = version
    self.consents = consents
    self.document = document
  }
}

/// A marketing mail to a customer who consents.
public struct CustomerMail: Sendable {
  public var id: RequestID
  public var customer: RequestID
  /// What it says.
  public var letter: DocumentName

  public init(id: RequestID, customer: RequestID, letter: DocumentName) {
    self.id = id
    self.customer = customer
    self.letter = letter
  }
}

public struct ShowCard: Sendable {
  public var id: RequestID
  public var order: RequestID
  /// 1 to 200 bytes of UTF-8.
  public var reason: String

  public init(id: RequestID, order: RequestID, reason: String) {
    self.id = id
    self.order = order
    self.reason = reason
  }
}

/// Why the order layer's rules refuse; what the engine itself refuses is a `Refusal`.
public enum OrderRefusal: Error, Hashable, Sendable {
  case unknownOrder
  case unknownCustomer
  /// It was changed since it was seen.
  case staleVersion(present: UInt32)
  /// The act may not be done to an order that stands so.
  case wrongState(OrderAxes)
  /// The customer is on the fraud list.
  case barred
  /// A card of it was sold again, or put back into regular stock, since it came back.
  case resold
  /// Its lines cost different currencies.
  case otherCurrency
  case noCard
  /// The customer does not consent to marketing.
  case noConsent
  case unknownMail
  case unknownCredential
  /// The actor has as many tokens as one may have.
  case tooManyTokens(limit: UInt32)
  case unknownSheet
  case unknownPurchaseOrder
  /// The act may not be done to a purchase order that stands so.
  case purchaseOrderState(PurchaseOrderState)
  /// The import came in against a purchase order before.
  case alreadyReceived
}

/// An order with what it holds.
public struct FoundOrder: Sendable {
  public var order: Order
  public var lines: [GrantedLine]
  /// For each line, how many of its cards are with the customer.
  public var delivered: [UInt64]
  /// The cards that are with the customer, as they lie in its delivery.
  public var cards: [Extent]
}
