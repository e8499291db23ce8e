import ArgumentParser
import PinClient
import PinWords

struct FreezeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze",
    abstract: "Stop the sale of a product.",
    discussion: """
      Example:
        pinvault freeze --sku ACME-10USD --reason "the vendor reports stolen cards"
      """)

  @OptionGroup var stop: StopOptions

  func run() async throws {
    try await stop.perform("frozen") { try await $0.freeze($1) }
  }
}

struct ThawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "thaw",
    abstract: "Resume the sale of a product.",
    discussion: """
      Example:
        pinvault thaw --sku ACME-10USD --reason "cleared with the vendor"
      """)

  @OptionGroup var stop: StopOptions

  func run() async throws {
    try await stop.perform("on sale") { try await $0.thaw($1) }
  }
}

/// Which product, and why.
struct StopOptions: ParsableArguments {
  @Option(help: "Which product.") var sku: String
  @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text")) var reason: String
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func perform(
    _ status: String, _ body: (PinClient, ProductStop) async throws -> Answered<Void>
  ) async throws {
    try await server.withClient { client in
      let product = try await client.product(sku: sku)
      let request = ProductStop(id: change.id(client), product: product.id, reason: reason)
      let answered = try await body(client, request)
      let record = StopRecord(
        id: request.id, sequence: answered.sequence, isRepeat: answered.isRepeat, product: product.id, sku: sku,
        status: status)
      try output.print(record) { "\(sku) is \(status)" }
    }
  }
}

private struct StopRecord: Encodable {
  var id: RequestID
  var sequence: UInt64
  var isRepeat: Bool
  var product: ProductID
  var sku: String
  var status: String
}
