import Foundation
import PinSealing
import PinWords
import Testing

@testable import PinEngine

@Suite("Documents: durable before their event, named by it, and gone with a change that came to nothing")
struct DocumentTests {
  @Test("A document is there before its event, found again by its change, and swept when no event ever named it")
  func documents() async throws {
    let shop = try await Shop()
    let (named, orphan) = (shop.bench.id(), shop.bench.id())
    let text = Array("Ada, ada@example.com".utf8)
    let kept = try await shop.bench.engine.keep(text, id: named).get()
    #expect(try await shop.bench.engine.keep(Array("other".utf8), id: named).get().bytes == text)
    let lost = try await shop.bench.engine.keep(Array("lost".utf8), id: orphan).get()
    let define = CustomerChange(
      id: named, customer: shop.bench.id(), version: 0, consents: true, document: kept.name)
    guard case .customer = await shop.bench.ask(.orders(.defineCustomer(define)), as: shop.clerk) else {
      throw Unexpected(what: "customer")
    }
    try shop.bench.restart()
    #expect(try shop.bench.engine.document(kept.name) == text)
    #expect(try shop.bench.engine.document(lost.name) == nil)
    for file in ["payload/data.mdb", "journal/00000001.journal", "state/data.mdb"] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(shop.bench.directory)/\(file)"))
      #expect(bytes.range(of: Data("ada@example".utf8)) == nil)
    }
  }

  /// What attempts at one change do one after another, and whether its document is there at last: `k` keeps it, `n` and `x`
  /// say that an attempt became an event or came to nothing, `u` that nobody knows; `r` starts the store again.
  @Test(
    "The document of a change that came to nothing is removed, but never one that an event may name",
    arguments: [
      ("kx", false), ("kn", true), ("ku", true), ("kkxx", false), ("kkxn", true), ("kknx", true), ("kux", true),
      ("knkx", true), ("kxkn", true), ("kxkx", false), ("kr", false), ("kur", false), ("kxr", false),
    ])
  func attempts(steps: String, isThere: Bool) async throws {
    let bench = try Bench()
    let id = bench.id()
    for step in steps {
      switch step {
      case "k": _ = try await bench.engine.keep(Array("Ada".utf8), id: id).get()
      case "n": bench.engine.settle(id, as: .isNamed(replacing: []))
      case "x": bench.engine.settle(id, as: .cameToNothing)
      case "u": bench.engine.settle(id, as: .unknown)
      default: try bench.restart()
      }
    }
    #expect(try await bench.hasDocument(id) == isThere)
  }

  @Test("A change that comes again after its document was purged has no other document kept in its name, crash or not")
  func again() async throws {
    let shop = try await Shop()
    let (first, customer) = (shop.bench.id(), shop.bench.id())
    let name = try await shop.bench.engine.keep(Array("Ada".utf8), id: first).get().name
    var change = CustomerChange(id: first, customer: customer, version: 0, consents: true, document: name)
    _ = await shop.bench.ask(.orders(.defineCustomer(change)), as: shop.clerk)
    shop.bench.engine.settle(first, as: .isNamed(replacing: []))
    let second = shop.bench.id()
    change = CustomerChange(
      id: second, customer: customer, version: 1, consents: true,
      document: try await shop.bench.engine.keep(Array("Bob".utf8), id: second).get().name)
    let answered = await shop.bench.engine.perform(.orders(.defineCustomer(change)), as: shop.clerk)
    shop.bench.engine.settle(second, as: .isNamed(replacing: answered.replaces))
    #expect(try await !shop.bench.hasDocument(first))
    let other = try await shop.bench.engine.keep(Array("Eve".utf8), id: first).get()
    #expect(other.isNew)
    #expect(try shop.bench.engine.document(name) == nil)
    try shop.bench.restart()
    #expect(try await !shop.bench.hasDocument(first))
    #expect(try shop.bench.engine.document(change.document) == Array("Bob".utf8))
    #expect(try shop.bench.engine.verify().sound)
  }

  @Test("A changed card, a customer defined anew and a sheet written anew each say which document they replaced")
  func replacing() async throws {
    let shop = try await Shop()
    let card = shop.card(2)
    let customer = try await shop.customer()
    let order = shop.bench.id()
    let submit = OrderChange.Submit(customer: customer, lines: [Line(product: shop.product, count: 1)], card: card)
    #expect(
      try await shop.replaced(
        by: .change(OrderChange(id: shop.bench.id(), order: order, version: 0, act: .submit(submit)))) == [])
    let other = shop.card(3)
    for (act, replaced) in [
      (OrderChange.Act.decline(reason: "no funds"), []), (.changeCard(other), [card.document.id]), (.approve, []),
      (.changeCard(shop.card(4)), [other.document.id]), (.recordPayment(authorisation: "A"), []),
    ] as [(OrderChange.Act, [RequestID])] {
      let version = try await shop.found(order).order.version
      let change = OrderChange(id: shop.bench.id(), order: order, version: version, act: act)
      #expect(try await shop.replaced(by: .change(change)) == replaced, "\(act)")
    }
    var documents: [RequestID] = []
    for version in 0..<3 as Range<UInt32> {
      let document = shop.card(9).document
      let define = CustomerChange(
        id: shop.bench.id(), customer: RequestID(high: 9, low: 9), version: version, consents: false,
        document: document)
      #expect(try await shop.replaced(by: .defineCustomer(define)) == documents)
      let sheet = SheetChange(
        id: shop.bench.id(), kind: .vendor, subject: .vendor("New & Co"), version: version, document: document)
      #expect(try await shop.replaced(by: .defineSheet(sheet)) == documents)
      documents = [document.id]
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("A start looks at the documents that were unnamed when the store ended, not at all there are")
  func marks() async throws {
    let shop = try await Shop()
    for _ in 0..<5 { _ = try await shop.customer() }
    #expect(try shop.bench.engine.countOfUnnamedDocuments() == 1)
    _ = try await shop.bench.engine.keep(Array("lost".utf8), id: shop.bench.id()).get()
    try shop.bench.restart()
    #expect(try shop.bench.engine.countOfUnnamedDocuments() == 0)
  }

  @Test("Verification names a document that is not the one of the journal")
  func changed() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer()
    guard case .customer(let found) = await shop.bench.ask(.orders(.customer(customer)), as: shop.clerk) else {
      throw Unexpected(what: "customer")
    }
    #expect(try shop.bench.engine.verify().sound)
    let id = found.document.id
    try shop.bench.engine.overwriteDocument(id, with: [1, 2, 3])
    let report = try shop.bench.engine.verify()
    #expect(!report.sound && report.problems.contains { $0.detail.contains("document \(id) is not") })
  }
}

extension Shop {
  /// The documents that a change says it replaced, and says again.
  fileprivate func replaced(by command: OrderCommand) async throws -> [RequestID] {
    let once = await bench.engine.perform(.orders(command), as: .store)
    let again = await bench.engine.perform(.orders(command), as: .store)
    #expect(again.isRepeat && again.replaces == once.replaces)
    return once.replaces
  }
}

extension Engine {
  fileprivate func countOfUnnamedDocuments() throws -> Int {
    let transaction = try store.payload.beginRead()
    return Int(try transaction.count(of: CardTables(store.payload.tables).unnamed))
  }

  fileprivate func overwriteDocument(_ id: RequestID, with bytes: [UInt8]) throws {
    let documents = CardTables(store.payload.tables).documents
    try store.payload.withWrite { transaction in
      let key = id.key
      try transaction.put(bytes.span.bytes, for: key.span.bytes, in: documents)
    }
  }
}
