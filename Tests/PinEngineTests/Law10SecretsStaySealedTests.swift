import Foundation
import PinWords
import Testing

@testable import PinEngine

@Suite("Law 10: secrets stay sealed")
struct Law10SecretsStaySealedTests {
  @Test("No file of a data directory or a backup has a PIN in it, whatever was done with the card")
  func grep() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 20)
    let line = Line(product: product, count: 2)
    let (sale, hold, doubt) = (bench.id(), bench.id(), bench.id())
    for command in [
      Command.vend(Vend(id: sale, line: line)), .vend(Vend(id: sale, line: line)), .confirm(sale),
      .reserve(Reserve(id: hold, holdSeconds: 60, lines: [line])), .dispense(hold),
      .reprint(Reprint(reservation: hold)),
      .return(Return(id: bench.id(), reservation: hold)), .vend(Vend(id: doubt, line: line)), .reverse(doubt),
    ] {
      let answered = await bench.engine.perform(command, as: clerk)
      if let delivery = answered.outcome.delivery { _ = try bench.engine.cards(of: delivery) }
      #expect(!"\(answered)".contains("PIN-"))
    }
    _ = try await bench.engine.cards(serial: "A0", as: bench.administrator)
    // Refused cards, and those of an import that came to nothing, are secrets as well.
    let begin = BeginPurchase(id: bench.id(), product: product, lots: [DeclaredLot(expiry: .never, count: 2)])
    guard case .purchase(let purchase, _) = await bench.engine.begin(begin, as: bench.administrator).outcome else {
      Issue.record("not begun")
      return
    }
    let chunk = CardChunk(capacity: 400)
    for number in 18..<22 { chunk.append("B\(number)", pin: Bench.pin("A", number), expiry: .never) }
    _ = await bench.load(purchase, 0, chunk)
    let backup = bench.directory + ".backup"
    defer { try? FileManager.default.removeItem(atPath: backup) }
    _ = try bench.engine.backup(to: backup)
    #expect(try Self.files(under: bench.directory, containing: "A19") > 0, "a serial is there to be found")
    #expect(try Self.files(under: bench.directory, containing: "PIN-A-") == 0)
    #expect(try Self.files(under: backup, containing: "PIN-A-") == 0)
    bench.stop()
    #expect(try Self.files(under: bench.directory, containing: "PIN-A-") == 0)
  }

  private static func files(under directory: String, containing text: String) throws -> Int {
    let needle = Data(text.utf8)
    var found = 0
    let walk = try #require(FileManager.default.enumerator(atPath: directory))
    for case let path as String in walk {
      var isDirectory: ObjCBool = false
      let file = directory + "/" + path
      _ = FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory)
      if !isDirectory.boolValue, try Data(contentsOf: URL(fileURLWithPath: file)).range(of: needle) != nil {
        found += 1
      }
    }
    return found
  }

  @Test("A card that is printed, interpolated or dumped by accident hides its PIN")
  func descriptions() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 1)
    let vend = Vend(id: bench.id(), line: Line(product: product, count: 1))
    let delivery = try #require(await bench.ask(.vend(vend), as: clerk).delivery)
    let cards = try bench.engine.cards(of: delivery)
    var dumped = ""
    dump(cards, to: &dumped)
    for text in ["\(cards)", String(reflecting: cards), dumped, "\(cards[0].pin)", String(reflecting: cards[0].pin)] {
      #expect(!text.contains("PIN-A"), "\(text)")
    }
    #expect(cards[0].pin.text == Bench.pin("A", 0))
  }

  @Test("A sealed PIN moved to another card's row does not open, and the fault names the card, not the secret")
  func movedRow() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 2)
    try bench.engine.store.payload.withWrite { payload in
      let tables = CardTables(bench.engine.store.payload.tables)
      var other: [UInt8] = []
      if let row = try payload.value(for: 2, in: tables.cards) { other = [UInt8](row) }
      try payload.put(other.span.bytes, for: 1, in: tables.cards)
    }
    let vend = Vend(id: bench.id(), line: Line(product: product, count: 1))
    let delivery = try #require(await bench.ask(.vend(vend), as: clerk).delivery)
    let fault = #expect(throws: CardFault.self) { try bench.engine.cards(of: delivery) }
    #expect(fault?.card == CardID(1))
    #expect(fault.map { !"\($0)".contains("PIN-") } ?? false)
  }
}
