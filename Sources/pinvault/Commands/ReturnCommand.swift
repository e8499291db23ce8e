import ArgumentParser
import PinClient
import PinProtocol
import PinWords

struct ReturnCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "return",
    abstract: "Take sold cards back: they become used stock, and the buyer is credited.",
    discussion: """
      Example:
        pinvault return 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10 --card 17 --card 20-22
      """)

  @Argument(help: "The sale.") var sale: RequestID
  @Option(
    name: .customLong("card"),
    help: ArgumentHelp(
      "Which cards: an id, or the first and the last of a run. (default: all of them)", valueName: "id"))
  var cards: [ExtentArgument] = []
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard let extents = cards.map(\.extent).inOrder() else { throw Fault(.usage, "--card: a card is named twice") }
    try await server.withClient { client in
      let request = Return(id: change.id(client), reservation: sale, extents: extents)
      let record = ReturnRecord(request, try await client.return(request))
      try output.print(record) { record.text }
    }
  }
}

private struct ReturnRecord: Encodable {
  struct Credit: Encodable {
    var currency: String
    var amountMinor: UInt64
    var amount: String
    var cards: UInt32
  }

  var id: RequestID
  var sale: RequestID
  var sequence: UInt64
  var isRepeat: Bool
  var cardsReturned: UInt32
  var credits: [Credit]

  init(_ request: Return, _ answered: Answered<ReturnAnswer>) {
    id = request.id
    sale = request.reservation
    sequence = answered.sequence
    isRepeat = answered.isRepeat
    cardsReturned = answered.value.cardsReturned
    credits = answered.value.credits.map {
      Credit(
        currency: $0.currency.description, amountMinor: $0.amountMinor,
        amount: Money.text($0.amountMinor, in: $0.currency), cards: $0.cards)
    }
  }

  var text: String {
    let amounts = credits.map { "\($0.amount) \($0.currency)" }.joined(separator: ", ")
    return "\(cardsReturned) cards are used stock now; credit \(amounts.isEmpty ? "nothing" : amounts)"
  }
}
