import PinBytes
import PinProtocol
import PinWords
import Testing

@Suite("A delivery is written card by card")
struct DeliveryEncoderTests {
  private func encoder(
    _ operation: Operation, _ delivery: Delivery, limits: Limits = Limits(), into writer: consuming ByteWriter
  ) -> DeliveryEncoder {
    DeliveryEncoder(
      operation, requestNumber: 18, isRepeat: false, sequence: 4003, timeMilliseconds: Samples.time + 40,
      head: delivery.head, lines: delivery.lines, limits: limits, into: writer)
  }

  @Test("It writes what the document shows, behind what is there already")
  func asDocumented() throws {
    let delivery = Samples.cartDelivery(from: 0, printCount: 0)
    var writer = ByteWriter(capacity: 16)
    writer.write([1, 2, 3])
    var encoder = encoder(.dispense, delivery, into: writer)
    for card in delivery.cards {
      let serial = Array(card.serial.utf8)
      let pin = Array(card.pin.text.utf8)
      let hasRoom = encoder.hasRoom(serialByteCount: serial.count, pinByteCount: pin.count)
      #expect(hasRoom)
      encoder.append(id: card.id, line: card.line, expiry: card.expiry, serial: serial.span.bytes, pin: pin.span.bytes)
    }
    let cardCount = encoder.cardCount
    #expect(cardCount == 3)
    writer = encoder.finish()
    #expect(Array(writer.bytes) == [1, 2, 3] + (Document.shared.dumps["dispense-answer"] ?? []))
  }

  @Test("A delivery that can no longer be opened has no cards")
  func withoutCards() throws {
    var delivery = Samples.soldDelivery
    delivery.head.state = .quarantined
    delivery.cards = []
    let writer = encoder(.vend, delivery, into: ByteWriter()).finish()
    let (_, answer) = try decodeAnswer(Array(writer.bytes))
    #expect(answer.outcome == .done(.delivery(delivery)))
  }

  @Test(
    "It says when no more card fits, and what was written until then is whole", arguments: [200, 201, 300, 512, 65_536])
  func room(frameBytes: UInt32) throws {
    var limits = Limits()
    limits.frameBytes = frameBytes
    let serial = Array("S".utf8)
    let pin: [UInt8] = Array("1234567890123456".utf8)
    var encoder = encoder(.vend, Samples.soldDelivery, limits: limits, into: ByteWriter())
    var count: UInt64 = 0
    while encoder.hasRoom(serialByteCount: serial.count, pinByteCount: pin.count) {
      count += 1
      encoder.append(id: CardID(count), line: 0, expiry: .never, serial: serial.span.bytes, pin: pin.span.bytes)
    }
    let writer = encoder.finish()
    #expect(writer.count <= Int(frameBytes))
    #expect(writer.count + 16 + serial.count + pin.count > Int(frameBytes))
    let (header, answer) = try decodeAnswer(Array(writer.bytes), limits: limits)
    #expect(Int(header.length) == writer.count)
    guard case .done(.delivery(let delivery)) = answer.outcome else {
      Issue.record("not a delivery")
      return
    }
    #expect(delivery.cards.map(\.id.rawValue) == Array(1..<count + 1))
  }

  @Test("The largest delivery under the usual limits fits one frame")
  func largest() {
    let limits = Limits()
    let line = DeliveryLine(
      granted: Samples.granted(Samples.acmeLine, .max), faceValueMinor: .max, name: String(repeating: "n", count: 64),
      instructions: String(repeating: "i", count: 240))
    let delivery = Delivery(
      head: Samples.soldDelivery.head, lines: Array(repeating: line, count: Int(limits.linesPerRequest)), cards: [])
    var encoder = encoder(.dispense, delivery, into: ByteWriter())
    let longest = [UInt8](repeating: 0x37, count: 64)
    for index in 0..<UInt64(limits.cardsPerAnswer) {
      let hasRoom = encoder.hasRoom(serialByteCount: 64, pinByteCount: 64)
      #expect(hasRoom)
      encoder.append(
        id: CardID(index + 1), line: 99, expiry: .never, serial: longest.span.bytes, pin: longest.span.bytes)
    }
    let frameBytes = encoder.finish().count
    #expect(frameBytes <= Int(limits.frameBytes))
  }

  @Test("A vend of one card stays small, and its first card stands where the document says")
  func small() throws {
    let dump = try #require(Document.shared.dumps["vend-answer"])
    #expect(dump.count < 200)
    #expect(Array(dump[(12 + 128)...].prefix(10)) == Array("AC00012345".utf8))
  }
}
