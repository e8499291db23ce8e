/// What is asked and answered, in the model's own words: nothing here is shared with the engine.
///
/// Read `Model.swift` first. Numbers are plain integers, times are milliseconds since 1970, money is minor units.
package typealias ID = UInt128

package enum Role: Hashable, Sendable, CaseIterable {
  case terminal, storefront, clerk, reviewer, stockKeeper, accountant, keyCustodian, auditor, administrator
}

package struct Actor: Hashable, Sendable {
  /// 0 to add one.
  package var number: Int
  package var name: String
  package var roles: Set<Role>
  package var isRevoked: Bool

  package init(number: Int = 0, name: String, roles: Set<Role>, isRevoked: Bool = false) {
    self.number = number
    self.name = name
    self.roles = roles
    self.isRevoked = isRevoked
  }
}

package enum Condition: Hashable, Sendable { case regular, used, quarantined }

package struct Product: Hashable, Sendable {
  /// 0 to add one.
  package var number: Int
  package var sku: String
  package var name: String
  package var vendor: String
  package var currency: String
  package var faceValue: UInt64
  package var price: UInt64
  package var minimumValidityDays: UInt32
  package var isFrozen = false

  package init(
    number: Int = 0, sku: String, name: String, vendor: String, currency: String, faceValue: UInt64, price: UInt64,
    minimumValidityDays: UInt32 = 0
  ) {
    self.number = number
    self.sku = sku
    self.name = name
    self.vendor = vendor
    self.currency = currency
    self.faceValue = faceValue
    self.price = price
    self.minimumValidityDays = minimumValidityDays
  }
}

package struct Line: Hashable, Sendable {
  package var product: Int
  package var count: Int
  package var condition: Condition
  package var discount: UInt64
  package var tax: UInt64

  package init(
    product: Int, count: Int, condition: Condition = .regular, discount: UInt64 = 0, tax: UInt64 = 0
  ) {
    self.product = product
    self.count = count
    self.condition = condition
    self.discount = discount
    self.tax = tax
  }
}

package struct Sale: Hashable, Sendable {
  package var cashier: UInt32
  /// Its number on the wire.
  package var tender: UInt8

  package init(cashier: UInt32 = 0, tender: UInt8 = 0) {
    self.cashier = cashier
    self.tender = tender
  }
}

/// Consecutive card ids.
package struct Run: Hashable, Sendable {
  package var first: Int
  package var count: Int

  package init(_ first: Int, _ count: Int) {
    self.first = first
    self.count = count
  }

  package var cards: Range<Int> { first..<first + count }
}

/// A lot as declared: the expiry as a day since 1970, `UInt32.max` for never, and how many cards may be loaded.
package struct DeclaredLot: Hashable, Sendable {
  package var expiry: UInt32
  package var count: Int

  package init(expiry: UInt32, count: Int) {
    self.expiry = expiry
    self.count = count
  }
}

package struct Purchase: Hashable, Sendable {
  package var product: Int
  /// Empty for the product's vendor.
  package var vendor: String
  package var unitCost: UInt64
  package var invoice: String
  package var lots: [DeclaredLot]

  package init(product: Int, vendor: String = "", unitCost: UInt64 = 0, invoice: String = "", lots: [DeclaredLot]) {
    self.product = product
    self.vendor = vendor
    self.unitCost = unitCost
    self.invoice = invoice
    self.lots = lots
  }
}

package struct LoadedCard: Hashable, Sendable {
  package var expiry: UInt32
  package var serial: String
  package var pin: String

  package init(expiry: UInt32, serial: String, pin: String) {
    self.expiry = expiry
    self.serial = serial
    self.pin = pin
  }
}

