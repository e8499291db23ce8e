import Foundation
import PinEngine
import PinWords

@testable import PinOrders

/// An engine with a desk in a directory of their own: one product with cards, asked by the administrator, who may do everything.
struct OwnEngine {
  let desk: OrderDesk
  let asker: OrderDesk.Asker
  let product: ProductID

  static func with(_ body: (OwnEngine) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "pinvault-desk-\(UUID().uuidString)"
    defer {
      for path in [directory, directory + ".key", directory + ".cards"] {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
    let engine = try Engine.create(at: directory, masterKeyFile: directory + ".key")
    defer { engine.stop() }
    let vault = try CardVault(directory: directory + ".cards", outside: directory)
    let owner = ActorDescription(
      id: ActorID(0), name: "owner", roles: [.storefront, .clerk, .reviewer, .stockKeeper, .administrator])
    let named = await engine.defineActor(
      DefineActor(id: .new(), actor: owner, keyChange: .renew), as: ActorID(1))
    guard case .actor(let actor) = named.outcome else { throw NotDone() }
    let acme = Product(
      id: ProductID(0), sku: "ACME", name: "ACME", vendor: "ACME", currency: Currency("USD")!, faceValueMinor: 10_00,
      priceMinor: 10_00)
    let asker = OrderDesk.Asker(actor: actor, keyNumber: 0)
    let desk = OrderDesk(engine: engine, vault: vault)
    let product = try await desk.define(acme, id: .new(), asker).value.id
    let own = OwnEngine(desk: desk, asker: asker, product: product)
    try await own.stock(10)
    try await body(own)
  }

  /// Somebody else, who may do what these roles may.
  func actor(_ name: String, _ roles: Roles) async throws -> OrderDesk.Asker {
    let description = ActorDescription(id: ActorID(0), name: name, roles: roles)
    let define = DefineActor(id: .new(), actor: description, keyChange: .renew)
    guard case .actor(let actor) = await desk.engine.defineActor(define, as: asker.actor).outcome else {
      throw NotDone()
    }
    return OrderDesk.Asker(actor: actor, keyNumber: 0)
  }

  private func stock(_ count: UInt32) async throws {
    let begin = BeginPurchase(id: .new(), product: product, lots: [DeclaredLot(expiry: .never, count: count)])
    guard case .purchase(let purchase, _) = await desk.engine.begin(begin, as: asker.actor).outcome else {
      throw NotDone()
    }
    let cards = CardChunk(capacity: 4096)
    for number in 0..<count {
      cards.append(
        expiry: .never, serial: Array("S\(number)".utf8).span.bytes, pin: Array("1234\(number)".utf8).span.bytes)
    }
    _ = await withCheckedContinuation { continuation in
      desk.engine.load(purchase, chunk: 0, cards) { continuation.resume(returning: $0) }
    }
    _ = await desk.engine.commit(purchase, as: asker.actor)
  }

  /// A new customer's order of one card.
  func order(paidBy card: PaymentCardDetails) async throws -> Order {
    let customer = RequestID.new()
    _ = try await desk.define(
      CustomerDetails(name: "Ada", email: "ada@example.com"), customer: customer, version: 0, consents: false,
      id: .new(), asker)
    return try await desk.submit(
      OrderDesk.Submission(
        customer: customer, lines: [Line(product: product, count: 1)], shippingMinor: 0, card: card),
      order: .new(), id: .new(), asker
    ).value
  }

  struct NotDone: Error {}
}
