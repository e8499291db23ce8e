import PinClient
import PinProtocol
import PinWords
import Testing

/// Each event comes once, in order, over a connection of its own.
@Suite struct EventStreamTests {
  @Test("a stream goes on after each broken connection where it was")
  func reconnects() async throws {
    let cuts = ScriptedServer.Visit(steps: [.respond, .cut])
    let halves = ScriptedServer.Visit(steps: [.respond, .cutAfter(byteCount: 60)])
    let server = try await ScriptedServer([cuts, halves, cuts], respond: threeEvents)
    let client = client(of: server)
    var sequences: [UInt64] = []
    for try await event in client.events(from: 5) {
      sequences.append(event.sequence)
      if sequences.count == 20 { break }
    }
    #expect(sequences == Array(5..<25))
    #expect(server.visitCount == 4)
    await server.endsVisits(4)
    await client.close()
    try await server.close()
  }

  @Test(
    "a stream until the head ends at the last event there was when it began",
    arguments: [1, 98, 100, 101, 500] as [UInt64])
  func untilHead(from: UInt64) async throws {
    let server = try await ScriptedServer(respond: threeEvents)
    let client = client(of: server)
    var sequences: [UInt64] = []
    for try await event in client.events(from: from, until: .head) { sequences.append(event.sequence) }
    #expect(sequences == (from <= 100 ? Array(from...100) : []))
    await client.close()
    try await server.close()
  }

  @Test("a stream waits for events, and ends with its task")
  func cancelled() async throws {
    let server = try await ScriptedServer([.init(steps: [.ignore])])
    let client = client(of: server)
    let follower = Task { () throws(ClientError) -> Int in
      var count = 0
      for try await _ in client.events(from: 1) { count += 1 }
      return count
    }
    await server.receives(1)
    guard case .events(let query) = server.received[0].message else { throw Unexpected(error: nil) }
    #expect(query.waitMilliseconds == 30_000)
    follower.cancel()
    let result = await follower.result
    #expect(throws: ClientError.cancelled(.events)) { try result.get() }
    await server.endsVisits(1)
    await client.close()
    try await server.close()
  }

  @Test("a stream does not go on in another store, whose events are others")
  func otherStore() async throws {
    let other = RequestID(high: 2, low: 2)
    let server = try await ScriptedServer(
      [.init(steps: [.respond, .cut]), .init(storeID: other)], respond: threeEvents)
    let client = client(of: server)
    var sequences: [UInt64] = []
    do throws(ClientError) {
      for try await event in client.events(from: 5) { sequences.append(event.sequence) }
      Issue.record("the stream went on")
    } catch {
      #expect(error == .notConnected(.otherStore(other)))
    }
    #expect(sequences == [5, 6, 7])
    await client.close()
    try await server.close()
  }

  @Test("closing the client ends its streams, and those begun later")
  func closed() async throws {
    let server = try await ScriptedServer([.init(steps: [.ignore])])
    let client = client(of: server)
    let stream = client.events(from: 1)
    async let early = ending(of: stream)
    await server.receives(1)
    await client.close()
    #expect(await early == .notConnected(.closed))
    #expect(await ending(of: stream) == .notConnected(.closed))
    try await server.close()
  }

  @Test("events that are not those asked for are not passed on")
  func wrongEvents() async throws {
    let server = try await ScriptedServer(respond: threeEvents)
    let client = client(of: server)
    var iterator = client.events(from: 600, until: .never).makeAsyncIterator()
    do throws(ClientError) {
      _ = try await iterator.next(isolation: nil)
      Issue.record("an event before the one asked for came through")
    } catch {
      #expect(error == .protocolFault(.invalid(.sequence)))
    }
    await client.close()
    try await server.close()
  }
}

/// What a stream ends with when all its events are taken.
private func ending(of stream: EventStream) async -> ClientError? {
  var iterator = stream.makeAsyncIterator()
  do throws(ClientError) {
    while try await iterator.next(isolation: nil) != nil {}
    return nil
  } catch {
    return error
  }
}

/// Three events from the one asked for; the head is 100, and stays so; after 599 it sends what it was not asked for.
@Sendable private func threeEvents(_ message: RequestMessage) -> AnswerMessage.Outcome {
  guard case .events(let query) = message else { return .refused(.notPermitted) }
  let first = query.fromSequence > 599 && query.waitMilliseconds > 0 ? 1 : query.fromSequence
  let events = (first..<first + 3).map { EventsAnswer.Event(sequence: $0, timeMilliseconds: $0, bytes: [1, 2]) }
  return .done(
    .events(
      EventsAnswer(headSequence: 100, events: query.fromSequence > 100 && query.waitMilliseconds == 0 ? [] : events)))
}
