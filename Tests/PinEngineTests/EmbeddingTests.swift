import Foundation
import PinEngine
import PinWords
import Testing

/// What README.md shows of embedding the engine, kept true: with the public interface alone.
@Suite("The engine can be embedded")
struct EmbeddingTests {
  @Test("A program of three screens imports cards and hands one out")
  func embeds() async throws {
    let directory = NSTemporaryDirectory() + "pinvault-embedded-\(UUID().uuidString)"
    defer {
      for path in [directory, directory + ".key"] { try? FileManager.default.removeItem(atPath: path) }
    }
    var generator = SystemRandomNumberGenerator()
    func newID() -> RequestID { .generate(atMilliseconds: 1_800_000_000_000, using: &generator) }

    let engine = try Engine.create(at: directory, masterKeyFile: directory + ".key")
    defer { engine.stop() }
    let administrator = ActorID(1)

    // A product, and who sells it.
    let product = Product(
      id: ProductID(0), sku: "ACME-10", name: "ACME 10", vendor: "ACME", currency: Currency("USD")!,
      faceValueMinor: 10_00, priceMinor: 10_00, instructions: "Dial *123*PIN#")
    let defined = await engine.perform(.defineProduct(DefineProduct(id: newID(), product: product)), as: administrator)
    guard case .product(let acme) = defined.outcome else { throw Unexpected(what: "product") }
    let shop = ActorDescription(id: ActorID(0), name: "shop", roles: .storefront)
    let named = await engine.defineActor(DefineActor(id: newID(), actor: shop, keyChange: .renew), as: administrator)
    guard case .actor(let seller) = named.outcome else { throw Unexpected(what: "actor") }

    // A purchase: declared, loaded, committed.
    let lots = [DeclaredLot(expiry: .never, count: 2)]
    let begun = await engine.begin(BeginPurchase(id: newID(), product: acme, lots: lots), as: administrator)
    guard case .purchase(let purchase, _) = begun.outcome else { throw Unexpected(what: "purchase") }
    let cards = CardChunk(capacity: 1024)
    for (serial, pin) in [("AC1", "4931 2077"), ("AC2", "8810 4562")] {
      let (serial, pin) = (Array(serial.utf8), Array(pin.utf8))
      cards.append(expiry: .never, serial: serial.span.bytes, pin: pin.span.bytes)
    }
    _ = await withCheckedContinuation { continuation in
      engine.load(purchase, chunk: 0, cards) { continuation.resume(returning: $0) }
    }
    _ = await engine.commit(purchase, as: administrator)

    // A sale: the PIN comes out after the event that sold it is on disk.
    let sale = Vend(id: newID(), line: Line(product: acme, count: 1))
    let answered = await engine.perform(.vend(sale), as: seller)
    guard case .delivery(let delivery) = answered.outcome else { throw Unexpected(what: "sale") }
    let sold = try engine.cards(of: delivery)
    #expect(sold.map(\.pin.text) == ["4931 2077"])
  }
}
