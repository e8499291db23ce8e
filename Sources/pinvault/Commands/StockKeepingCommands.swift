import ArgumentParser
import PinClient
import PinProtocol
import PinWords

// What a stock keeper does to cards, by name and with a reason.

struct ReinventoryCommand: ApprovableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reinventory",
    abstract: "Put used or quarantined cards back into regular stock.",
    discussion: """
      Example:
        pinvault reinventory --sale 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10 --reason "slip found unprinted"
      """)

  @OptionGroup var cards: CardsOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let request = try await stockChange(change.id(client), client)
      let answered = try await withSecondPerson(request.id) { try await client.reinventory(request) }
      try output.print(ChangedRecord(request.id, answered), "are regular stock again")
    }
  }

  func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
    .reinventory(try await stockChange(id, client))
  }

  private func stockChange(_ id: RequestID, _ client: PinClient) async throws -> StockChange {
    StockChange(id: id, extents: try await cards.extents(client), reason: cards.reason)
  }
}

struct WithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Take cards out of sale for good: recalled, damaged, expired.",
    discussion: """
      Example:
        pinvault withdraw --card 1001-2000 --reason "recalled by Acme"
      """)

  @OptionGroup var cards: CardsOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let request = StockChange(
        id: change.id(client), extents: try await cards.extents(client), reason: cards.reason)
      try output.print(ChangedRecord(request.id, try await client.withdraw(request)), "are void")
    }
  }
}

struct SettleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settle",
    abstract: "Book quarantined cards as delivered after all, to the sale that had them.",
    discussion: """
      Example:
        pinvault settle 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10 --reason "the customer has used it"
      """)

  @Argument(help: "The sale that had them.") var sale: RequestID
  @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text")) var reason: String
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let request = Settle(id: change.id(client), reservation: sale, reason: reason)
      try output.print(ChangedRecord(request.id, try await client.settle(request)), "are delivered")
    }
  }
}

/// Which cards, and why.
struct CardsOptions: ParsableArguments {
  @Option(
    name: .customLong("card"),
    help: ArgumentHelp("Cards by id: one, or the first and the last of a run; may be given often.", valueName: "id"))
  var cards: [ExtentArgument] = []

  @Option(name: .customLong("serial"), help: "A card by its serial; may be given often.")
  var serials: [String] = []

  @Option(help: ArgumentHelp("All cards of this sale.", valueName: "id"))
  var sale: RequestID?

  @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text"))
  var reason: String

  func validate() throws {
    if cards.isEmpty, serials.isEmpty, sale == nil { throw ValidationError("Give --card, --serial or --sale.") }
  }

  func extents(_ client: PinClient) async throws -> [Extent] {
    var extents = cards.map(\.extent)
    for serial in serials {
      let found = try await client.card(CardQuery(serial: serial)).value
      guard found.count == 1 else {
        throw Fault(.refused, "\(found.count) vendors have a card with serial '\(serial)'; name it by --card")
      }
      extents += found.map { Extent(first: $0.id, count: 1) }
    }
    if let sale {
      guard case .reservation(let reservation) = try await client.lookUp(sale).value else {
        throw Fault(.refused, "\(sale) is not a sale")
      }
      extents += reservation.slices.map(\.extent)
    }
    guard let ordered = extents.inOrder() else { throw Fault(.usage, "a card is named twice") }
    return ordered
  }
}

private struct ChangedRecord: Encodable {
  var id: RequestID
  var sequence: UInt64
  var isRepeat: Bool
  var cardCount: UInt64

  init(_ id: RequestID, _ answered: Answered<ChangedAnswer>) {
    self.id = id
    sequence = answered.sequence
    isRepeat = answered.isRepeat
    cardCount = answered.value.cardCount
  }
}

extension OutputOptions {
  fileprivate func print(_ record: ChangedRecord, _ what: String) throws {
    try print(record) { "\(record.cardCount) cards \(what)" }
  }
}
