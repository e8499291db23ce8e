import ArgumentParser
import PinClient
import PinWords

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "What became of an id: a sale, or another change. Never a PIN.",
    discussion: """
      Example:
        pinvault show 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10
      """)

  @Argument(help: "The id.") var id: RequestID
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      switch try await client.lookUp(id).value {
      case .reservation(let reservation):
        let record = SaleRecord(reservation)
        try output.print(record) { record.text }
      case .change(let operation, let time):
        let record = ChangeRecord(id: id, operation: operation.name, time: Times.stamp(time))
        try output.print(record) { "\(operation.name), done at \(Times.text(time))" }
      }
    }
  }
}

private struct ChangeRecord: Encodable {
  var kind = "change"
  var id: RequestID
  var operation: String
  var time: String
}

/// A reservation for machines.
private struct SaleRecord: Encodable {
  struct Line: Encodable {
    var product: ProductID
    var count: UInt32
    var condition: String
    var unitPriceMinor: UInt64
    var discountMinor: UInt64
    var taxMinor: UInt64
    var currency: String
  }

  struct Run: Encodable {
    var line: UInt16
    var product: ProductID
    var lot: LotID
    var firstCard: CardID
    var count: UInt32
  }

  var kind = "sale"
  var id: RequestID
  var state: String
  var actor: ActorID
  var cashier: UInt32
  var tender: String
  var reservedAt: String?
  var deadline: String?
  var dispensedAt: String?
  var openedCount: UInt32
  var printCount: UInt16
  var cardCount: UInt64
  var lines: [Line]
  var cards: [Run]

  init(_ reservation: Reservation) {
    func stamp(_ time: UInt64) -> String? { time == 0 ? nil : Times.stamp(time) }
    id = reservation.id
    state = reservation.state.name
    actor = reservation.actor
    cashier = reservation.sale.cashier
    tender = "\(reservation.sale.tender)"
    reservedAt = stamp(reservation.reservedAtMilliseconds)
    deadline = stamp(reservation.deadlineMilliseconds)
    dispensedAt = stamp(reservation.dispensedAtMilliseconds)
    openedCount = reservation.openedCount
    printCount = reservation.printCount
    cardCount = reservation.cardCount
    lines = reservation.lines.map {
      Line(
        product: $0.line.product, count: $0.line.count, condition: $0.line.condition.name,
        unitPriceMinor: $0.unitPriceMinor, discountMinor: $0.line.discountMinor, taxMinor: $0.line.taxMinor,
        currency: $0.currency.description)
    }
    cards = reservation.slices.map {
      Run(line: $0.line, product: $0.product, lot: $0.lot, firstCard: $0.extent.first, count: $0.extent.count)
    }
  }

  var text: String {
    let head = fieldList([
      ("Sale", id.description),
      ("State", state),
      ("Actor", actor.description),
      ("Reserved", reservedAt),
      ("Deadline", deadline),
      ("Dispensed", dispensedAt),
      ("Cards", "\(cardCount), of which \(openedCount) told"),
      ("Printed again", printCount == 0 ? nil : "\(printCount)"),
    ])
    guard !lines.isEmpty else { return head }
    var table = Table(["PRODUCT", "COUNT", "UNIT PRICE", "CARDS"], numbers: [0, 1, 2])
    for (index, line) in lines.enumerated() {
      let runs = cards.filter { Int($0.line) == index }
        .map { Extent(first: $0.firstCard, count: $0.count).description }
      let price = Currency(line.currency).map { Money.textWithCurrency(line.unitPriceMinor, in: $0) } ?? ""
      table.add([
        line.product.description, "\(line.count)", price, runs.joined(separator: ", "),
      ])
    }
    return head + "\n\n" + table.text
  }
}
