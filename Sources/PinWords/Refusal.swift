/// Why a request was not granted. A refusal changes nothing and leaves no record.
///
/// Each case has a number of its own on the wire (`Status`), and at most a subject and a detail, both 64-bit numbers.
public enum Refusal: Error, Hashable, Sendable {
  // The client's fault: do not send it again as it is.
  /// The body is not what the operation's layout says, or a field is out of range.
  case invalid(Field)
  case notPermitted
  /// The id was used before for a request that differed in this field.
  case idReused(Field)
  /// The id belongs to another actor.
  case notYours
  /// The actor's limits do not let it sell this product, or anything in its currency.
  case productNotPermitted(ProductID)
  /// The change needs the approval of a second person, a key custodian: with it, send the same again.
  case approvalRequired(ApprovalLack)

  // Final: the answer will stay the same.
  case unknownID
  case unknownProduct(ProductID)
  case unknownPurchase
  case unknownCard
  case unknownActor
  case nameTaken
  /// The change would leave no administrator.
  case lastAdministrator
  case productFrozen(ProductID)
  /// `available` cards can be had now.
  case insufficientStock(ProductID, available: UInt64)
  /// The request needs more extents than one request may take: stock is broken up; ask for fewer cards.
  case tooManyExtents(limit: UInt32)
  /// The reservation is in a state that does not allow this.
  case wrongState(ReservationState)
  /// The reservation's deadline passed.
  case deadlinePassed
  /// A confirmed delivery, or one older than the reversal window, is not reversed.
  case final
  /// Cards of the reservation were withdrawn or have expired since; release it.
  case withdrawn
  /// Cards named are not where the request needs them.
  case notInCustody(CardID)
  /// A chunk of an import came out of turn; this one is expected.
  case outOfTurn(expected: UInt32)
  /// The sale stands, but this card of it cannot be opened: something on the server's disk is damaged.
  case cardDamaged(CardID)
  /// The request is more than what an actor's limit leaves: cards, or minor units of the limit's currency. It may be sent
  /// again after so many milliseconds; 0 if it is more than the whole limit.
  case limitReached(ActorLimit, left: UInt64, retryAfterMilliseconds: UInt32)
  /// The actor has two keys that work; one must end before there is a third.
  case oldKeyStillWorks

  // Try again.
  /// The actor asks more often than it may; its next request is taken after so many milliseconds.
  case tooManyRequests(retryAfterMilliseconds: UInt32)
  /// More is going on than the server takes at once; try again after so many milliseconds.
  case busy(retryAfterMilliseconds: UInt32)
  /// There is no room for changes; looking still works.
  case storageFull
  /// The server is stopping; the outcome of a change is unknown: ask by its id.
  case stopping
  /// Another import is under way, under this purchase; one runs at a time.
  case importRunning(PurchaseID)
}

/// A part of a request that a refusal points at, with its number on the wire.
public enum Field: UInt8, Sendable, Codable, CaseIterable, CustomStringConvertible {
  case frame = 0
  case id = 1
  case operation = 2
  case product = 3
  case count = 4
  case condition = 5
  case discount = 6
  case tax = 7
  case cashier = 8
  case tender = 9
  case holdTime = 10
  case deadline = 11
  case lines = 12
  case extents = 13
  case reason = 14
  case reservation = 15
  case index = 16
  case sku = 17
  case name = 18
  case vendor = 19
  case currency = 20
  case faceValue = 21
  case price = 22
  case instructions = 23
  case roles = 24
  case unitCost = 25
  case invoice = 26
  case lots = 27
  case expiry = 28
  case serial = 29
  case pin = 30
  case actor = 31
  case path = 32
  case sequence = 33
  case lowStockThreshold = 34
  case minimumValidity = 35
  case reserved = 36
  case wait = 37
  case method = 38
  case purchase = 39
  case limits = 40
  case key = 41
  case approvedRequest = 50
  case cardsPerDay = 51
  case order = 52
  case version = 53
  case act = 54
  case customer = 55
  case shipping = 56
  case document = 57
  case authorisation = 58
  case paymentCard = 59
  case consent = 60
  case mark = 61
  case device = 62
  case deliveryWay = 63
  case carrier = 64
  case trackingNumber = 65
  case credential = 80
  case gatewayMethod = 81
  case gatewayPayment = 82
  case amount = 83
  case sheet = 70

