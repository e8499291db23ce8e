/// The life of an order: each act, who may do it, where the order must stand, and what becomes of it.
///
/// One table, to be read beside section 6 of the design. An act whose row is not found is refused, and nothing changes.
/// After any act, an order that is approved and paid and whose cards are held is delivered, in the same event; but one that
/// goes by post waits to be shipped.
public enum OrderAct: UInt8, Sendable, CaseIterable {
  case submit = 1
  case approve = 2
  case deny = 3
  /// The authorisation of an off-line payment is recorded.
  case recordPayment = 4
  case decline = 5
  /// Another payment card, for the same order and the same cards.
  case changeCard = 6
  case cancel = 7
  case takeBack = 8
  /// The carrier has its cards: their PINs count as disclosed.
  case ship = 9
  /// A denial was a mistake: its customer and its marks come off the fraud list.
  case pardon = 10
  /// All its cards came back, and are regular stock again by a named operator's word; a tombstone stays.
  case delete = 11
  /// Another payment method of the gateway, for the same order and the same cards.
  case changeMethod = 12
  /// The gateway said what it calls the payment: no money has moved.
  case openPayment = 13
  /// The gateway has the money.
  case takePayment = 14
  case declinePayment = 15
  /// The gateway gave back what is credited.
  case refund = 16
  /// The number of the payment card that it is still to be charged by is sealed anew, before the key that it was sealed under is
  /// destroyed.
  case resealCard = 17
  /// What the gateway had given back did not reach the customer: the shop has to give it back otherwise.
  case loseRefund = 18
}

/// What an act does with the order's cards.
public enum OrderCards: Sendable {
  case stay
  case reserve
  case release
  case disclose
  /// Delivered cards come back, some or all, as used stock.
  case comeBack
  /// Used cards become regular ones.
  case becomeRegular
}

public struct OrderRule: Sendable {
  public let act: OrderAct
  /// One of these is enough.
  public let roles: Roles
  let review: Set<OrderReview>
  let payment: Set<OrderPayment>
  let fulfilment: Set<OrderFulfilment>
  /// What it becomes; nil for as it was.
  let becomes: (review: OrderReview?, payment: OrderPayment?, fulfilment: OrderFulfilment?)
  public let cards: OrderCards
  public let mail: MailKind

  private init(
    _ act: OrderAct, _ roles: Roles, _ review: Set<OrderReview>, _ payment: Set<OrderPayment>,
    _ fulfilment: Set<OrderFulfilment>,
    _ becomes: (review: OrderReview?, payment: OrderPayment?, fulfilment: OrderFulfilment?), _ cards: OrderCards,
    _ mail: MailKind
  ) {
    self.act = act
    self.roles = roles
    self.review = review
    self.payment = payment
    self.fulfilment = fulfilment
    self.becomes = becomes
    self.cards = cards
    self.mail = mail
  }

