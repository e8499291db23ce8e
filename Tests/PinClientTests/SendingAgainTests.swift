import PinClient
import PinProtocol
import PinWords
import Testing

/// A call returns its one true outcome however often the connection broke.
@Suite struct SendingAgainTests {
  @Test(
    "whatever happens to the answer, the same bytes are sent again and the caller gets one answer",
    arguments: [
      .cut, .cutAfter(byteCount: 1), .cutAfter(byteCount: 11), .cutAfter(byteCount: 12), .cutAfter(byteCount: 40),
      .cutAfter(byteCount: 130), .wrongNumber, .halfClose, .answer(.refused(.busy(retryAfterMilliseconds: 1))),
    ] as [ScriptedServer.Step])
  func sameBytesAgain(step: ScriptedServer.Step) async throws {
    let server = try await ScriptedServer([.init(steps: [step, step]), .init(steps: [step])])
    let client = client(of: server)
    let answer = try await client.vend(vend(5))
    #expect(answer.value == delivery(of: RequestID(high: 9, low: 5)))
    let frames = server.received.map(\.frame)
    #expect(frames.count >= 3)
    #expect(Set(frames).count == 1)
    await client.close()
    try await server.close()
  }

  @Test("over a connection that died unnoticed, a call goes on over another one")
  func silentDeath() async throws {
    let server = try await ScriptedServer([.init(steps: [.ignore]), .init(steps: [.ignore])])
    let client = client(of: server, silenceLimit: .milliseconds(100))
    try await client.connect()
    #expect(try await client.vend(vend(5)).value == delivery(of: RequestID(high: 9, low: 5)))
    #expect(server.visitCount >= 3)
    // On a slow machine it may have been sent more often.
    let vends = server.received.map(\.frame)
    #expect(vends.count >= 3 && Set(vends).count == 1)
    await client.close()
    try await server.close()
  }