  public var description: String {
    switch self {
    case .frame: "frame"
    case .id: "id"
    case .operation: "operation"
    case .product: "product"
    case .count: "count"
    case .condition: "condition"
    case .discount: "discount"
    case .tax: "tax"
    case .cashier: "cashier"
    case .tender: "tender"
    case .holdTime: "hold time"
    case .deadline: "deadline"
    case .lines: "lines"
    case .extents: "extents"
    case .reason: "reason"
    case .reservation: "reservation"
    case .index: "index"
    case .sku: "SKU"
    case .name: "name"
    case .vendor: "vendor"
    case .currency: "currency"
    case .faceValue: "face value"
    case .price: "price"
    case .instructions: "instructions"
    case .roles: "roles"
    case .unitCost: "unit cost"
    case .invoice: "invoice"
    case .lots: "lots"
    case .expiry: "expiry"
    case .serial: "serial"
    case .pin: "PIN"
    case .actor: "actor"
    case .path: "path"
    case .sequence: "sequence"
    case .lowStockThreshold: "low-stock threshold"
    case .minimumValidity: "minimum validity"
    case .reserved: "reserved bits"
    case .wait: "wait"
    case .method: "method"
    case .purchase: "purchase"
    case .limits: "limits"
    case .key: "key"
    case .approvedRequest: "approved request"
    case .cardsPerDay: "cards per day"
    case .order: "order"
    case .version: "version"
    case .act: "act"
    case .customer: "customer"
    case .shipping: "shipping"
    case .document: "document"
    case .authorisation: "authorisation"
    case .paymentCard: "payment card"
    case .consent: "consent"
    case .mark: "mark"
    case .device: "device"
    case .deliveryWay: "delivery way"
    case .carrier: "carrier"
    case .trackingNumber: "tracking number"
    case .credential: "credential"
    case .gatewayMethod: "gateway method"
    case .gatewayPayment: "gateway payment"
    case .amount: "amount"
    case .sheet: "sheet"
    }
  }
}

/// The number that says how a request ended.
public enum Status: UInt8, Sendable, CaseIterable {
  case done = 0

  // The client's fault; after those below 8 the server closes the connection.
  case malformedFrame = 1
  case unsupportedVersion = 2
  case unknownOperation = 3
  case notAuthenticated = 4
  case authenticationFailed = 5
  case frameTooLong = 6
  case invalid = 16
  case notPermitted = 17
  case idReused = 18
  case notYours = 19
  case productNotPermitted = 20
  case approvalRequired = 24

  // Final.
  case unknownID = 32
  case unknownProduct = 33
  case unknownPurchase = 34
  case unknownCard = 35
  case unknownActor = 36
  case nameTaken = 37
  case lastAdministrator = 38
  case productFrozen = 39
  case insufficientStock = 40
  case tooManyExtents = 41
  case wrongState = 42
  case deadlinePassed = 43
  case final = 44
  case withdrawn = 45
  case notInCustody = 46
  case outOfTurn = 47
  case cardDamaged = 48
  case limitReached = 49
  case oldKeyStillWorks = 50

  // Try again.
  case busy = 64
  case storageFull = 65
  case stopping = 66
  case importRunning = 67
  case tooManyRequests = 68

  /// What a client does about it.
  public enum Disposition: Sendable { case done, clientFault, final, retry }

  public var disposition: Disposition {
    switch rawValue {
    case 0: .done
    case 1..<32: .clientFault
    case 32..<64: .final
    default: .retry
    }
  }
}

