import PinBytes
import PinProtocol
import PinWords
import TestSupport
import Testing

@Suite("What was written is what is read")
struct RoundTripTests {
  static let rounds = 60

  @Test("Requests", arguments: Operation.allCases)
  func requests(operation: Operation) throws {
    var random = SeededGenerator.forTests()
    var writer = ByteWriter()
    for _ in 0..<Self.rounds {
      let message = random.request(operation)
      let number: UInt32 = random.any()
      writer.removeAll()
      try message.encode(requestNumber: number, into: &writer)
      let (header, read) = try decodeRequest(Array(writer.bytes))
      #expect(read == message)
      #expect(header.requestNumber == number && Int(header.length) == writer.count)
    }
  }

  @Test("Answers", arguments: Operation.allCases)
  func answers(operation: Operation) throws {
    var random = SeededGenerator.forTests()
    var writer = ByteWriter()
    for _ in 0..<Self.rounds {
      let message = random.answer(to: operation)
      let number: UInt32 = random.any()
      writer.removeAll()
      try message.encode(operationNumber: operation.rawValue, requestNumber: number, into: &writer)
      let (header, read) = try decodeAnswer(Array(writer.bytes))
      #expect(read == message)
      #expect(header.requestNumber == number && Int(header.length) == writer.count)
    }
  }

  static let refusals: [Refusal] = [
    .invalid(.count), .notPermitted, .idReused(.product), .notYours, .approvalRequired(.expired), .unknownID,
    .unknownProduct(ProductID(.max)),
    .unknownPurchase, .unknownCard, .unknownActor, .nameTaken, .lastAdministrator, .productFrozen(ProductID(7)),
    .insufficientStock(ProductID(7), available: .max), .tooManyExtents(limit: 256), .wrongState(.expired),
    .deadlinePassed, .final, .withdrawn, .notInCustody(CardID(.max)), .outOfTurn(expected: .max),
    .cardDamaged(CardID(.max)),
    .importRunning(PurchaseID(2)), .busy(retryAfterMilliseconds: 0), .busy(retryAfterMilliseconds: .max), .storageFull,
    .stopping,
    .productNotPermitted(ProductID(7)), .limitReached(.valuePerDay, left: 900, retryAfterMilliseconds: 60_000),
    .limitReached(.reprintsPerMinute, left: 0, retryAfterMilliseconds: 0), .oldKeyStillWorks,
    .tooManyRequests(retryAfterMilliseconds: 50),
  ]
  static let faults: [ProtocolFault] = [
    .malformedFrame, .unsupportedVersion, .unknownOperation(255), .notAuthenticated, .authenticationFailed,
    .frameTooLong(limit: 65_536),
  ]

  @Test("Refusals and faults, to any operation, known or not")
  func refusals() throws {
    let outcomes = Self.refusals.map { AnswerMessage.Outcome.refused($0) } + Self.faults.map { .fault($0) }
    #expect(Set(outcomes.map { status(of: $0) }).count == Status.allCases.count - 1)
    for outcome in outcomes {
      let message = AnswerMessage(sequence: 7, timeMilliseconds: 8, outcome: outcome)
      var writer = ByteWriter()
      try message.encode(operationNumber: 255, requestNumber: 9, into: &writer)
      #expect(writer.count == 48)
      let (header, read) = try decodeAnswer(Array(writer.bytes))
      #expect(read == message)
      #expect(header.status == message.status && header.operationNumber == 255)
    }
  }

  private func status(of outcome: AnswerMessage.Outcome) -> Status {
    AnswerMessage(sequence: 0, timeMilliseconds: 0, outcome: outcome).status
  }

  @Test("A field out of range travels as a refusal")
  func invalid() throws {
    let fault = AnswerMessage(sequence: 1, timeMilliseconds: 2, outcome: .fault(.invalid(.tender)))
    var writer = ByteWriter()
    try fault.encode(operationNumber: Operation.vend.rawValue, requestNumber: 9, into: &writer)
    #expect(try decodeAnswer(Array(writer.bytes)).1.outcome == .refused(.invalid(.tender)))
  }

  @Test("Frames follow one another in one buffer")
  func pipelined() throws {
    var writer = ByteWriter(capacity: 16)
    for sample in Samples.requests { try sample.message.encode(requestNumber: sample.number, into: &writer) }
    var rest = Array(writer.bytes)
    for sample in Samples.requests {
      let header = try FrameHeader(requestIn: rest.span.bytes, limit: Limits().frameBytes)
      #expect(try decodeRequest(Array(rest.prefix(Int(header.length)))).1 == sample.message)
      rest.removeFirst(Int(header.length))
    }
    #expect(rest.isEmpty)
  }
}
