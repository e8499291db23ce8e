import PinWords
import Testing

@testable import PinEngine

@Suite("Purchase orders, and the imports that come in against them")
struct PurchaseOrderTests {
  @Test("Drafted, approved, received by imports: short and refused cards show, and when all came it is received")
  func life() async throws {
    let shop = try await Shop()
    let order = try await shop.purchaseOrder([shop.product: 30])
    try await shop.change(order, .approve)
    let short = try await shop.import(shop.product, 20, declared: 25)
    try await shop.change(order, .receive(short))
    var found = try await shop.found(purchaseOrder: order)
    #expect(found.state == .approved && found.lines[0].received == 20 && found.lines[0].refused == 5)
    #expect(found.lines[0].short == 10 && found.receipts == [short])
    try await shop.change(order, .receive(try await shop.import(shop.product, 12, declared: 12)))
    found = try await shop.found(purchaseOrder: order)
    #expect(found.state == .received && found.lines[0].received == 32 && found.lines[0].short == 0)
    try await shop.change(order, .close(reason: "paid"))
    #expect(try await shop.found(purchaseOrder: order).state == .closed)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("An import is received once, by an order of its vendor that wants its product, when it is committed")
  func receiving() async throws {
    let shop = try await Shop()
    let orders = [try await shop.purchaseOrder([shop.product: 30]), try await shop.purchaseOrder([shop.product: 30])]
    let other = try await shop.bench.product("OTHER")
    let foreign = try await shop.purchaseOrder([shop.product: 5], vendor: "Somebody Else")
    for order in orders + [foreign] { try await shop.change(order, .approve) }
    let purchase = try await shop.import(shop.product, 3, declared: 3)
    try await shop.change(orders[0], .receive(purchase))
    for (order, purchase, wanted) in [
      (orders[1], purchase, "alreadyReceived"), (orders[1], try await shop.import(other, 2, declared: 2), "product"),
      (foreign, try await shop.import(shop.product, 2, declared: 2), "vendor"),
      (orders[1], PurchaseID(99), "unknownPurchase"),
    ] {
      let outcome = await shop.ask(order, .receive(purchase), version: 2)
      #expect("\(outcome)".contains(wanted), "\(outcome)")
      #expect(try await shop.found(purchaseOrder: order).version == 2)
    }
  }

  /// Each act on purchase orders that stand in each of these ways: `x` where it may be done.
  static let acts = """
              draft  approved  received  closed
      draft   x      .         .         .
      approve x      .         .         .
      receive .      x         .         .
      close   x      x         x         .
    """

  @Test("Each act is done to an order that stands where it may, and to no other; each by its roles alone")
  func table() async throws {
    let shop = try await Shop()
    let rows = Self.acts.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    for row in rows.dropFirst() {
      let act = try #require(PurchaseOrderAct.allCases.first { "\($0)" == row[0] })
      for (state, mark) in zip(rows[0], row.dropFirst()) {
        let order = try await shop.purchaseOrder(standing: state)
        let before = try await shop.found(purchaseOrder: order)
        #expect("\(before.state)" == state)
        let change = try await shop.act(act)
        for name in ["web-shop", "shop-clerk", "reviewer"] {
          let actor = name == "web-shop" ? shop.storefront : name == "reviewer" ? shop.reviewer : shop.clerk
          #expect(await shop.ask(order, change, version: before.version, as: actor).refusal == .notPermitted)
        }
        let outcome = await shop.ask(order, change, version: before.version)
        let isDone = if case .purchaseOrder = outcome { true } else { false }
        #expect(isDone == (mark == "x"), "\(act) of one that is \(state): \(outcome)")
        #expect(isDone || "\(outcome)".contains("purchaseOrderState"))
      }
    }
  }

  @Test("A change of an older version, or of what cannot be, is refused; the same change again is answered the same")
  func refusals() async throws {
    let shop = try await Shop()
    let euro = try await shop.euroProduct()
    func line(_ product: ProductID, _ count: UInt32 = 1, cost: UInt64 = 1) -> PurchaseOrder.Line {
      PurchaseOrder.Line(product: product, count: count, unitCostMinor: cost)
    }
    for (vendor, lines, wanted) in [
      ("", [line(shop.product)], "vendor"), ("ACME", [], "lines"), ("ACME", [line(shop.product, 0)], "count"),
      ("ACME", [line(shop.product), line(shop.product)], "lines"), ("ACME", [line(ProductID(99))], "unknownProduct"),
      ("ACME", [line(shop.product), line(euro)], "otherCurrency"),
      ("ACME", [line(shop.product, cost: .max)], "unit cost"),
    ] {
      let outcome = await shop.ask(shop.bench.id(), .draft(vendor: vendor, lines: lines), version: 0)
      #expect("\(outcome)".contains(wanted), "\(outcome)")
    }
    let order = try await shop.purchaseOrder([shop.product: 3])
    guard case .orderRefused(.staleVersion(present: 1)) = await shop.ask(order, .approve, version: 9) else {
      throw Unexpected(what: "another version")
    }
    let change = PurchaseOrderChange(id: shop.bench.id(), order: order, version: 1, act: .approve)
    let first = await shop.bench.engine.perform(.orders(.changePurchaseOrder(change)), as: shop.bench.administrator)
    let again = await shop.bench.engine.perform(.orders(.changePurchaseOrder(change)), as: shop.bench.administrator)
    #expect(!first.isRepeat && again.isRepeat && first.sequence == again.sequence)
  }

  @Test("A vendor is known by its first sheet or its first import, under one number; a sheet is changed by its version")
  func sheets() async throws {
    let shop = try await Shop()
    #expect(try await shop.sheet(.vendor, .vendor("NOVA Ltd"), version: 0) == Sheet.Told(number: 2, version: 1))
    #expect(shop.bench.engine.catalogue.vendors == ["ACME", "NOVA Ltd"])
    #expect(try await shop.sheet(.vendor, .vendor("NOVA Ltd"), version: 1) == Sheet.Told(number: 2, version: 2))
    #expect(try await shop.sheet(.picture, .product(shop.product), version: 0) == Sheet.Told(number: 1, version: 1))
    await #expect(throws: Unexpected.self) { try await shop.sheet(.rates, .product(shop.product), version: 1) }
    await #expect(throws: Unexpected.self) { try await shop.sheet(.picture, .product(ProductID(9)), version: 0) }
    await #expect(throws: Unexpected.self) { try await shop.sheet(.vendor, .product(shop.product), version: 0) }
    await #expect(throws: Unexpected.self) { try await shop.sheet(.rates, .vendor("ACME"), version: 0) }
    #expect(try await shop.soundAfterRestart())
    #expect(shop.bench.engine.catalogue.vendors == ["ACME", "NOVA Ltd"])
  }
}

extension Sheet {
  struct Told: Equatable {
    var number: UInt32
    var version: UInt32
  }
}

extension Shop {
  func ask(
    _ order: RequestID, _ act: PurchaseOrderChange.Act, version: UInt32, as actor: ActorID? = nil
  ) async -> Outcome {
    let change = PurchaseOrderChange(id: bench.id(), order: order, version: version, act: act)
    return await bench.ask(.orders(.changePurchaseOrder(change)), as: actor ?? bench.administrator)
  }