extension Refusal {
  /// The refusal as it travels: status, subject, detail, and when to try again (0 for never).
  public var parts: (status: Status, subject: UInt64, detail: UInt64, retryAfterMilliseconds: UInt32) {
    switch self {
    case .invalid(let field): (.invalid, UInt64(field.rawValue), 0, 0)
    case .notPermitted: (.notPermitted, 0, 0, 0)
    case .idReused(let field): (.idReused, UInt64(field.rawValue), 0, 0)
    case .notYours: (.notYours, 0, 0, 0)
    case .productNotPermitted(let product): (.productNotPermitted, UInt64(product.rawValue), 0, 0)
    case .approvalRequired(let lack): (.approvalRequired, 0, UInt64(lack.rawValue), 0)
    case .unknownID: (.unknownID, 0, 0, 0)
    case .unknownProduct(let product): (.unknownProduct, UInt64(product.rawValue), 0, 0)
    case .unknownPurchase: (.unknownPurchase, 0, 0, 0)
    case .unknownCard: (.unknownCard, 0, 0, 0)
    case .unknownActor: (.unknownActor, 0, 0, 0)
    case .nameTaken: (.nameTaken, 0, 0, 0)
    case .lastAdministrator: (.lastAdministrator, 0, 0, 0)
    case .productFrozen(let product): (.productFrozen, UInt64(product.rawValue), 0, 0)
    case .insufficientStock(let product, let available): (.insufficientStock, UInt64(product.rawValue), available, 0)
    case .tooManyExtents(let limit): (.tooManyExtents, 0, UInt64(limit), 0)
    case .wrongState(let state): (.wrongState, 0, UInt64(state.rawValue), 0)
    case .deadlinePassed: (.deadlinePassed, 0, 0, 0)
    case .final: (.final, 0, 0, 0)
    case .withdrawn: (.withdrawn, 0, 0, 0)
    case .notInCustody(let card): (.notInCustody, card.rawValue, 0, 0)
    case .outOfTurn(let expected): (.outOfTurn, 0, UInt64(expected), 0)
    case .cardDamaged(let card): (.cardDamaged, card.rawValue, 0, 0)
    case .limitReached(let limit, let left, let retryAfter): (.limitReached, UInt64(limit.rawValue), left, retryAfter)
    case .oldKeyStillWorks: (.oldKeyStillWorks, 0, 0, 0)
    case .tooManyRequests(let retryAfterMilliseconds): (.tooManyRequests, 0, 0, retryAfterMilliseconds)
    case .importRunning(let purchase): (.importRunning, UInt64(purchase.rawValue), 0, 1000)
    case .busy(let retryAfterMilliseconds): (.busy, 0, 0, retryAfterMilliseconds)
    case .storageFull: (.storageFull, 0, 0, 1000)
    case .stopping: (.stopping, 0, 0, 1000)
    }
  }

  /// The refusal that these parts spell, or nil if no server sends them.
  public init?(status: Status, subject: UInt64, detail: UInt64, retryAfterMilliseconds: UInt32) {
    let field = Field(rawValue: UInt8(truncatingIfNeeded: subject))
    let product = ProductID(UInt32(truncatingIfNeeded: subject))
    switch status {
    case .done, .malformedFrame, .unsupportedVersion, .unknownOperation, .notAuthenticated, .authenticationFailed,
      .frameTooLong:
      return nil
    case .invalid:
      guard let field else { return nil }
      self = .invalid(field)
    case .notPermitted: self = .notPermitted
    case .idReused:
      guard let field else { return nil }
      self = .idReused(field)
    case .notYours: self = .notYours
    case .productNotPermitted: self = .productNotPermitted(product)
    case .approvalRequired:
      guard let lack = ApprovalLack(rawValue: UInt8(truncatingIfNeeded: detail)) else { return nil }
      self = .approvalRequired(lack)
    case .unknownID: self = .unknownID
    case .unknownProduct: self = .unknownProduct(product)
    case .unknownPurchase: self = .unknownPurchase
    case .unknownCard: self = .unknownCard
    case .unknownActor: self = .unknownActor
    case .nameTaken: self = .nameTaken
    case .lastAdministrator: self = .lastAdministrator
    case .productFrozen: self = .productFrozen(product)
    case .insufficientStock: self = .insufficientStock(product, available: detail)
    case .tooManyExtents: self = .tooManyExtents(limit: UInt32(truncatingIfNeeded: detail))
    case .wrongState:
      guard let state = ReservationState(rawValue: UInt8(truncatingIfNeeded: detail)) else { return nil }
      self = .wrongState(state)
    case .deadlinePassed: self = .deadlinePassed
    case .final: self = .final
    case .withdrawn: self = .withdrawn
    case .notInCustody: self = .notInCustody(CardID(subject))
    case .outOfTurn: self = .outOfTurn(expected: UInt32(truncatingIfNeeded: detail))
    case .cardDamaged: self = .cardDamaged(CardID(subject))
    case .limitReached:
      guard let limit = ActorLimit(rawValue: UInt8(truncatingIfNeeded: subject)) else { return nil }
      self = .limitReached(limit, left: detail, retryAfterMilliseconds: retryAfterMilliseconds)
    case .oldKeyStillWorks: self = .oldKeyStillWorks
    case .tooManyRequests: self = .tooManyRequests(retryAfterMilliseconds: retryAfterMilliseconds)
    case .importRunning: self = .importRunning(PurchaseID(UInt32(truncatingIfNeeded: subject)))
    case .busy: self = .busy(retryAfterMilliseconds: retryAfterMilliseconds)
    case .storageFull: self = .storageFull
    case .stopping: self = .stopping
    }
  }
}