  // swift-format-ignore
  static let table = [
    //        act             by                      review                 payment                           fulfilment              becomes                          cards      mail
    OrderRule(.approve,       [.reviewer],            [.pending],            [.unpaid, .declined, .authorised, .paid], [.held],        (.approved, nil, nil),           .stay,     .none),
    OrderRule(.deny,          [.reviewer],            [.pending],            [.unpaid, .declined, .authorised], [.held],               (.denied, nil, .cancelled),      .release,  .denied),
    OrderRule(.deny,          [.reviewer],            [.pending],            [.paid],                          [.held],                (.denied, .refunded, .cancelled), .release, .denied),
    OrderRule(.recordPayment, [.clerk],               [.pending, .approved], [.unpaid, .declined],             [.held],                (nil, .paid, nil),               .stay,     .none),
    OrderRule(.decline,       [.clerk],               [.pending, .approved], [.unpaid],                        [.held],                (nil, .declined, nil),           .stay,     .declined),
    OrderRule(.changeCard,    [.storefront, .clerk],  [.pending, .approved], [.unpaid, .declined],             [.held],                (nil, .unpaid, nil),             .stay,     .paymentCard),
    OrderRule(.changeMethod,  [.storefront, .clerk],  [.pending, .approved], [.unpaid, .declined],             [.held],                (nil, .unpaid, nil),             .stay,     .none),
    // While the gateway is asked, nothing else is done to the order: what it takes must be known before the cards go.
    OrderRule(.openPayment,   [],                     [.approved],           [.paying],                        [.held],                (nil, nil, nil),                 .stay,     .none),
    OrderRule(.takePayment,   [],                     [.approved],           [.paying],                        [.held],                (nil, .paid, nil),               .stay,     .none),
    OrderRule(.declinePayment, [],                    [.approved],           [.paying],                        [.held],                (nil, .declined, nil),           .stay,     .declined),
    OrderRule(.refund,        [],                     Set(OrderReview.allCases), [.paid, .refunded],              Set(OrderFulfilment.allCases), (nil, nil, nil),           .stay,     .none),
    OrderRule(.loseRefund,    [],                     Set(OrderReview.allCases), [.paid, .refunded],              Set(OrderFulfilment.allCases), (nil, nil, nil),           .stay,     .refundLost),
    OrderRule(.resealCard,    [],                     [.pending, .approved], [.unpaid, .declined],             [.held],                (nil, nil, nil),                 .stay,     .none),
    OrderRule(.cancel,        [.storefront, .clerk],  [.pending, .approved], [.unpaid, .declined, .authorised], [.held],               (nil, nil, .cancelled),          .release,  .cancelled),
    OrderRule(.cancel,        [.clerk],               [.pending, .approved], [.paid],                          [.held],                (nil, .refunded, .cancelled),    .release,  .cancelled),
    // Approved, paid and held is only what goes by post: the rest is delivered when it becomes so.
    OrderRule(.ship,          [.clerk],               [.approved],           [.paid],                          [.held],                (nil, nil, .shipped),            .disclose, .shipped),
    OrderRule(.takeBack,      [.clerk],               [.approved],           [.paid],                          [.delivered, .shipped], (nil, nil, nil),                 .comeBack, .credited),
    OrderRule(.pardon,        [.reviewer],            [.denied],             Set(OrderPayment.allCases),       [.cancelled],           (.pardoned, nil, nil),           .stay,     .none),
    OrderRule(.delete,        [.administrator],       [.approved],           [.refunded],                      [.returned],            (nil, nil, .deleted),            .becomeRegular, .none),
  ]

  /// Who may submit, and what that is: the cards are reserved at once.
  static let submitting: Roles = [.storefront, .clerk]

  /// The row of an act for an order that stands so; nil if it may not be done now.
  public static func row(_ act: OrderAct, _ axes: OrderAxes) -> OrderRule? {
    table.first {
      $0.act == act && $0.review.contains(axes.review) && $0.payment.contains(axes.payment)
        && $0.fulfilment.contains(axes.fulfilment)
    }
  }

  /// Where the order stands after it. Another payment card has the order reviewed, unless it is one that the customer's
  /// last approved order was paid with.
  public func applied(to axes: OrderAxes, isTrusted: Bool) -> OrderAxes {
    let review =
      [.changeCard, .changeMethod].contains(act)
      ? OrderAxes.submitted(isTrusted: isTrusted).review : becomes.review ?? axes.review
    return OrderAxes(review, becomes.payment ?? axes.payment, becomes.fulfilment ?? axes.fulfilment)
  }
}

extension OrderAct {
  /// What the store does by itself, as when the gateway has answered; nobody else does it.
  public var isOfStore: Bool {
    [.openPayment, .takePayment, .declinePayment, .refund, .resealCard, .loseRefund].contains(self)
  }

  /// Who may do it to some order; what may be done to one that stands so, its row says.
  public var allowedRoles: Roles {
    if self == .submit { return OrderRule.submitting }
    return OrderRule.table.reduce(into: Roles()) { if $1.act == self { $0.formUnion($1.roles) } }
  }
}

extension OrderAxes {
  /// Where a new order stands.
  public static func submitted(isTrusted: Bool) -> OrderAxes {
    OrderAxes(isTrusted ? .approved : .pending, .unpaid, .held)
  }

  /// Where it stands when none of its cards is left with the customer.
  public var allBack: OrderAxes { OrderAxes(review, .refunded, .returned) }
}
