import PinBytes
import PinProtocol
import PinWords
import Testing

@Suite("Chunks are read in place, and pages hold as much as a frame does")
struct ChunkAndPageTests {
  private var body: [UInt8] {
    Array((Document.shared.dumps["load-cards-request"] ?? []).dropFirst(FrameHeader.byteCount))
  }

  /// Reads every card of a chunk.
  private func cards(_ body: [UInt8], limits: Limits = Limits()) throws(ProtocolFault) -> [LoadCards.Card] {
    var chunk = try ChunkReader(body.span.bytes, limits: limits)
    var cards: [LoadCards.Card] = []
    while let card = try chunk.next() {
      guard let serial = String(validating: card.serial), let pin = String(validating: card.pin) else { continue }
      cards.append(LoadCards.Card(expiry: card.expiry, serial: serial, pin: PIN(pin)))
    }
    return cards
  }

  @Test("A chunk read card by card is the chunk")
  func chunk() throws {
    guard case .loadCards(let load) = try RequestMessage.decode(.loadCards, body: body.span.bytes, limits: Limits())
    else { throw ProtocolFault.invalid(.operation) }
    #expect(try cards(body) == load.cards)
    let chunk = try ChunkReader(body.span.bytes, limits: Limits())
    #expect(chunk.purchase == load.purchase && chunk.chunk == load.chunk && chunk.cardCount == load.cards.count)
  }

  @Test("A chunk cut short or drawn out is a fault")
  func cut() {
    for count in 0..<body.count {
      #expect(throws: ProtocolFault.invalid(.frame)) { _ = try cards(Array(body[..<count])) }
    }
    #expect(throws: ProtocolFault.invalid(.frame)) { _ = try cards(body + [0]) }
    var limits = Limits()
    limits.cardsPerChunk = 1
    #expect(throws: ProtocolFault.invalid(.count)) { _ = try cards(body, limits: limits) }
  }

  @Test("A page takes as many records as fit, and says that there are more", arguments: [100, 152, 153, 1000])
  func pages(frameBytes: UInt32) throws {
    var limits = Limits()
    limits.frameBytes = frameBytes
    let levels = (1...20).map { StockLevel(product: ProductID(UInt32($0))) }
    let page = Page(fitting: levels, limits: limits)
    let fitting = min(20, (Int(frameBytes) - 36) / 64)
    #expect(page.records == Array(levels.prefix(fitting)))
    #expect(page.hasMore == (fitting < 20))
    var writer = ByteWriter()
    let answer = AnswerMessage(sequence: 1, timeMilliseconds: 1, outcome: .done(.stock(page)))
    try answer.encode(
      operationNumber: Operation.stock.rawValue, requestNumber: 1, into: &writer, limits: limits)
    #expect(writer.count == 36 + 64 * fitting)
  }

  @Test("A record takes as many bytes as it says")
  func recordSizes() throws {
    func size(_ answer: Answer, _ operation: Operation) throws -> Int {
      var writer = ByteWriter()
      let message = AnswerMessage(sequence: 1, timeMilliseconds: 1, outcome: .done(answer))
      try message.encode(operationNumber: operation.rawValue, requestNumber: 1, into: &writer)
      return writer.count - 36
    }
    #expect(try size(.catalogue(Page([Samples.catalogued])), .catalogue) == Samples.catalogued.encodedByteCount)
    #expect(try size(.cards(Page([Samples.life])), .card) == Samples.life.encodedByteCount)
    let actor = ActorDescription(id: ActorID(1), name: "root", roles: .all)
    #expect(try size(.actors(Page([actor])), .actors) == actor.encodedByteCount)
  }

  @Test("Events stop at what was asked for, but one comes in any case")
  func events() {
    let events = (1...9).map {
      EventsAnswer.Event(sequence: $0, timeMilliseconds: 5, bytes: Array(repeating: 7, count: 100))
    }
    func count(_ maximumBytes: UInt32) -> Int {
      EventsAnswer(headSequence: 9, fitting: events, maximumBytes: maximumBytes, limits: Limits()).events.count
    }
    #expect(count(0) == 9)
    #expect(count(1) == 1)
    #expect(count(44 + 124 * 3) == 3)
    #expect(count(44 + 124 * 4 - 1) == 3)
  }
}
