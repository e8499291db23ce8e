import PinWords
import Testing

@testable import PinEngine

@Suite("The reader's buffer holds a PIN only while it is lent")
struct CardReaderTests {
  @Test("After the last card, and after one that does not open, no byte of any PIN is left", arguments: [false, true])
  func wiped(isCardMissing: Bool) async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1, prefix: "LONGER-THAN-THE-NEXT")
    try await bench.stock(product, 1, prefix: "B")
    let vend = Vend(id: bench.id(), line: Line(product: product, count: 2))
    var delivery = try #require(await bench.ask(.vend(vend), as: till).delivery)
    if isCardMissing {
      var missing = delivery.slices[1]
      missing.extent = Extent(first: CardID(99), count: 1)
      delivery.slices.append(missing)
    }
    var reader = try bench.engine.makeCardReader()
    var opened = 0
    do throws(CardFault) {
      try reader.open(delivery) { _, _, _, _, _ in opened += 1 }
      #expect(!isCardMissing)
    } catch {
      #expect(isCardMissing && error.card == CardID(99))
    }
    #expect(opened == 2)
    // What the longest PIN took of the buffer, in use or not.
    let longest = Bench.pin("LONGER-THAN-THE-NEXT", 0).utf8.count
    #expect(reader.opening.pin.isEmpty && reader.opening.pin.capacity >= longest)
    let isWiped = reader.opening.pin.withUnsafeBytes {
      UnsafeRawBufferPointer(start: $0.baseAddress, count: longest).allSatisfy { $0 == 0 }
    }
    #expect(isWiped)
  }
}
