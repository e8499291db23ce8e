import ArgumentParser
import PinClient
import PinWords

struct VendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vend",
    abstract: "Sell cards: reserve and hand over in one, with a receipt.",
    discussion: """
      The receipt, with the PINs, goes to standard output and nowhere else. Given the same --id again, the same cards come \
      out, marked as a duplicate; nothing is sold twice.

      Example:
        pinvault vend --sku ACME-10USD --tender cash
      """)

  @Option(help: "What to sell.") var sku: String
  @Option(help: "How many cards.") var count: UInt32 = 1
  @Option(help: ArgumentHelp("What comes off the price, in the product's currency.", valueName: "amount"))
  var discount: String?
  @Option(help: ArgumentHelp("The tax in the price, in the product's currency.", valueName: "amount"))
  var tax: String?
  @OptionGroup var sale: SaleOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withServer { client, description in
      let limit = description.limits.cardsPerAnswer
      guard (1...UInt32(limit)).contains(count) else {
        throw Fault(.usage, "--count \(count): a vend is 1 to \(limit) cards; for more, reserve and then dispense")
      }
      let product = try await client.product(sku: sku)
      let line = Line(
        product: product.id, count: count, condition: sale.condition,
        discountMinor: try discount.map { try Money.parse($0, in: product.currency, option: "--discount") } ?? 0,
        taxMinor: try tax.map { try Money.parse($0, in: product.currency, option: "--tax") } ?? 0)
      let vend = Vend(id: change.id(client), sale: sale.sale, line: line)
      try await Handover(client: client, output: output).print(try await client.vend(vend))
    }
  }
}
