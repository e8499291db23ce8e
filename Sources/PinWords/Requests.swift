/// How a sale was paid, as the terminal tells it.
public enum Tender: UInt8, Sendable, Codable, CaseIterable {
  case unspecified = 0
  case cash = 1
  case card = 2
  case account = 3
  case voucher = 4
  case other = 5
}

/// Cards of one product asked for in one request.
public struct Line: Hashable, Sendable {
  public var product: ProductID
  /// 1 to `Limits.cardsPerLine`.
  public var count: UInt32
  /// Regular, or used for those who may.
  public var condition: Condition
  /// What comes off the line's price, in minor units; at most the price of the line.
  public var discountMinor: UInt64
  /// The tax in the line, in minor units.
  public var taxMinor: UInt64

  @inlinable
  public init(
    product: ProductID, count: UInt32, condition: Condition = .regular, discountMinor: UInt64 = 0, taxMinor: UInt64 = 0
  ) {
    self.product = product
    self.count = count
    self.condition = condition
    self.discountMinor = discountMinor
    self.taxMinor = taxMinor
  }
}

/// Who sold and how it was paid, for the books.
public struct Sale: Hashable, Sendable {
  /// The cashier's number; 0 for none.
  public var cashier: UInt32
  public var tender: Tender

  @inlinable
  public init(cashier: UInt32 = 0, tender: Tender = .unspecified) {
    self.cashier = cashier
    self.tender = tender
  }
}

/// Hold cards under an id until a deadline: all lines or none.
public struct Reserve: Hashable, Sendable {
  public var id: RequestID
  /// How long from the store's time of the event: 1 to `Limits.longestHoldSeconds`; 0 for no deadline, for those who may.
  public var holdSeconds: UInt32
  public var sale: Sale
  /// 1 to `Limits.linesPerRequest`.
  public var lines: [Line]

  public init(id: RequestID, holdSeconds: UInt32, sale: Sale = Sale(), lines: [Line]) {
    self.id = id
    self.holdSeconds = holdSeconds
    self.sale = sale
    self.lines = lines
  }
}

/// Reserve and dispense in one: what a terminal does. The count is at most `Limits.cardsPerAnswer`.
public struct Vend: Hashable, Sendable {
  public var id: RequestID
  public var sale: Sale
  public var line: Line

  @inlinable
  public init(id: RequestID, sale: Sale = Sale(), line: Line) {
    self.id = id
    self.sale = sale
    self.line = line
  }
}

/// Keep a reservation until another deadline.
public struct Extend: Hashable, Sendable {
  public var reservation: RequestID
  /// Absolute, milliseconds since 1970 UTC; at most `Limits.longestHoldSeconds` away. May also shorten.
  public var deadlineMilliseconds: UInt64

  public init(reservation: RequestID, deadlineMilliseconds: UInt64) {
    self.reservation = reservation
    self.deadlineMilliseconds = deadlineMilliseconds
  }
}

/// Dispensed cards come back: they become used stock.
public struct Return: Hashable, Sendable {
  public var id: RequestID
  public var reservation: RequestID
  /// Which cards; empty for all that are still in the delivery. At most `Limits.extentsPerRequest`.
  public var extents: [Extent]

  public init(id: RequestID, reservation: RequestID, extents: [Extent] = []) {
    self.id = id
    self.reservation = reservation
    self.extents = extents
  }
}

/// Open PINs of a delivery: those not told yet, or again.
public struct Reprint: Hashable, Sendable {
  public var reservation: RequestID
  /// The place of the first card wanted in the delivery, from 0.
  public var firstIndex: UInt32
  /// At most `Limits.cardsPerAnswer`; 0 for as many as one answer holds.
  public var count: UInt16

  public init(reservation: RequestID, firstIndex: UInt32 = 0, count: UInt16 = 0) {
    self.reservation = reservation
    self.firstIndex = firstIndex
    self.count = count
  }
}

/// Cards of one expiry in a purchase.
public struct DeclaredLot: Hashable, Sendable {
  public var expiry: Day
  /// How many cards of it may be loaded, at least 1.
  public var count: UInt32

  public init(expiry: Day, count: UInt32) {
    self.expiry = expiry
    self.count = count
  }
}

/// Start an import: one product, one vendor, its expiries and their counts.
public struct BeginPurchase: Hashable, Sendable {
  public var id: RequestID
  public var product: ProductID
  /// Up to 64 bytes; empty for the product's vendor.
  public var vendor: String
  /// What one card cost, in minor units of the product's currency.
  public var unitCostMinor: UInt64
  /// The vendor's invoice, up to 64 bytes; may be empty.
  public var invoice: String
  /// 1 to `Limits.lotsPerPurchase`, each expiry once.
  public var lots: [DeclaredLot]

  public init(
    id: RequestID, product: ProductID, vendor: String = "", unitCostMinor: UInt64 = 0, invoice: String = "",
    lots: [DeclaredLot]
  ) {
    self.id = id
    self.product = product
    self.vendor = vendor
    self.unitCostMinor = unitCostMinor
    self.invoice = invoice
    self.lots = lots
  }
}

/// An operator's act on stock: which cards, and why.
public struct StockChange: Hashable, Sendable {
  public var id: RequestID
  /// 1 to `Limits.extentsPerRequest`, in rising order without overlap.
  public var extents: [Extent]
  /// 1 to 200 bytes of UTF-8.
  public var reason: String

  public init(id: RequestID, extents: [Extent], reason: String) {
    self.id = id
    self.extents = extents
    self.reason = reason
  }
}

/// Book quarantined cards as delivered after all, to the id that had them.
public struct Settle: Hashable, Sendable {
  public var id: RequestID
  public var reservation: RequestID
  /// 1 to 200 bytes of UTF-8.
  public var reason: String

  public init(id: RequestID, reservation: RequestID, reason: String) {
    self.id = id
    self.reservation = reservation
    self.reason = reason
  }
}

/// Stop or resume the sale of a product.
public struct ProductStop: Hashable, Sendable {
  public var id: RequestID
  public var product: ProductID
  /// 1 to 200 bytes of UTF-8.
  public var reason: String

  public init(id: RequestID, product: ProductID, reason: String) {
    self.id = id
    self.product = product
    self.reason = reason
  }
}

/// Add a product, or change one: the product's own id is 0 to add, and its status is not changed by this.
public struct DefineProduct: Hashable, Sendable {
  public var id: RequestID
  public var product: Product

  public init(id: RequestID, product: Product) {
    self.id = id
    self.product = product
  }
}
