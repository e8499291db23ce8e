/// Where a reservation stands.
public enum ReservationState: UInt8, Sendable, Codable, CaseIterable {
  /// Its cards are held until the deadline.
  case held = 1
  /// Its PINs are disclosed; it can still be reversed for an announced time.
  case delivered = 2
  /// Delivered, printed, final.
  case confirmed = 3
  /// Given up before it was dispensed; its cards went back as they were.
  case released = 4
  /// Its deadline passed before it was dispensed.
  case expired = 5
  /// Reversed before it was dispensed (or before it arrived at all): it can never come to pass.
  case reversed = 6
  /// Reversed after it was dispensed: its cards are in quarantine, or were settled or re-inventoried since.
  case quarantined = 7
}

/// Cards of one lot in a reservation, in its order, with what they were sold for.
public struct Slice: Hashable, Sendable {
  /// Which line of the request asked for them, from 0.
  public var line: UInt16
  public var product: ProductID
  public var lot: LotID
  public var extent: Extent

  @inlinable
  public init(line: UInt16, product: ProductID, lot: LotID, extent: Extent) {
    self.line = line
    self.product = product
    self.lot = lot
    self.extent = extent
  }
}

/// A line as it was granted, with its price at that moment.
public struct GrantedLine: Hashable, Sendable {
  public var line: Line
  /// What one card costs, in minor units.
  public var unitPriceMinor: UInt64
  public var currency: Currency

  public init(line: Line, unitPriceMinor: UInt64, currency: Currency) {
    self.line = line
    self.unitPriceMinor = unitPriceMinor
    self.currency = currency
  }
}

/// All that is known of a reservation, but its PINs.
public struct Reservation: Hashable, Sendable {
  public var id: RequestID
  public var state: ReservationState
  public var actor: ActorID
  public var sale: Sale
  public var reservedAtMilliseconds: UInt64
  /// 0 for none.
  public var deadlineMilliseconds: UInt64
  /// When its PINs became disclosed; 0 if they did not.
  public var dispensedAtMilliseconds: UInt64
  /// How many of its cards have been told to the client.
  public var openedCount: UInt32
  /// How often its PINs were opened again after that.
  public var printCount: UInt16
  /// Empty for a tombstone: a reversal that came before its original.
  public var lines: [GrantedLine]
  public var slices: [Slice]

  public init(
    id: RequestID, state: ReservationState, actor: ActorID, sale: Sale, reservedAtMilliseconds: UInt64,
    deadlineMilliseconds: UInt64, dispensedAtMilliseconds: UInt64, openedCount: UInt32, printCount: UInt16,
    lines: [GrantedLine], slices: [Slice]
  ) {
    self.id = id
    self.state = state
    self.actor = actor
    self.sale = sale
    self.reservedAtMilliseconds = reservedAtMilliseconds
    self.deadlineMilliseconds = deadlineMilliseconds
    self.dispensedAtMilliseconds = dispensedAtMilliseconds
    self.openedCount = openedCount
    self.printCount = printCount
    self.lines = lines
    self.slices = slices
  }

  /// How many cards it has.
  public var cardCount: UInt64 { slices.reduce(0) { $0 + UInt64($1.extent.count) } }
}

/// What an id turned out to be when it was looked up.
public enum Found: Hashable, Sendable {
  case reservation(Reservation)
  /// A change that carried an id of its own, and when it was made.
  case change(Operation, timeMilliseconds: UInt64)
}

/// A card as it is handed over: what a receipt needs. Holds the PIN: keep it no longer than needed.
public struct Card: Sendable {
  public var id: CardID
  public var product: ProductID
  public var expiry: Day
  public var serial: String
  /// The secret. Its description is never printed: see `CustomStringConvertible` below.
  public var pin: PIN

  public init(id: CardID, product: ProductID, expiry: Day, serial: String, pin: PIN) {
    self.id = id
    self.product = product
    self.expiry = expiry
    self.serial = serial
    self.pin = pin
  }
}

