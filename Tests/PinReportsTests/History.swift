import PinWords
import TestSupport

@testable import PinEngine

/// A seeded history of a shop, told twice: to a real store, and to plain books.
struct History {
  let shop: Shop
  private(set) var books = PlainBooks()
  private var random: SeededGenerator

  private struct Item {
    var id: ProductID
    var sku: String
    var currency: String
    var price: UInt64
  }
  private var items: [Item] = []
  private var tills: [(id: ActorID, name: String)] = []
  private var customer = RequestID.zero
  private var clerk: (id: ActorID, name: String)
  private var keeper: (id: ActorID, name: String)

  /// Sales whose cards are delivered, or in quarantine under their id.
  private struct Sold {
    var id: RequestID
    var soldAt: UInt64
    var till: Int
    var entries: [PlainBooks.Entry]
    /// Card to line, of those still there.
    var there: [UInt64: Int]
  }
  private var delivered: [Sold] = []
  private var quarantined: [Sold] = []
  private var used: [(card: UInt64, sku: String)] = []
  private var importCount = 0

  init(seed: UInt64, startingAt start: UInt64, segmentByteCount: Int = 128 << 10) async throws {
    random = SeededGenerator(seed: seed)
    shop = try Shop(atMilliseconds: start, segmentByteCount: segmentByteCount)
    clerk = (try await shop.actor("clerk", .clerk), "clerk")
    keeper = (try await shop.actor("keeper", .stockKeeper), "keeper")
    for name in ["till-1", "till-2", "shop"] {
      let roles: Roles = name == "shop" ? [.storefront, .clerk, .reviewer] : [.terminal, .clerk]
      tills.append((try await shop.actor(name, roles), name))
    }
    customer = try await shop.customer(as: tills[2].id)
    let goods = [
      ("=1+1", "Ten, \"prepaid\"", "USD", UInt64(1000), UInt64(950)), ("EUR-5", "-5 Fünf", "EUR", 500, 505),
      ("YEN", "千円", "JPY", 1000, 1001), ("USD-3", "@three", "USD", 300, 299),
    ]
    for (sku, name, currency, face, price) in goods {
      items.append(
        Item(
          id: try await shop.product(sku, name: name, in: currency, face: face, price: price), sku: sku,
          currency: currency, price: price))
    }
    for index in items.indices { try await receive(index) }
  }

  /// Lets so many things happen, hours apart.
  mutating func go(_ steps: Int) async throws {
    for _ in 0..<steps {
      shop.clock.advance(milliseconds: UInt64.random(in: 1...10_000_000, using: &random))
      switch Int.random(in: 0..<21, using: &random) {
      case 0: try await receive(Int.random(in: 0..<items.count, using: &random))
      case 1...8: try await vend()
      case 9...11: try await sellByReservation()
      case 12: try await sellByOrder()
      case 13...14: try await takeBack()
      case 15: try await reverse()
      case 16: try await settle()
      case 17: try await reinventory()
      case 18: try await withdraw()
      case 19: try await closeShift()
      default: try await letGo()
      }
    }
  }

  private var now: UInt64 { shop.clock.nowMilliseconds() }

  private mutating func receive(_ index: Int) async throws {
    importCount += 1
    let count = Int.random(in: 60...120, using: &random)
    let loaded = count - Int.random(in: 0...3, using: &random)
    let cost = UInt64.random(in: 200...900, using: &random)
    let cards = try await shop.stock(
      items[index].id, count, loading: loaded, unitCost: cost, prefix: "L\(importCount)-")
    for card in cards { books.costs[card] = Int(cost) }
    if Bool.random(using: &random) {
      try await shop.order(items[index].id, UInt32(count), receiving: PurchaseID(UInt32(importCount)))
    }
    books.movements.append(
      PlainBooks.Movement(time: now, sku: items[index].sku, what: "received", cards: cards.count))
  }

  private mutating func line(_ index: Int, most: UInt32, condition: Condition = .regular) -> Line {
    let count = UInt32.random(in: 1...most, using: &random)
    return Line(
      product: items[index].id, count: count, condition: condition,
      discountMinor: Bool.random(using: &random) ? 0 : UInt64.random(in: 0...100, using: &random),
      taxMinor: Bool.random(using: &random) ? 0 : UInt64.random(in: 0...60, using: &random))
  }

  private mutating func sale() -> Sale {
    Sale(cashier: UInt32.random(in: 0...2, using: &random), tender: Tender.allCases.randomElement(using: &random)!)
  }

  private mutating func vend() async throws {
    let till = Int.random(in: 0..<tills.count, using: &random)
    let item = Int.random(in: 0..<items.count, using: &random)
    let sellsUsed = Int.random(in: 0..<6, using: &random) == 0
    let (line, sale) = (line(item, most: 5, condition: sellsUsed ? .used : .regular), sale())
    let id = shop.id()
    let outcome = await shop.ask(.vend(Vend(id: id, sale: sale, line: line)), as: tills[till].id)
    guard case .delivery(let delivery) = outcome else {
      guard case .refused(.insufficientStock) = outcome else { throw Unexpected(what: "vend: \(outcome)") }
      return
    }
    record(id, till, sale, [(item, line)], delivery.slices.map(\.self))
  }