package enum Request: Hashable, Sendable {
  case reserve(ID, holdSeconds: UInt64, Sale, [Line])
  case vend(ID, Sale, Line)
  case dispense(ID)
  case confirm(ID)
  case extend(ID, deadline: UInt64)
  case release(ID)
  case reverse(ID)
  case giveBack(ID, of: ID, [Run])
  case reprint(ID, first: Int, count: Int)
  case reinventory(ID, [Run], reason: String)
  case settle(ID, of: ID, reason: String)
  case withdraw(ID, [Run], reason: String)
  case freeze(ID, product: Int, reason: String)
  case thaw(ID, product: Int, reason: String)
  case defineProduct(ID, Product)
  case defineActor(ID, Actor, renewsKey: Bool)
  case beginPurchase(ID, Purchase)
  case loadCards(purchase: Int, chunk: Int, [LoadedCard])
  case commitPurchase(Int)
  case abandonPurchase(Int)
  case closeShift(ID)
  case lookUp(ID)
  /// 0 for all products.
  case stock(product: Int)
  case shiftTotals
  case actors
  /// Where a card is: what `card` tells of one whose id is known.
  case locate(card: Int)
}

package enum State: Hashable, Sendable, CaseIterable {
  case held, delivered, confirmed, released, expired, reversed, quarantined
}

package struct GrantedLine: Hashable, Sendable {
  package var line: Line
  package var unitPrice: UInt64
  package var currency: String

  package init(line: Line, unitPrice: UInt64, currency: String) {
    self.line = line
    self.unitPrice = unitPrice
    self.currency = currency
  }
}

/// A card of a reservation, and which line asked for it.
package struct Granted: Hashable, Sendable {
  package var card: Int
  package var line: Int

  package init(card: Int, line: Int) {
    self.card = card
    self.line = line
  }
}

package struct Reservation: Hashable, Sendable {
  package var id: ID
  package var state: State
  package var actor: Int
  package var sale: Sale
  package var reservedAt: UInt64
  /// 0 for none.
  package var deadline: UInt64
  /// 0 if it was not.
  package var dispensedAt: UInt64
  /// How many of its cards were told.
  package var told: Int
  package var prints: Int
  package var lines: [GrantedLine]
  /// In the order in which they are handed out.
  package var cards: [Granted]

  package init(
    id: ID, state: State, actor: Int, sale: Sale, reservedAt: UInt64, deadline: UInt64, dispensedAt: UInt64, told: Int,
    prints: Int, lines: [GrantedLine], cards: [Granted]
  ) {
    self.id = id
    self.state = state
    self.actor = actor
    self.sale = sale
    self.reservedAt = reservedAt
    self.deadline = deadline
    self.dispensedAt = dispensedAt
    self.told = told
    self.prints = prints
    self.lines = lines
    self.cards = cards
  }
}

package struct ToldCard: Hashable, Sendable {
  package var card: Int
  package var line: Int
  package var expiry: UInt32
  package var serial: String
  package var pin: String

  package init(card: Int, line: Int, expiry: UInt32, serial: String, pin: String) {
    self.card = card
    self.line = line
    self.expiry = expiry
    self.serial = serial
    self.pin = pin
  }
}

package struct Delivery: Hashable, Sendable {
  package var id: ID
  package var state: State
  package var dispensedAt: UInt64
  package var first: Int
  package var next: Int
  package var total: Int
  package var prints: Int
  package var lines: [GrantedLine]
  package var cards: [ToldCard]

  package init(
    id: ID, state: State, dispensedAt: UInt64, first: Int, next: Int, total: Int, prints: Int, lines: [GrantedLine],
    cards: [ToldCard]
  ) {
    self.id = id
    self.state = state
    self.dispensedAt = dispensedAt
    self.first = first
    self.next = next
    self.total = total
    self.prints = prints
    self.lines = lines
    self.cards = cards
  }
}

package struct Credit: Hashable, Sendable {
  package var cards: Int
  package var amount: UInt64
  package var currency: String

  package init(cards: Int, amount: UInt64, currency: String) {
    self.cards = cards
    self.amount = amount
    self.currency = currency
  }
}

package struct Level: Hashable, Sendable {
  package var product: Int
  package var regular = 0
  package var used = 0
  package var quarantined = 0
  package var reserved = 0
  package var delivered = 0
  package var void = 0
  package var loading = 0

  package init(product: Int) { self.product = product }
}

