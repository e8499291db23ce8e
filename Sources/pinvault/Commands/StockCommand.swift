import ArgumentParser
import PinClient
import PinWords

struct StockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stock",
    abstract: "How many cards of each product are where.",
    discussion: """
      Example:
        pinvault stock --sku ACME-10USD
      """)

  @Option(help: "One product only.") var sku: String?
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let products = try await client.catalogue().value
      let levels: [StockLevel]
      if let sku {
        levels = [try await client.stock(of: try await client.product(sku: sku).id).value]
      } else {
        levels = try await client.stock().value
      }
      let records = levels.map { level in
        StockRecord(level: level, sku: products.first { $0.id == level.product }?.sku)
      }
      try output.print(records) {
        var table = Table(
          ["SKU", "REGULAR", "USED", "QUARANTINED", "RESERVED", "DELIVERED", "VOID", "LOADING"],
          numbers: Set(1...7))
        for (level, record) in zip(levels, records) {
          let counts = [
            level.regular, level.used, level.quarantined, level.reserved, level.delivered, level.void, level.loading,
          ]
          table.add([record.sku ?? "product \(level.product)"] + counts.map(String.init))
        }
        return table.text
      }
    }
  }
}

/// A product's stock for machines.
private struct StockRecord: Encodable {
  var level: StockLevel
  var sku: String?

  private enum Key: CodingKey { case sku }

  func encode(to encoder: any Encoder) throws {
    try level.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(sku, forKey: .sku)
  }
}
