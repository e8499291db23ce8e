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
  package var limits: Limits

  package init(
    number: Int = 0, name: String, roles: Set<Role>, isRevoked: Bool = false, limits: Limits = Limits()
  ) {
    self.number = number
    self.name = name
    self.roles = roles
    self.isRevoked = isRevoked
    self.limits = limits
  }
}

/// What an actor may do; 0 limits nothing.
package struct Limits: Hashable, Sendable {
  package var minute = Allowance()
  package var day = Allowance()
  /// Of both values; nil if there is neither.
  package var currency: String?
  /// What it may sell, in rising order; none for everything.
  package var products: [Int] = []

  package init() {}
}

package struct Allowance: Hashable, Sendable {
  package var cards: Int
  package var reprints: Int
  package var value: UInt64

  package init(cards: Int = 0, reprints: Int = 0, value: UInt64 = 0) {
    self.cards = cards
    self.reprints = reprints
    self.value = value
  }
}

package enum Limit: Hashable, Sendable, CaseIterable {
  case cardsPerMinute, cardsPerDay, valuePerMinute, valuePerDay, reprintsPerMinute, reprintsPerDay
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