package struct PurchaseLot: Hashable, Sendable {
  package var number: Int
  package var expiry: UInt32
  package var first: Int
  package var declared: Int
  /// 0 until it is committed.
  package var loaded: Int

  package init(number: Int, expiry: UInt32, first: Int, declared: Int, loaded: Int) {
    self.number = number
    self.expiry = expiry
    self.first = first
    self.declared = declared
    self.loaded = loaded
  }
}

package struct ShiftTotal: Hashable, Sendable {
  package var currency: String
  package var sales = 0
  package var cards = 0
  package var gross: UInt64 = 0
  package var discount: UInt64 = 0
  package var tax: UInt64 = 0
  package var reversals = 0
  package var reversedCards = 0
  package var reversed: UInt64 = 0
  package var returnedCards = 0
  package var returned: UInt64 = 0

  package init(currency: String) { self.currency = currency }
}

package struct Shift: Hashable, Sendable {
  package var number: Int
  package var openedAt: UInt64
  package var totals: [ShiftTotal]

  package init(number: Int, openedAt: UInt64, totals: [ShiftTotal]) {
    self.number = number
    self.openedAt = openedAt
    self.totals = totals
  }
}

package struct LoadRefusal: Hashable, Sendable {
  package enum Reason: Hashable, Sendable { case duplicatePIN, duplicateSerial, undeclared, malformed }
  package var index: Int
  package var reason: Reason
  /// Which purchase has the other one; 0 if none.
  package var purchase: Int

  package init(index: Int, reason: Reason, purchase: Int) {
    self.index = index
    self.reason = reason
    self.purchase = purchase
  }
}

package enum Place: Hashable, Sendable {
  case loading(purchase: Int)
  case stock(Condition)
  case quarantined(ID)
  case reserved(ID)
  case delivered(ID)
  case void
}

package enum Field: Hashable, Sendable, CaseIterable {
  case id, operation, product, count, condition, discount, tax, cashier, tender, holdTime, deadline, lines, extents
  case reason, reservation, index, sku, name, vendor, currency, faceValue, price, roles, unitCost, invoice, lots
  case expiry, serial, actor, minimumValidity
  /// One that nothing in a history can be refused for.
  case other
}

package enum Refusal: Hashable, Sendable {
  case invalid(Field)
  /// Which of the fields that are out of range is named is not fixed.
  case invalidInOne(of: Set<Field>)
  case notPermitted
  case idReused(Field)
  /// Which of the fields that differ is named is not fixed.
  case idReusedInOne(of: Set<Field>)
  case notYours
  case unknownID
  case unknownProduct(Int)
  case unknownPurchase
  case unknownCard
  case unknownActor
  case nameTaken
  case lastAdministrator
  case productFrozen(Int)
  case insufficientStock(Int, available: Int)
  case tooManyExtents(limit: Int)
  case wrongState(State)
  case deadlinePassed
  case final
  case withdrawn
  case notInCustody(Int)
  case outOfTurn(expected: Int)
  case busy
  case importRunning(Int)
  /// One that nothing in a history can be refused with.
  case other(String)
}

package enum Outcome: Hashable, Sendable {
  case refused(Refusal)
  case done
  case delivery(Delivery)
  case granted(Reservation)
  case state(State, deadline: UInt64)
  case foundReservation(Reservation)
  /// By the request's case name, such as `giveBack`.
  case foundChange(String, at: UInt64)
  case moved(Int)
  case returned([Credit])
  case levels([Level])
  case purchase(Int, [PurchaseLot])
  case loaded(accepted: Int, [LoadRefusal])
  case product(Int)
  case actor(Int)
  case actors([Actor])
  case shift(Shift)
  case located(Place)
}

package struct Answer: Hashable, Sendable {
  package var outcome: Outcome
  package var isRepeat: Bool
  /// The number of the event that made it so, the store's events numbered from 1; nil where the documents do not say.
  package var event: Int?

  package init(_ outcome: Outcome, isRepeat: Bool = false, event: Int? = nil) {
    self.outcome = outcome
    self.isRepeat = isRepeat
    self.event = event
  }
}
