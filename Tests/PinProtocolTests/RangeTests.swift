import PinBytes
import PinProtocol
import PinWords
import Testing

@Suite("What is out of range is refused, and the field is named")
struct RangeTests {
  /// A document's request with some of its body's bytes replaced, and what is wrong with it then.
  struct Wrong: CustomTestStringConvertible, Sendable {
    let name: String
    let offset: Int
    let bytes: [UInt8]
    let field: Field

    init(_ name: String, _ offset: Int, _ hexadecimal: String, _ field: Field) {
      self.name = name
      self.offset = offset
      bytes = [UInt8](hexadecimal: hexadecimal.filter { $0 != " " })!
      self.field = field
    }

    var testDescription: String { "\(name) at \(offset): \(field)" }
  }

  private static let zeroID = String(repeating: "00", count: 16)

  static let wrongs: [Wrong] = [
    Wrong("hello", 6, "00", .method), Wrong("hello", 6, "03", .method),
    Wrong("hello", 40, "20", .name), Wrong("hello", 40, "ff", .name),
    Wrong("reserve", 0, zeroID, .id), Wrong("reserve", 16, "00093a81", .holdTime),
    Wrong("reserve", 24, "06", .tender), Wrong("reserve", 36, "00000000", .count),
    Wrong("reserve", 36, "000186a1", .count), Wrong("reserve", 32, "00000000", .product),
    Wrong("reserve", 56, "02", .condition), Wrong("reserve", 56, "03", .condition),
    Wrong("reserve", 88, "02", .condition),
    Wrong("vend", 0, zeroID, .id), Wrong("vend", 20, "ff", .tender), Wrong("vend", 24, "00000000", .product),
    Wrong("vend", 28, "00000000", .count), Wrong("vend", 28, "00000081", .count), Wrong("vend", 48, "02", .condition),
    Wrong("dispense", 0, zeroID, .id), Wrong("confirm", 0, zeroID, .id), Wrong("release", 0, zeroID, .id),
    Wrong("reverse", 0, zeroID, .id), Wrong("look-up", 0, zeroID, .id), Wrong("close-shift", 0, zeroID, .id),
    Wrong("extend", 0, zeroID, .id), Wrong("extend", 16, "0000000000000000", .deadline),
    Wrong("return", 0, zeroID, .id), Wrong("return", 16, zeroID, .reservation),
    Wrong("return", 40, "0000000000000000", .extents), Wrong("return", 48, "00000000", .extents),
    Wrong("return", 40, "ffffffffffffffff", .extents),
    Wrong("reprint", 0, zeroID, .id), Wrong("reprint", 20, "0081", .count),
    Wrong("begin-purchase", 0, zeroID, .id), Wrong("begin-purchase", 24, "00000000", .product),
    Wrong("begin-purchase", 36, "00000000", .count), Wrong("begin-purchase", 40, "00005152", .expiry),
    Wrong("begin-purchase", 48, "ff", .vendor), Wrong("begin-purchase", 52, "07", .invoice),
    Wrong("load-cards", 0, "00000000", .purchase), Wrong("load-cards", 22, "ff", .serial),
    Wrong("load-cards", 32, "ff", .pin),
    Wrong("commit-purchase", 0, "00000000", .purchase), Wrong("abandon-purchase", 0, "00000000", .purchase),
    Wrong("reinventory", 0, zeroID, .id), Wrong("reinventory", 32, "00000000", .extents),
    Wrong("reinventory", 40, "0a", .reason),
    // The second extent begins within the first.
    Wrong("withdraw", 40, "000000000010000d", .extents),
    Wrong("settle", 0, zeroID, .id), Wrong("settle", 16, zeroID, .reservation), Wrong("settle", 33, "7f", .reason),
    Wrong("freeze", 0, zeroID, .id), Wrong("freeze", 16, "00000000", .product), Wrong("thaw", 21, "00", .reason),
    Wrong("define-product", 0, zeroID, .id), Wrong("define-product", 36, "00757364", .currency),
    Wrong("define-product", 36, "01555344", .currency), Wrong("define-product", 46, "01", .reserved),
    Wrong("define-product", 46, "02", .reserved), Wrong("define-product", 52, "c2a0", .sku),
    Wrong("define-product", 59, "0a", .name), Wrong("define-product", 66, "1b", .vendor),
    Wrong("define-product", 70, "09", .instructions),
    Wrong("stock", 4, "00000001", .product),
    Wrong("card", 2, "ff", .serial), Wrong("card", 12, "ff", .vendor),
    Wrong("events", 0, "0000000000000000", .sequence), Wrong("events", 8, "00007531", .wait),
    Wrong("events", 12, "00010001", .count),
    Wrong("define-actor", 0, zeroID, .id), Wrong("define-actor", 20, "0000", .roles),
    Wrong("define-actor", 20, "0200", .roles), Wrong("define-actor", 22, "02", .reserved),
    Wrong("define-actor", 24, "04", .key), Wrong("define-actor", 24, "01", .key),
    Wrong("define-actor", 25, "01", .reserved),
    Wrong("define-actor", 44, "00000000", .currency), Wrong("define-actor", 44, "00555344ff", .product),
    Wrong("define-actor", 50, "01", .reserved), Wrong("define-actor", 84, "00000000", .product),
    Wrong("define-actor", 84, "00000009", .product), Wrong("define-actor", 92, "2f", .name),
    Wrong("backup", 2, "00", .path),
  ]