  private mutating func reserve(
    _ till: Int, _ sale: Sale
  ) async throws -> (id: RequestID, lines: [(item: Int, line: Line)], slices: [Slice])? {
    var lines: [(item: Int, line: Line)] = []
    for _ in 1...Int.random(in: 1...4, using: &random) {
      let item = Int.random(in: 0..<items.count, using: &random)
      lines.append((item, line(item, most: 6)))
    }
    let id = shop.id()
    let reserve = Reserve(id: id, holdSeconds: 86_400, sale: sale, lines: lines.map(\.line))
    switch await shop.ask(.reserve(reserve), as: tills[till].id) {
    case .granted(let reservation): return (id, lines, reservation.slices)
    case .refused(.insufficientStock): return nil
    case let outcome: throw Unexpected(what: "reserve: \(outcome)")
    }
  }

  private mutating func sellByReservation() async throws {
    let (till, sale) = (Int.random(in: 0..<tills.count, using: &random), sale())
    guard let held = try await reserve(till, sale) else { return }
    // Over midnight, now and then.
    shop.clock.advance(milliseconds: UInt64.random(in: 1...40_000_000, using: &random))
    guard case .delivery = await shop.ask(.dispense(held.id), as: tills[till].id) else {
      throw Unexpected(what: "dispense")
    }
    record(held.id, till, sale, held.lines, held.slices)
  }

  /// An order of the shop's: delivered when it is both paid and approved, given up before, or taken back whole.
  private mutating func sellByOrder() async throws {
    let (till, item) = (2, Int.random(in: 0..<items.count, using: &random))
    let lines = (1...Int.random(in: 1...3, using: &random)).map { _ in (item: item, line: line(item, most: 6)) }
    let id = shop.id()
    let submit = OrderChange.Submit(customer: customer, lines: lines.map(\.line))
    switch await shop.change(id, 0, .submit(submit), as: tills[till].id) {
    case .orderChanged: break
    case .refused(.insufficientStock): return
    case let outcome: throw Unexpected(what: "submit: \(outcome)")
    }
    guard case .found(.reservation(let held)) = await shop.ask(.lookUp(id), as: tills[till].id),
      case .order(let found) = await shop.ask(.orders(.order(id)), as: tills[till].id)
    else { throw Unexpected(what: "order") }
    let givesUp = Int.random(in: 0..<4, using: &random) == 0
    var acts: [OrderChange.Act] =
      givesUp ? [.cancel(reason: "a mistake")] : [.decline(reason: "no"), .recordPayment(authorisation: "A")]
    if !givesUp, found.order.axes.review == .pending {
      acts.insert(.approve, at: Int.random(in: 0...acts.count, using: &random))
    }
    for (version, act) in acts.enumerated() {
      shop.clock.advance(milliseconds: UInt64.random(in: 1...10_000_000, using: &random))
      guard case .orderChanged = await shop.change(id, UInt32(version + 1), act, as: tills[till].id) else {
        throw Unexpected(what: "\(act)")
      }
    }
    if givesUp { return }
    record(id, till, Sale(), lines, held.slices)
    // Only an order's acts move its cards.
    let sold = delivered.removeLast()
    if Bool.random(using: &random) { return }
    shop.clock.advance(milliseconds: UInt64.random(in: 1...40_000_000, using: &random))
    let outcome = await shop.change(id, UInt32(acts.count + 1), .takeBack([]), as: clerk.id)
    guard case .orderChanged = outcome else { throw Unexpected(what: "take back: \(outcome)") }
    book(sold, sold.there.keys.sorted(), as: "return", of: clerk.name, cashier: 0)
    used += sold.entries.flatMap { entry in entry.cards.map { ($0, entry.sku) } }
  }

  private mutating func closeShift() async throws {
    let till = tills[Int.random(in: 0...1, using: &random)]
    guard case .shift = await shop.ask(.closeShift(shop.id()), as: till.id) else { throw Unexpected(what: "close") }
  }

  /// A hold that is released, reversed, or left to expire: it is no sale.
  private mutating func letGo() async throws {
    let till = Int.random(in: 0..<tills.count, using: &random)
    guard let held = try await reserve(till, sale()) else { return }
    switch Int.random(in: 0..<3, using: &random) {
    case 0: _ = await shop.ask(.release(held.id), as: tills[till].id)
    case 1: _ = await shop.ask(.reverse(held.id), as: tills[till].id)
    default: shop.clock.advance(milliseconds: 86_400_000)
    }
  }

