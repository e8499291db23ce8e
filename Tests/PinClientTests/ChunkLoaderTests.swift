import PinClient
import PinProtocol
import PinWords
import Synchronization
import Testing

/// Chunks go out several at once, and each is loaded once and in order.
@Suite struct ChunkLoaderTests {
  @Test("every chunk is loaded once and in order, whatever happens on the way")
  func manyChunks() async throws {
    let importer = ScriptedImport()
    let server = try await ScriptedServer(
      [
        .init(steps: [.respond, .respond, .answer(.refused(.busy(retryAfterMilliseconds: 1)))])
      ], respond: importer.respond)
    let client = client(of: server)
    let loader = client.chunkLoader(for: PurchaseID(3), chunksInFlight: 4)
    var answers: [ChunkLoader.ChunkAnswer] = []
    for number in 0..<200 { answers += try await loader.send([card(number)]) }
    answers += try await loader.finish()
    #expect(answers.map(\.chunk) == Array(0..<200))
    #expect(answers.allSatisfy { $0.answer?.accepted == 1 })
    #expect(importer.loaded == (0..<200).map { "S\($0)" })
    await client.close()
    try await server.close()
  }

  @Test("a chunk that was taken and whose answer was lost is told as taken, and the others go on")
  func lostAnswer() async throws {
    let importer = ScriptedImport()
    let server = try await ScriptedServer(
      [.init(steps: [.respond, .cutAfter(byteCount: 3)])], respond: importer.respond)
    let client = client(of: server)
    let loader = client.chunkLoader(for: PurchaseID(3), chunksInFlight: 8)
    var answers: [ChunkLoader.ChunkAnswer] = []
    for number in 0..<20 { answers += try await loader.send([card(number)]) }
    answers += try await loader.finish()
    #expect(answers.map(\.chunk) == Array(0..<20))
    #expect(answers.filter { $0.answer == nil }.map(\.chunk) == [1])
    #expect(importer.loaded == (0..<20).map { "S\($0)" })
    await client.close()
    try await server.close()
  }

  @Test("no more chunks are under way than asked for")
  func bounded() async throws {
    let server = try await ScriptedServer([.init(steps: [.hold, .hold, .hold])])
    let client = client(of: server)
    let loader = client.chunkLoader(for: PurchaseID(3), chunksInFlight: 3)
    for number in 0..<3 { #expect(try await loader.send([card(number)]).isEmpty) }
    async let fourth = loader.send([card(3)])
    await server.receives(3)
    #expect(server.received.count == 3)
    server.release()
    #expect(try await fourth.isEmpty == false)
    #expect(try await loader.finish().last?.chunk == 3)
    await client.close()
    try await server.close()
  }

  @Test("a refusal ends the loading")
  func refused() async throws {
    let server = try await ScriptedServer([.init(steps: [.answer(.refused(.unknownPurchase))])])
    let client = client(of: server)
    let loader = client.chunkLoader(for: PurchaseID(3), chunksInFlight: 1)
    _ = try await loader.send([card(0)])
    let error = await failure { () throws(ClientError) in try await loader.send([card(1)]) }
    #expect(error == .refused(.unknownPurchase))
    #expect(server.received.count == 1)
    await client.close()
    try await server.close()
  }

  private func card(_ number: Int) -> LoadCards.Card {
    LoadCards.Card(expiry: .never, serial: "S\(number)", pin: PIN("\(number)"))
  }
}

/// Takes chunks in order, as the server does.
private final class ScriptedImport: Sendable {
  private let serials = Mutex<[String]>([])
  var loaded: [String] { serials.withLock { $0 } }

  func respond(_ message: RequestMessage) -> AnswerMessage.Outcome {
    guard case .loadCards(let chunk) = message else { return .refused(.notPermitted) }
    return serials.withLock { serials in
      guard chunk.chunk == serials.count else { return .refused(.outOfTurn(expected: UInt32(serials.count))) }
      serials.append(chunk.cards[0].serial)
      return .done(.loaded(LoadCardsAnswer(accepted: 1)))
    }
  }
}
