import ArgumentParser
import PinClient
import PinProtocol
import PinWords

struct ProductCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "product",
    abstract: "Say what is sold: add, change or list products.",
    discussion: """
      Example:
        pinvault product add --sku ACME-10USD --name "Acme 10" --vendor Acme --currency USD --face-value 10.00
      """,
    subcommands: [Add.self, Change.self, Picture.self, List.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a product.",
      discussion: """
        Example:
          pinvault product add --sku ACME-10USD --name "Acme 10" --vendor Acme --currency USD --face-value 10.00 \
        --price 9.50 --instructions "Dial *123# and enter the PIN."
        """)

    @Option(help: "Its name to programs and in commands: 1 to 32 characters, unique.") var sku: String
    @Option(help: "Its name to people.") var name: String
    @Option(help: "Who sells it to the shop.") var vendor: String
    @Option(help: ArgumentHelp("ISO 4217: USD, EUR, JPY, …", valueName: "code")) var currency: Currency
    @Option(help: ArgumentHelp("What a card is worth.", valueName: "amount")) var faceValue: String
    @Option(help: ArgumentHelp("What a buyer pays. (default: the face value)", valueName: "amount")) var price: String?
    @Option(help: ArgumentHelp("How to redeem it, for the receipt.", valueName: "text")) var instructions = ""
    @Option(help: ArgumentHelp("Warn when fewer regular cards are left; 0 for never.", valueName: "count"))
    var lowStock: UInt32 = 0
    @Option(help: ArgumentHelp("Do not hand out a card that expires in fewer days.", valueName: "days"))
    var minimumValidity: UInt16 = 0
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let face = try Money.parse(faceValue, in: currency, option: "--face-value")
      let product = Product(
        id: ProductID(0), sku: sku, name: name, vendor: vendor, currency: currency, faceValueMinor: face,
        priceMinor: try price.map { try Money.parse($0, in: currency, option: "--price") } ?? face,
        instructions: instructions, lowStockThreshold: lowStock, minimumValidityDays: minimumValidity)
      try await server.withClient { client in
        try await output.define(product, id: change.id(client), by: client, done: "added")
      }
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a product; what is not given stays. Its currency never changes.",
      discussion: """
        Example:
          pinvault product change --sku ACME-10USD --price 9.75
        """)

    @Option(help: "Which product.") var sku: String
    @Option(help: "Its name to people.") var name: String?
    @Option(help: "Who sells it to the shop from now on.") var vendor: String?
    @Option(help: ArgumentHelp("What a card is worth.", valueName: "amount")) var faceValue: String?
    @Option(help: ArgumentHelp("What a buyer pays.", valueName: "amount")) var price: String?
    @Option(help: ArgumentHelp("How to redeem it, for the receipt.", valueName: "text")) var instructions: String?
    @Option(help: ArgumentHelp("Warn when fewer regular cards are left; 0 for never.", valueName: "count"))
    var lowStock: UInt32?
    @Option(help: ArgumentHelp("Do not hand out a card that expires in fewer days.", valueName: "days"))
    var minimumValidity: UInt16?
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        var product = try await client.product(sku: sku)
        if let name { product.name = name }
        if let vendor { product.vendor = vendor }
        if let faceValue {
          product.faceValueMinor = try Money.parse(faceValue, in: product.currency, option: "--face-value")
        }
        if let price { product.priceMinor = try Money.parse(price, in: product.currency, option: "--price") }
        if let instructions { product.instructions = instructions }
        if let lowStock { product.lowStockThreshold = lowStock }
        if let minimumValidity { product.minimumValidityDays = minimumValidity }
        try await output.define(product, id: change.id(client), by: client, done: "changed")
      }
    }
  }

  struct Picture: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a product looks like; asks the back office.",
      discussion: """
        Example:
          pinvault product picture --sku ACME-10USD acme.png
        """)

    @Option(help: "Which product.") var sku: String
    @Option(help: "The version of the picture that you looked at; 0 for the first.") var version: UInt32 = 0
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @Argument(help: ArgumentHelp("A PNG or a JPEG of at most 44 KiB.", valueName: "file")) var file: String
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      guard let bytes = try Files.contents(of: file) else { throw Fault(.badInput, "\(file): there is no such file") }
      try await office.send(bytes, "/products/\(sku.inPath)/picture?version=\(version)", id: id ?? newID())
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the products.",
      discussion: """
        Example:
          pinvault product list --json
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let products = try await client.catalogue().value
        try output.print(products.map(ProductRecord.init)) {
          var table = Table(
            ["PRODUCT", "SKU", "NAME", "VENDOR", "FACE VALUE", "PRICE", "CURRENCY", "STATUS"], numbers: [0, 4, 5])
          for product in products {
            table.add([
              product.id.description, product.sku, product.name, product.vendor,
              Money.text(product.faceValueMinor, in: product.currency),
              Money.text(product.priceMinor, in: product.currency), product.currency.description,
              product.isFrozen ? "frozen" : "on sale",
            ])
          }
          return table.text
        }
      }
    }
  }
}

extension OutputOptions {
  fileprivate func define(
    _ product: Product, id: RequestID, by client: PinClient, done: String
  ) async throws {
    let answered = try await client.defineProduct(DefineProduct(id: id, product: product))
    var defined = product
    defined.id = answered.value
    try print(ProductRecord(defined)) { "product \(defined.id) (\(defined.sku)) \(done)" }
  }
}

/// A product for machines.
private struct ProductRecord: Encodable {
  var product: ProductID
  var sku: String
  var name: String
  var vendor: String
  var currency: String
  var faceValueMinor: UInt64
  var priceMinor: UInt64
  var instructions: String
  var lowStock: UInt32
  var minimumValidityDays: UInt16
  var isFrozen: Bool

  init(_ product: Product) {
    self.product = product.id
    sku = product.sku
    name = product.name
    vendor = product.vendor
    currency = product.currency.description
    faceValueMinor = product.faceValueMinor
    priceMinor = product.priceMinor
    instructions = product.instructions
    lowStock = product.lowStockThreshold
    minimumValidityDays = product.minimumValidityDays
    isFrozen = product.isFrozen
  }
}