  private mutating func record(
    _ id: RequestID, _ till: Int, _ sale: Sale, _ lines: [(item: Int, line: Line)], _ slices: [Slice]
  ) {
    var sold = Sold(id: id, soldAt: now, till: till, entries: [], there: [:])
    for (index, (item, line)) in lines.enumerated() {
      let cards = slices.filter { Int($0.line) == index }.flatMap { $0.extent.first.rawValue..<$0.extent.end.rawValue }
      let entry = PlainBooks.Entry(
        kind: "sale", time: now, reservation: id.description, soldAt: nil, line: index, actor: tills[till].name,
        cashier: sale.cashier, tender: sale.tender.nameInBooks, sku: items[item].sku, currency: items[item].currency,
        price: Int(items[item].price), lineCount: Int(line.count), lineDiscount: Int(line.discountMinor),
        lineTax: Int(line.taxMinor), cards: cards)
      books.entries.append(entry)
      sold.entries.append(entry)
      for card in cards {
        sold.there[card] = index
        used.removeAll { $0.card == card }
      }
      books.movements.append(PlainBooks.Movement(time: now, sku: entry.sku, what: "sold", cards: cards.count))
    }
    delivered.append(sold)
  }

  /// Books cards of a sale as something else: an entry for each line that has any.
  private mutating func book(_ sold: Sold, _ cards: [UInt64], as kind: String, of actor: String, cashier: UInt32?) {
    for entry in sold.entries {
      let some = cards.filter { sold.there[$0] == entry.line }
      guard !some.isEmpty else { continue }
      var posted = entry
      posted.kind = kind
      posted.time = now
      posted.soldAt = sold.soldAt
      posted.actor = actor
      posted.cashier = cashier ?? entry.cashier
      posted.cards = some
      books.entries.append(posted)
      let what = kind == "settlement" ? "sold" : "returned"
      books.movements.append(PlainBooks.Movement(time: now, sku: entry.sku, what: what, cards: some.count))
    }
  }

  private mutating func takeBack() async throws {
    guard let index = delivered.indices.randomElement(using: &random) else { return }
    let sold = delivered[index]
    let all = sold.there.keys.sorted()
    let some = Bool.random(using: &random) ? all : all.filter { _ in Bool.random(using: &random) }
    guard !some.isEmpty else { return }
    let extents = some == all ? [] : some.map { Extent(first: CardID($0), count: 1) }
    let taker = Bool.random(using: &random) ? clerk : tills[0]
    let outcome = await shop.ask(
      .return(Return(id: shop.id(), reservation: sold.id, extents: extents)), as: taker.id)
    guard case .returned = outcome else { throw Unexpected(what: "return: \(outcome)") }
    book(sold, some, as: "return", of: taker.name, cashier: 0)
    for entry in sold.entries {
      used += some.filter { sold.there[$0] == entry.line }.map { ($0, entry.sku) }
    }
    for card in some { delivered[index].there[card] = nil }
    if delivered[index].there.isEmpty { delivered.remove(at: index) }
  }

  private mutating func reverse() async throws {
    guard let sold = delivered.last else { return }
    let outcome = await shop.ask(.reverse(sold.id), as: tills[sold.till].id)
    guard case .state(.quarantined, _) = outcome else { return }
    book(sold, sold.there.keys.sorted(), as: "cancellation", of: tills[sold.till].name, cashier: nil)
    delivered.removeLast()
    quarantined.append(sold)
  }

  private mutating func settle() async throws {
    guard let index = quarantined.indices.randomElement(using: &random) else { return }
    let sold = quarantined.remove(at: index)
    let outcome = await shop.ask(
      .settle(Settle(id: shop.id(), reservation: sold.id, reason: "seen")), as: keeper.id)
    guard case .moved = outcome else { throw Unexpected(what: "settle: \(outcome)") }
    book(sold, sold.there.keys.sorted(), as: "settlement", of: tills[sold.till].name, cashier: nil)
    var settled = sold
    settled.soldAt = now
    delivered.insert(settled, at: 0)
  }

  private mutating func reinventory() async throws {
    guard let index = used.indices.randomElement(using: &random) else { return }
    let (card, _) = used.remove(at: index)
    let change = StockChange(id: shop.id(), extents: [Extent(first: CardID(card), count: 1)], reason: "sealed")
    guard case .moved(1) = await shop.ask(.reinventory(change), as: keeper.id) else {
      throw Unexpected(what: "reinventory")
    }
  }

  private mutating func withdraw() async throws {
    guard let index = used.indices.randomElement(using: &random) else { return }
    let (card, sku) = used.remove(at: index)
    let change = StockChange(id: shop.id(), extents: [Extent(first: CardID(card), count: 1)], reason: "torn")
    guard case .moved(1) = await shop.ask(.withdraw(change), as: keeper.id) else {
      throw Unexpected(what: "withdraw")
    }
    books.movements.append(PlainBooks.Movement(time: now, sku: sku, what: "withdrawn", cards: 1))
  }
}

extension Tender {
  fileprivate var nameInBooks: String {
    ["unspecified", "cash", "card", "account", "voucher", "other"][Int(rawValue)]
  }
}
