import ArgumentParser
import PinClient
import PinProtocol
import PinWords

struct CardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card",
    abstract: "A card by its serial: where it is, and its whole life. Never its PIN.",
    discussion: """
      Example:
        pinvault card AC00017
      """)

  @Argument(help: "The serial.") var serial: String
  @Option(help: "The vendor, if several have such a serial.") var vendor: String = ""
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let found = try await client.card(CardQuery(serial: serial, vendor: vendor)).value
      guard !found.isEmpty else { throw Fault(.unknownCard) }
      let records = found.map(CardRecord.init)
      try output.print(records) { records.map(\.text).joined(separator: "\n\n") }
    }
  }
}

/// A card's life for machines.
private struct CardRecord: Encodable {
  struct Step: Encodable {
    var sequence: UInt64
    var time: String
    var actor: ActorID
    var event: String
    var id: RequestID?
  }

  var card: CardID
  var serial: String
  var product: ProductID
  var lot: LotID
  var purchase: PurchaseID
  var expires: String?
  var custody: String
  var holder: RequestID?
  /// Latest first.
  var life: [Step]

  init(_ life: CardLife) {
    card = life.id
    serial = life.serial
    product = life.product
    lot = life.lot
    purchase = life.purchase
    expires = life.expiry.text
    custody = life.custody.name
    holder = life.custody.holder
    self.life = life.life.map {
      Step(
        sequence: $0.sequence, time: Times.stamp($0.timeMilliseconds), actor: $0.actor, event: $0.name,
        id: $0.id == .zero ? nil : $0.id)
    }
  }

  var text: String {
    var table = Table(["EVENT", "TIME", "ACTOR", "WHAT", "ID"], numbers: [0, 2])
    for step in life {
      table.add([
        "\(step.sequence)", step.time, step.actor.description, step.event, step.id?.description ?? "",
      ])
    }
    let head = fieldList([
      ("Card", card.description),
      ("Serial", serial),
      ("Product", product.description),
      ("Purchase", "\(purchase), lot \(lot)"),
      ("Expires", expires ?? "never"),
      ("Custody", custody + (holder.map { " of \($0)" } ?? "")),
    ])
    return head + "\n\n" + table.text
  }
}
