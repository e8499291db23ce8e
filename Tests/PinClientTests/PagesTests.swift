import PinClient
import PinProtocol
import PinWords
import Testing

/// Lists longer than a frame come whole.
@Suite struct PagesTests {
  @Test("catalogue, stock and actors come whole, page after page")
  func whole() async throws {
    let server = try await ScriptedServer(respond: pages)
    let client = client(of: server)
    #expect(try await client.catalogue().value.map(\.id) == (1...7).map { ProductID($0) })
    #expect(try await client.stock().value.map(\.product) == (1...7).map { ProductID($0) })
    #expect(try await client.actors().value.map(\.id) == (1...7).map { ActorID($0) })
    #expect(server.received.count == 12)
    await client.close()
    try await server.close()
  }

  @Test("the stock of one product is one request")
  func oneProduct() async throws {
    let server = try await ScriptedServer(respond: pages)
    let client = client(of: server)
    #expect(try await client.stock(of: ProductID(4)).value.product == ProductID(4))
    #expect(server.received.count == 1)
    await client.close()
    try await server.close()
  }

  @Test("a server whose pages do not go on is not asked for ever")
  func endless() async throws {
    let server = try await ScriptedServer { _ in .done(.actors(Page([], hasMore: true))) }
    let client = client(of: server)
    let error = await failure { () throws(ClientError) in try await client.actors() }
    #expect(error == .protocolFault(.invalid(.frame)))
    await client.close()
    try await server.close()
  }
}

/// Seven of everything, two on a page.
@Sendable private func pages(_ message: RequestMessage) -> AnswerMessage.Outcome {
  func page<Record>(after: UInt32, _ make: (UInt32) -> Record) -> Page<Record> {
    Page((after + 1...7).prefix(2).map(make), hasMore: after < 5)
  }
  switch message {
  case .catalogue(let query):
    return .done(
      .catalogue(
        page(after: query.after.rawValue) { number in
          Product(
            id: ProductID(number), sku: "P\(number)", name: "P", vendor: "V", currency: Currency("EUR")!,
            faceValueMinor: 1, priceMinor: 1)
        }))
  case .stock(let query) where query.product.rawValue != 0:
    return .done(.stock(Page([StockLevel(product: query.product)])))
  case .stock(let query):
    return .done(.stock(page(after: query.after.rawValue) { StockLevel(product: ProductID($0)) }))
  case .actors(let query):
    return .done(
      .actors(page(after: query.after.rawValue) { ActorDescription(id: ActorID($0), name: "a\($0)", roles: .clerk) }))
  default:
    return .refused(.notPermitted)
  }
}