  func change(_ order: RequestID, _ act: PurchaseOrderChange.Act) async throws {
    let outcome = await ask(order, act, version: try await found(purchaseOrder: order).version)
    guard case .purchaseOrder = outcome else { throw Unexpected(what: "\(act): \(outcome)") }
  }

  func found(purchaseOrder order: RequestID) async throws -> PurchaseOrder {
    guard case .purchaseOrder(let found) = await bench.ask(.orders(.purchaseOrder(order)), as: bench.administrator)
    else {
      throw Unexpected(what: "purchase order")
    }
    return found
  }

  func purchaseOrder(_ wanted: [ProductID: UInt32], vendor: String = "ACME") async throws -> RequestID {
    let order = bench.id()
    let lines = wanted.map { PurchaseOrder.Line(product: $0, count: $1, unitCostMinor: 870) }
    guard case .purchaseOrder = await ask(order, .draft(vendor: vendor, lines: lines), version: 0) else {
      throw Unexpected(what: "draft")
    }
    return order
  }

  func purchaseOrder(standing state: String) async throws -> RequestID {
    let order = try await purchaseOrder([product: 2])
    if state == "closed" { try await change(order, .close(reason: "a mistake")) }
    if ["approved", "received"].contains(state) { try await change(order, .approve) }
    if state == "received" { try await change(order, .receive(try await self.import(product, 2, declared: 2))) }
    return order
  }

  func act(_ act: PurchaseOrderAct) async throws -> PurchaseOrderChange.Act {
    switch act {
    case .draft: .draft(vendor: "ACME", lines: [PurchaseOrder.Line(product: product, count: 7, unitCostMinor: 1)])
    case .approve: .approve
    case .receive: .receive(try await self.import(product, 1, declared: 1))
    case .close: .close(reason: "enough")
    }
  }

  /// Imports cards, fewer than were declared.
  func `import`(_ product: ProductID, _ count: Int, declared: UInt32) async throws -> PurchaseID {
    let begin = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: declared)])
    guard case .purchase(let purchase, _) = await bench.engine.begin(begin, as: bench.administrator).outcome else {
      throw Unexpected(what: "begin")
    }
    let chunk = CardChunk(capacity: count * 64)
    for number in 0..<count { chunk.append("P\(purchase)-\(number)", pin: "PIN\(purchase)-\(number)", expiry: .never) }
    guard case .success = await bench.load(purchase, 0, chunk),
      case .purchase = await bench.engine.commit(purchase, as: bench.administrator).outcome
    else { throw Unexpected(what: "import") }
    return purchase
  }

  @discardableResult
  func sheet(_ kind: SheetKind, _ subject: SheetChange.Subject, version: UInt32) async throws -> Sheet.Told {
    let id = bench.id()
    let kept = try await bench.engine.keep(Array("sheet".utf8), id: id).get()
    let change = SheetChange(id: id, kind: kind, subject: subject, version: version, document: kept.name)
    let answered = await bench.engine.perform(.orders(.defineSheet(change)), as: bench.administrator)
    guard case .sheet(let sheet) = answered.outcome else {
      bench.engine.settle(id, as: .cameToNothing)
      throw Unexpected(what: "sheet: \(answered.outcome)")
    }
    bench.engine.settle(id, as: .isNamed(replacing: answered.replaces))
    return Sheet.Told(number: sheet.number, version: sheet.version)
  }
}