  @Test("calls that were under way together are sent again in their order, each answered with its own")
  func orderIsKept() async throws {
    let server = try await ScriptedServer([.init(steps: [.respond, .hold, .hold, .hold, .cut])])
    let client = client(of: server)
    _ = try await client.ping()
    try await withThrowingTaskGroup(of: (UInt64, UInt64).self) { group in
      for number in 1...4 as ClosedRange<UInt64> {
        group.addTask { (number, try await client.vend(vend(number)).value.head.reservation.low) }
        await server.receives(1 + Int(number))
      }
      for try await (asked, answered) in group { #expect(asked == answered) }
    }
    let second = server.received.filter { $0.visit == 1 }.map(\.message)
    #expect(second == (1...4).map { .vend(vend($0)) })
    await client.close()
    try await server.close()
  }

  @Test("a change that is not answered within the time limit ends with its id, one that only looks with the time limit")
  func timeLimit() async throws {
    let server = try await ScriptedServer([.init(steps: [.ignore, .ignore])])
    let client = client(of: server, timeLimit: .seconds(2))
    try await client.connect()
    async let sale = failure { () throws(ClientError) in try await client.vend(vend(3)) }
    async let look = failure { () throws(ClientError) in try await client.ping() }
    #expect(await sale == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 3)))))
    #expect(await look == .timeLimit(.ping))
    await client.close()
    try await server.close()
  }

  @Test("a change lost on one connection and not answered on the next ends with its id, whatever the server became")
  func lostAndRefused() async throws {
    let server = try await ScriptedServer([
      .init(steps: [.cut]), .init(handshake: .refused), .init(handshake: .unproven),
    ])
    let client = client(of: server)
    let error = await failure { () throws(ClientError) in try await client.vend(vend(3)) }
    #expect(error == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 3)))))
    await client.close()
    try await server.close()
  }

  @Test("a refusal of a copy does not tell what became of an earlier one, unless it proves it")
  func refusedCopy() async throws {
    let server = try await ScriptedServer([
      .init(steps: [.cut]), .init(steps: [.answer(.refused(.storageFull)), .cut]),
      .init(steps: [.answer(.refused(.idReused(.count))), .answer(.refused(.storageFull))]),
    ])
    let client = client(of: server)
    let first = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(
      first
        == .unknownOutcome(
          UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 1)), refusal: .storageFull)))
    let second = await failure { () throws(ClientError) in try await client.vend(vend(2)) }
    #expect(second == .refused(.idReused(.count)))
    let third = await failure { () throws(ClientError) in try await client.vend(vend(3)) }
    #expect(third == .refused(.storageFull))
    await client.close()
    try await server.close()
  }

  @Test("nothing is asked of another store than the first: a change lost is unknown, and the rest not connected")
  func otherStore() async throws {
    let other = RequestID(high: 2, low: 2)
    let server = try await ScriptedServer([
      .init(steps: [.cut]), .init(storeID: other), .init(storeID: other), .init(storeID: other),
      .init(steps: [.respond]),
    ])
    let client = client(of: server)
    let error = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(error == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 1)))))
    let later = await failure { () throws(ClientError) in try await client.vend(vend(2)) }
    #expect(later == .notConnected(.otherStore(other)))
    let connected = await failure { () throws(ClientError) in try await client.connect() }
    #expect(connected == .notConnected(.otherStore(other)))
    #expect(server.received.count == 1)
    // The first store is back, such as after a mistaken address: it knows of the sale.
    #expect(try await client.vend(vend(1)).value.head.reservation.low == 1)
    await client.close()
    try await server.close()
  }

  @Test("a fault that ends the connection is its own request's: the others are sent again")
  func faultOfOne() async throws {
    let fault = ProtocolFault.unknownOperation(Operation.ping.rawValue)
    let server = try await ScriptedServer([.init(steps: [.answer(.fault(fault)), .ignore, .ignore])])
    let client = client(of: server)
    try await client.connect()
    let told = Told()
    // Without tasks, so that they go out in this order and together.
    client.submit(.ping) { told.note($0) }
    client.submit(.vend(vend(1))) { told.note($0) }
    client.submit(.ping) { told.note($0) }
    let results = await told.results(3)
    #expect(results[0] == .protocolFault(fault))
    #expect(results.dropFirst().allSatisfy { $0 == nil }, "\(results)")
    await client.close()
    try await server.close()
  }

  @Test("a backup, which has no id, is not asked for twice")
  func backup() async throws {
    let server = try await ScriptedServer([.init(steps: [.cut])])
    let client = client(of: server)
    let error = await failure { () throws(ClientError) in try await client.backup(to: "/backups/today") }
    #expect(error == .unknownOutcome(UnsettledChange(operation: .backup, key: .path("/backups/today"))))
    #expect(server.received.count == 1)
    await client.close()
    try await server.close()
  }

  @Test("an answer that is not to be understood ends its own call alone")
  func shortBody() async throws {
    let server = try await ScriptedServer([.init(steps: [.shortBody, .shortBody])])
    let client = client(of: server)
    let sale = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(sale == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 1)))))
    #expect(await failure { () throws(ClientError) in try await client.ping() } == .protocolFault(.invalid(.frame)))
    _ = try await client.ping()
    #expect(server.visitCount == 1)
    await client.close()
    try await server.close()
  }

  @Test("a request out of range is refused without being sent")
  func outOfRange() async throws {
    let server = try await ScriptedServer()
    let client = client(of: server)
    var request = vend(1)
    request.line.count = 0
    let made = request
    #expect(await failure { () throws(ClientError) in try await client.vend(made) } == .refused(.invalid(.count)))
    #expect(server.received.isEmpty)
    await client.close()
    try await server.close()
  }
}

/// How calls ended, in the order they were told: the error, or nil for an answer.
private final class Told: Sendable {
  private let stream: AsyncStream<ClientError?>
  private let told: AsyncStream<ClientError?>.Continuation

  init() { (stream, told) = AsyncStream.makeStream() }

  func note(_ result: Result<AnswerMessage, ClientError>) {
    if case .failure(let error) = result { told.yield(error) } else { told.yield(nil) }
  }

  func results(_ count: Int) async -> [ClientError?] {
    var results: [ClientError?] = []
    for await result in stream {
      results.append(result)
      if results.count == count { break }
    }
    return results
  }
}
