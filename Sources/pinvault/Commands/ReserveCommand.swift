import ArgumentParser
import PinClient
import PinProtocol
import PinWords

struct ReserveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reserve",
    abstract: "Hold cards for a cart: all lines or none.",
    discussion: """
      Prints the reservation's id, by which it is dispensed, extended or released. Its prices are fixed from here on.

      Example:
        pinvault reserve --line ACME-10USD=2 --line NOVA-25GBP=1 --hold 15m
      """)

  @Option(
    name: .customLong("line"),
    help: ArgumentHelp(
      "A product and how many cards, with what comes off and the tax if need be: ACME-10USD=2,discount=1.00,tax=0.50.",
      valueName: "sku=count"))
  var lines: [LineArgument]
  @Option(help: ArgumentHelp("How long to hold them: 90s, 15m, 2h, 1d; 0 for no deadline.", valueName: "time"))
  var hold = SecondsArgument(seconds: 900)
  @OptionGroup var sale: SaleOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if lines.isEmpty { throw ValidationError("Give at least one --line SKU=COUNT.") }
  }

  func run() async throws {
    try await server.withClient { client in
      let products = try await client.catalogue().value
      let reserve = Reserve(
        id: change.id(client), holdSeconds: hold.seconds, sale: sale.sale,
        lines: try lines.map { try $0.line(among: products, condition: sale.condition) })
      let answered = try await client.reserve(reserve)
      let record = ReservationRecord(reserve.id, answered, products)
      try output.print(record) { reserve.id.description }
      if !output.json { StandardError.write(line: record.advice) }
    }
  }
}

/// `SKU=COUNT`, with `,discount=AMOUNT` and `,tax=AMOUNT` if need be.
struct LineArgument: ExpressibleByArgument {
  let sku: String
  let count: UInt32
  private var discount: String?
  private var tax: String?

  init?(argument: String) {
    var parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let first = parts.removeFirst()
    guard let equals = first.lastIndex(of: "="), let count = UInt32(first[first.index(after: equals)...]) else {
      return nil
    }
    sku = String(first[..<equals])
    self.count = count
    for part in parts {
      let words = part.split(separator: "=", maxSplits: 1).map(String.init)
      switch words.first {
      case "discount" where words.count == 2: discount = words[1]
      case "tax" where words.count == 2: tax = words[1]
      default: return nil
      }
    }
  }

  func line(among products: [Product], condition: Condition) throws(Fault) -> Line {
    guard let product = products.first(where: { $0.sku == sku }) else {
      throw Fault(.refused, "there is no product with SKU '\(sku)'; see 'pinvault product list'")
    }
    var line = Line(product: product.id, count: count, condition: condition)
    if let discount { line.discountMinor = try Money.parse(discount, in: product.currency, option: "discount") }
    if let tax { line.taxMinor = try Money.parse(tax, in: product.currency, option: "tax") }
    return line
  }
}

/// What was reserved, for machines.
private struct ReservationRecord: Encodable {
  struct Line: Encodable {
    var product: ProductID
    var sku: String?
    var count: UInt32
    var unitPriceMinor: UInt64
    var currency: String
  }

  var id: RequestID
  var state: String
  var sequence: UInt64
  var isRepeat: Bool
  var cardCount: UInt32
  /// Nil for none.
  var deadline: String?
  var lines: [Line]

  init(_ id: RequestID, _ answered: Answered<ReserveAnswer>, _ products: [Product]) {
    let answer = answered.value
    self.id = id
    state = answer.state.name
    sequence = answered.sequence
    isRepeat = answered.isRepeat
    cardCount = answer.cardCount
    deadline = answer.deadlineMilliseconds == 0 ? nil : Times.stamp(answer.deadlineMilliseconds)
    lines = answer.lines.map { granted in
      Line(
        product: granted.line.product, sku: products.first { $0.id == granted.line.product }?.sku,
        count: granted.line.count, unitPriceMinor: granted.unitPriceMinor, currency: granted.currency.description)
    }
  }

  var advice: String {
    let until = deadline.map { "until \($0)" } ?? "without a deadline"
    return "\(cardCount) cards \(state) \(until); next: pinvault dispense \(id)"
  }
}