  @Test("Requests with one wrong field", arguments: wrongs)
  func requests(wrong: Wrong) throws {
    var frame = try #require(Document.shared.dumps[wrong.name + "-request"])
    let start = FrameHeader.byteCount + wrong.offset
    frame.replaceSubrange(start..<start + wrong.bytes.count, with: wrong.bytes)
    #expect(throws: ProtocolFault.invalid(wrong.field)) { _ = try decodeRequest(frame) }
  }

  @Test("A hello is a hello, in a version that is spoken")
  func hello() throws {
    var frame = try #require(Document.shared.dumps["hello-request"])
    frame[12] = 0x51
    #expect(throws: ProtocolFault.malformedFrame) { _ = try decodeRequest(frame) }
    frame[12] = 0x50
    (frame[16], frame[17]) = (2, 9)
    #expect(throws: ProtocolFault.unsupportedVersion) { _ = try decodeRequest(frame) }
    (frame[16], frame[17]) = (0, 9)
    #expect(try decodeRequest(frame).1.operation == .hello)
  }

  /// Messages that a smaller server's limits rule out.
  @Test("Each limit that was announced is kept", arguments: Field.allCases)
  func limits(field: Field) throws {
    var limits = Limits()
    let name: String
    switch field {
    case .lines: (name, limits.linesPerRequest) = ("reserve", 1)
    case .holdTime: (name, limits.longestHoldSeconds) = ("reserve", 899)
    case .extents: (name, limits.extentsPerRequest) = ("withdraw", 1)
    case .lots: (name, limits.lotsPerPurchase) = ("begin-purchase", 1)
    case .count: (name, limits.cardsPerChunk) = ("load-cards", 1)
    default: return
    }
    let frame = try #require(Document.shared.dumps[name + "-request"])
    #expect(throws: ProtocolFault.invalid(field)) { _ = try decodeRequest(frame, limits: limits) }
    let message = try #require(Samples.requests.first { $0.name == name }).message
    var writer = ByteWriter()
    #expect(throws: ProtocolFault.invalid(field)) {
      try message.encode(requestNumber: 1, into: &writer, limits: limits)
    }
    #expect(writer.count == 0)
  }

  @Test("A client is told before it sends what the server would refuse")
  func encoding() {
    let long = String(repeating: "x", count: 70_000)
    let wrongs: [(RequestMessage, Field)] = [
      (.reserve(Reserve(id: Samples.change, holdSeconds: 1, lines: [])), .lines),
      (.settle(Settle(id: Samples.change, reservation: Samples.vend, reason: long)), .reason),
      (.card(CardQuery(serial: long)), .serial), (.card(CardQuery(serial: "")), .serial),
      (.backup(Backup(path: long)), .path),
      (.hello(Hello(actorName: long, nonce: .zero)), .name),
      (
        .loadCards(
          LoadCards(purchase: PurchaseID(1), chunk: 0, cards: [.init(expiry: .never, serial: long, pin: PIN("1"))])),
        .serial
      ),
      (
        .return(
          Return(
            id: Samples.change, reservation: Samples.vend,
            extents: Array(repeating: Extent(first: CardID(1), count: 1), count: 70_000))), .extents
      ),
    ]
    for (message, field) in wrongs {
      var writer = ByteWriter()
      #expect(throws: ProtocolFault.invalid(field)) { try message.encode(requestNumber: 1, into: &writer) }
      #expect(writer.count == 0)
    }
  }
}