/// A PIN in clear, which prints as `PIN(hidden)` wherever it is printed by accident.
public struct PIN: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// 1 to 64 bytes of UTF-8.
  public let text: String
  public init(_ text: String) { self.text = text }
  public var description: String { "PIN(hidden)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Who holds a card now.
public enum Custody: Hashable, Sendable {
  case loading(PurchaseID)
  case stock(Condition)
  /// In quarantine under the id that had it; `RequestID.zero` after a restore.
  case quarantined(RequestID)
  case reserved(RequestID)
  case delivered(RequestID)
  case void
}

/// One step of a card's life.
public struct CardEvent: Hashable, Sendable {
  public var sequence: UInt64
  public var timeMilliseconds: UInt64
  public var actor: ActorID
  /// The event's name, such as `vended`.
  public var name: String
  /// The id it was done under; `RequestID.zero` for none.
  public var id: RequestID

  public init(sequence: UInt64, timeMilliseconds: UInt64, actor: ActorID, name: String, id: RequestID) {
    self.sequence = sequence
    self.timeMilliseconds = timeMilliseconds
    self.actor = actor
    self.name = name
    self.id = id
  }
}

/// A card found by its serial: where it is, and its whole life, latest first. Never its PIN.
public struct CardLife: Hashable, Sendable {
  public var id: CardID
  public var serial: String
  public var product: ProductID
  public var lot: LotID
  public var purchase: PurchaseID
  public var expiry: Day
  public var custody: Custody
  public var life: [CardEvent]

  public init(
    id: CardID, serial: String, product: ProductID, lot: LotID, purchase: PurchaseID, expiry: Day, custody: Custody,
    life: [CardEvent]
  ) {
    self.id = id
    self.serial = serial
    self.product = product
    self.lot = lot
    self.purchase = purchase
    self.expiry = expiry
    self.custody = custody
    self.life = life
  }
}

/// What a shift sold in one currency.
public struct ShiftTotal: Hashable, Sendable {
  public var currency: Currency
  public var sales: UInt32 = 0
  public var cards: UInt32 = 0
  public var grossMinor: UInt64 = 0
  public var discountMinor: UInt64 = 0
  public var taxMinor: UInt64 = 0
  /// Sales reversed after delivery, with their cards at the price they were sold for.
  public var reversals: UInt32 = 0
  public var reversedCards: UInt32 = 0
  public var reversedMinor: UInt64 = 0
  /// Cards returned, at the price they were sold for.
  public var returnedCards: UInt32 = 0
  public var returnedMinor: UInt64 = 0

  public init(currency: Currency) { self.currency = currency }
}

/// A shift of one actor: since the last close.
public struct Shift: Hashable, Sendable {
  /// Rises by one with each close; the first is 1.
  public var number: UInt32
  public var openedAtMilliseconds: UInt64
  public var totals: [ShiftTotal]

  public init(number: UInt32, openedAtMilliseconds: UInt64, totals: [ShiftTotal]) {
    self.number = number
    self.openedAtMilliseconds = openedAtMilliseconds
    self.totals = totals
  }
}

/// A card of a chunk that was not loaded, and why.
public struct LoadRefusal: Hashable, Sendable {
  public enum Reason: UInt8, Sendable, Codable, CaseIterable {
    case duplicatePIN = 1
    case duplicateSerial = 2
    /// The lot of this expiry was not declared, or is full.
    case undeclared = 3
    /// An empty or too long serial or PIN.
    case malformed = 4
  }
  /// Which card of the chunk, from 0.
  public var index: UInt16
  public var reason: Reason
  /// The purchase that has the other one, for duplicates: this purchase means the same file.
  public var purchase: PurchaseID

  public init(index: UInt16, reason: Reason, purchase: PurchaseID) {
    self.index = index
    self.reason = reason
    self.purchase = purchase
  }
}
