/// What is answered, in the model's own words: see `Words.swift`.
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
  case expiry, serial, actor, minimumValidity, limits
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
  case productNotPermitted(Int)
  case limitReached(Limit, left: UInt64, retryAfter: UInt64)
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
