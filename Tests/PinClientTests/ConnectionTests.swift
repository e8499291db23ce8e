import NIOSSL
import PinClient
import PinProtocol
import PinSealing
import PinWords
import Testing

/// One connection for all calls, made when needed, and only with a server that proves itself.
@Suite struct ConnectionTests {
  @Test("a thousand calls at once come back over one connection, each with its own answer")
  func thousandCalls() async throws {
    var limits = Limits()
    limits.requestsInFlight = 50
    let server = try await ScriptedServer(limits: limits)
    let client = client(of: server)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 1...1000 as ClosedRange<UInt64> {
        group.addTask {
          let answer = try await client.vend(vend(number)).value
          return answer.head.reservation.low == number && answer.cards[0].serial == "S\(number)"
        }
      }
      for try await isOwn in group { #expect(isOwn) }
    }
    #expect(server.received.count == 1000)
    #expect(server.visitCount == 1)
    await client.close()
    try await server.close()
  }

  @Test("connecting tells what the server is")
  func describes() async throws {
    let server = try await ScriptedServer()
    let client = client(of: server)
    let description = try await client.connect()
    #expect(description.server == "scripted")
    #expect(description.actor == ActorID(7))
    #expect(description.limits == Limits())
    #expect(try await client.connect() == description)
    #expect(server.visitCount == 1)
    await client.close()
    try await server.close()
  }

  @Test("an actor that the server does not take is told so, and nothing was sent")
  func refusedActor() async throws {
    let server = try await ScriptedServer(
      [.init(handshake: .refused), .init(handshake: .refused)])
    let client = client(of: server)
    #expect(await failure { () throws(ClientError) in try await client.connect() } == .authenticationFailed(.refused))
    let sale = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(sale == .authenticationFailed(.refused))
    #expect(server.received.isEmpty)
    await client.close()
    try await server.close()
  }

  @Test("a server without the actor's key gets no request, also if it repeats the client's own proof")
  func unprovenServer() async throws {
    let server = try await ScriptedServer([.init(handshake: .unproven)])
    let client = client(of: server)
    let sale = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    #expect(sale == .authenticationFailed(.serverNotProven))
    #expect(server.received.isEmpty)
    await server.endsVisits(1)
    await client.close()
    try await server.close()
  }

  @Test("a wrong key is refused")
  func wrongKey() async throws {
    let server = try await ScriptedServer()
    let client = client(of: server, key: SecretKey.random())
    #expect(await failure { () throws(ClientError) in try await client.connect() } == .authenticationFailed(.refused))
    await client.close()
    try await server.close()
  }

  @Test("a server that has no place for now is tried again")
  func turnedAway() async throws {
    let server = try await ScriptedServer([.init(handshake: .turnedAway), .init(handshake: .turnedAway)])
    let client = client(of: server)
    _ = try await client.ping()
    #expect(server.visitCount == 3)
    await client.close()
    try await server.close()
  }

  @Test("nobody there: connect says so at once, a call when its time limit passes")
  func nobodyThere() async throws {
    let server = try await ScriptedServer()
    let client = client(of: server, timeLimit: .seconds(2))
    try await server.close()
    let connect = await failure { () throws(ClientError) in try await client.connect() }
    guard case .notConnected(.unreachable) = connect else { throw Unexpected(error: connect) }
    let sale = await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    guard case .notConnected(.unreachable) = sale else { throw Unexpected(error: sale) }
    // An operation with hours to be answered has no longer than others to be sent.
    let check = await failure { () throws(ClientError) in try await client.verify() }
    guard case .notConnected(.unreachable) = check else { throw Unexpected(error: check) }
    await client.close()
  }

  @Test("closing ends all calls: sent ones with their ids, others as not connected, and later ones too")
  func closing() async throws {
    let server = try await ScriptedServer([.init(steps: [.ignore])])
    let client = client(of: server, maximumInFlight: 1)
    async let sent = failure { () throws(ClientError) in try await client.vend(vend(1)) }
    await server.receives(1)
    let waits = Task { await failure { () throws(ClientError) in try await client.vend(vend(2)) } }
    await client.close()
    #expect(await sent == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 1)))))
    #expect(await waits.value == .notConnected(.closed))
    #expect(await failure { () throws(ClientError) in try await client.ping() } == .notConnected(.closed))
    #expect(await failure { () throws(ClientError) in try await client.connect() } == .notConnected(.closed))
    await server.endsVisits(1)
    await client.close()
    try await server.close()
  }

  @Test("closing with a grace lets the calls under way be answered")
  func closingGracefully() async throws {
    let server = try await ScriptedServer([.init(steps: [.hold])])
    let client = client(of: server)
    async let sale = client.vend(vend(1))
    await server.receives(1)
    async let closed: Void = client.close(grace: .seconds(60))
    server.release()
    #expect(try await sale.value.head.reservation.low == 1)
    await closed
    try await server.close()
  }

  @Test("a client that nobody holds any more closes its connection")
  func dropped() async throws {
    let server = try await ScriptedServer()
    _ = try await client(of: server).ping()
    await server.endsVisits(1)
    try await server.close()
  }

  @Test("a cancelled call ends at once, and its late answer is nobody else's")
  func cancelling() async throws {
    let server = try await ScriptedServer([.init(steps: [.hold, .hold])])
    let client = client(of: server)
    let sale = Task { await failure { () throws(ClientError) in try await client.vend(vend(1)) } }
    await server.receives(1)
    sale.cancel()
    #expect(
      await sale.value == .unknownOutcome(UnsettledChange(operation: .vend, key: .id(RequestID(high: 9, low: 1)))))
    async let next = client.vend(vend(2))
    await server.receives(2)
    server.release()
    #expect(try await next.value.head.reservation.low == 2)
    #expect(server.visitCount == 1)
    await client.close()
    try await server.close()
  }

  @Test("a task cancelled before its call sends nothing")
  func cancelledBefore() async throws {
    let server = try await ScriptedServer()
    let client = client(of: server)
    let sale = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure { () throws(ClientError) in try await client.vend(vend(1)) }
    }
    let error = await sale.value
    #expect(error == .cancelled(.vend))
    _ = try await client.ping()
    #expect(server.received.count == 1)
    await client.close()
    try await server.close()
  }
}

struct Unexpected: Error {
  let error: ClientError?
}
