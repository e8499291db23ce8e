import PinBytes
import PinProtocol
import PinWords
import Testing

@testable import PinServer

/// A request as bytes, so that it can be bent.
private func bytes(_ request: RequestMessage, _ bend: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
  var writer = ByteWriter()
  var limits = Limits()
  // What a client would not send is to be sent here.
  limits.cardsPerLine = .max
  limits.cardsPerAnswer = .max
  limits.longestHoldSeconds = .max
  do { try request.encode(requestNumber: 77, into: &writer, limits: limits) } catch { Issue.record("\(error)") }
  var bytes = Array(writer.bytes)
  bend(&bytes)
  return bytes
}

@Suite("What is wrong is said so, and nothing is lost", .timeLimit(.minutes(30)))
struct BadInputTests {
  struct ClosingCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let fault: ProtocolFault
    let bytes: [UInt8]
  }

  static let closingCases: [ClosingCase] = [
    ClosingCase(
      testDescription: "length below the header's", fault: .malformedFrame, bytes: bytes(.ping) { $0[3] = 11 }),
    ClosingCase(
      testDescription: "length over the limit", fault: .frameTooLong(limit: 65_536),
      bytes: bytes(.ping) { $0.replaceSubrange(0..<4, with: [0, 1, 0, 1]) }),
    ClosingCase(testDescription: "another version", fault: .unsupportedVersion, bytes: bytes(.ping) { $0[4] = 2 }),
    ClosingCase(testDescription: "a status", fault: .malformedFrame, bytes: bytes(.ping) { $0[6] = 1 }),
    ClosingCase(testDescription: "reserved flags", fault: .malformedFrame, bytes: bytes(.ping) { $0[7] = 0x80 }),
    ClosingCase(testDescription: "no such operation", fault: .unknownOperation(99), bytes: bytes(.ping) { $0[5] = 99 }),
    ClosingCase(
      testDescription: "hello again", fault: .notAuthenticated,
      bytes: bytes(.hello(Hello(actorName: "till-1", nonce: .zero)))),
    ClosingCase(
      testDescription: "authenticate again", fault: .notAuthenticated,
      bytes: bytes(.authenticate(Authenticate(proof: .zero)))),
  ]

  @Test(
    "A broken frame in an open session is answered, behind what came before it, and closes", arguments: closingCases)
  func closing(_ example: ClosingCase) async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 1)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      try await client.send(bytes: bytes(.vend(product)) + example.bytes + bytes(.ping))
      #expect(try await client.receive()?.delivery?.cards.count == 1)
      let reply = try #require(try await client.receive())
      #expect(reply.fault == example.fault)
      #expect(reply.header.operationNumber == example.bytes[5])
      #expect(reply.header.requestNumber == 77)
      #expect(await client.isClosedByServer())
    }
  }

  @Test("Before authentication everything but the next step is a fault and closes", arguments: [false, true])
  func notAuthenticated(isGreeted: Bool) async throws {
    try await ServerRig.with { rig in
      for request: RequestMessage in [.ping, .vend(ProductID(1)), .statistics] {
        let client = try await WireClient.connect(port: rig.addresses.port)
        if isGreeted { _ = try await client.hello("till-1") }
        #expect(try await client.ask(request).fault == .notAuthenticated)
        #expect(await client.isClosedByServer())
      }
    }
  }

  @Test("A stranger's long frame is refused by its header alone")
  func longFrameOfStranger() async throws {
    try await ServerRig.with { rig in
      let client = try await WireClient.connect(port: rig.addresses.port)
      try await client.send(bytes: [0, 0, 0x80, 0, 1, 1, 0, 0, 0, 0, 0, 9])
      let reply = try #require(try await client.receive())
      #expect(reply.status == .invalid && reply.header.requestNumber == 9)
      #expect(await client.isClosedByServer())
    }
  }

  @Test("A hello without its magic, or of versions that are not spoken, is refused")
  func badHello() async throws {
    try await ServerRig.with { rig in
      let hello = RequestMessage.hello(Hello(actorName: "till-1", nonce: .zero))
      let cases: [(ProtocolFault, [UInt8])] = [
        (.malformedFrame, bytes(hello) { $0[12] = 0 }),
        (.unsupportedVersion, bytes(hello) { $0.replaceSubrange(16..<18, with: [2, 3]) }),
        (.invalid(.method), bytes(hello) { $0[18] = 3 }),
        (.invalid(.method), bytes(hello) { $0[18] = 2 }),
        (.invalid(.name), bytes(hello) { $0[52] = UInt8(ascii: "!") }),
      ]
      for (fault, bytes) in cases {
        let client = try await WireClient.connect(port: rig.addresses.port)
        try await client.send(bytes: bytes)
        let reply = try #require(try await client.receive())
        #expect(reply.status == fault.status)
        #expect(await client.isClosedByServer())
      }
    }
  }

  @Test("A wrong body, a range or a right is refused by name, and the session goes on")
  func refusals() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 5)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      let vend = RequestMessage.vend(product)
      func vending(_ change: (inout Vend) -> Void) -> [UInt8] {
        var vend = Vend(id: newID(), line: Line(product: product, count: 1))
        change(&vend)
        return bytes(.vend(vend))
      }
      func reserving(_ seconds: UInt32, _ lines: [Line]) -> [UInt8] {
        bytes(.reserve(Reserve(id: newID(), holdSeconds: seconds, lines: lines)))
      }
      let line = Line(product: product, count: 1)
      let card = LoadCards.Card(expiry: .never, serial: "A", pin: PIN("1"))
      let cases: [(Refusal, [UInt8])] = [
        (
          .invalid(.frame),
          bytes(vend) {
            $0.append(0)
            $0[3] += 1
          }
        ),
        (
          .invalid(.frame),
          bytes(vend) {
            $0.removeLast()
            $0[3] -= 1
          }
        ),
        (.invalid(.reserved), bytes(vend) { $0[12 + 21] = 1 }),
        (.invalid(.tender), bytes(vend) { $0[12 + 20] = 9 }),
        (.invalid(.condition), bytes(vend) { $0[12 + 24 + 24] = 7 }),
        (.invalid(.id), bytes(vend) { $0.replaceSubrange(12..<28, with: [UInt8](repeating: 0, count: 16)) }),
        (.invalid(.count), bytes(vend) { $0.replaceSubrange(40..<44, with: [0, 0, 0, 0]) }),
        (.invalid(.count), vending { $0.line.count = 129 }),
        (.invalid(.discount), vending { $0.line.discountMinor = 951 }),
        (.notPermitted, vending { $0.line.condition = .used }),
        (.invalid(.holdTime), reserving(86_400 * 7 + 1, [line])),
        (.invalid(.holdTime), reserving(0, [line])),
        (.unknownProduct(ProductID(99)), vending { $0.line.product = ProductID(99) }),
        (.insufficientStock(product, available: 5), vending { $0.line.count = 6 }),
        (.notPermitted, bytes(.statistics)),
        (.notPermitted, bytes(.actors(ActorsQuery()))),
        (.notPermitted, bytes(.commitPurchase(PurchaseID(1)))),
        (.notPermitted, bytes(.loadCards(LoadCards(purchase: PurchaseID(1), chunk: 0, cards: [card])))),
        (.unknownID, bytes(.confirm(newID()))),
        (.unknownID, bytes(.lookUp(newID()))),
      ]
      for (index, (refusal, bytes)) in cases.enumerated() {
        try await client.send(bytes: bytes)
        let reply = try #require(try await client.receive(), "case \(index)")
        #expect(reply.refusal == refusal, "case \(index)")
      }
      let id = newID()
      #expect(try await client.ask(.vend(product, id: id)).status == .done)
      #expect(try await client.ask(.vend(product, count: 2, id: id)).refusal == .idReused(.count))
      #expect(try await client.ask(.dispense(id)).delivery?.cards.count == 1)
      #expect(try await client.ask(.release(id)).refusal == .wrongState(.delivered))
    }
  }

  @Test("Bytes that come one at a time are as good as any")
  func dribble() async throws {
    try await ServerRig.with { rig in
      let product = try await rig.product("ACME-10")
      try await rig.stock(product, 2)
      let client = try await rig.connect(as: try await rig.actor("till-1"))
      for byte in bytes(.vend(product)) + bytes(.vend(product)) { try await client.send(bytes: [byte]) }
      for _ in 0..<2 { #expect(try await client.receive()?.delivery?.cards.count == 1) }
    }
  }
}
