import ArgumentParser
import PinWords

struct PurchaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purchase",
    abstract: "Order cards from vendors, and book imports against the orders.",
    discussion: """
      Asks the back office ('pinvault serve --office-port'). Each change names the version that was looked at.

      Example:
        pinvault purchase draft --vendor ACME --line ACME-10USD=500@870
        pinvault purchase approve ORDER --version 1
        pinvault import --sku ACME-10USD --unit-cost 8.70 acme-march.csv.gz
        pinvault purchase receive ORDER --version 2 --purchase 17
      """,
    subcommands: [Draft.self, Suggest.self, Show.self, List.self, Approve.self, Receive.self, Close.self])

  /// Which purchase order, in which version, under which id.
  struct Target: ParsableArguments {
    @Argument(help: "The purchase order's id.") var order: RequestID
    @Option(help: "The version that you looked at: see 'pinvault purchase show'.") var version: UInt32
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    func act(_ act: String, _ body: some Encodable) async throws {
      try await office.ask("POST", "/purchase-orders/\(order)/\(act)", id: id ?? newID(), body)
    }
  }

  struct Draft: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Draft a purchase order, or write a draft anew.")

    @Option(help: ArgumentHelp("Which purchase order. (default: a new one)", valueName: "id")) var order: RequestID?
    @Option(help: "The version that you looked at; 0 for a new one.") var version: UInt32 = 0
    @Option(help: "From whom.") var vendor: String
    @Option(
      name: .customLong("line"),
      help: ArgumentHelp(
        "What, how many, and what one is to cost in minor units.", valueName: "sku=count@cost"))
    var lines: [PurchaseLineArgument]
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var version: UInt32
      var vendor: String
      var lines: [PurchaseLineArgument]
    }

    func run() async throws {
      let body = Body(version: version, vendor: vendor, lines: lines)
      try await office.ask("PUT", "/purchase-orders/\(order ?? newID())", id: id ?? newID(), body)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a purchase order: what of it came, what is short, what was refused.")
    @Argument(help: "The purchase order's id.") var order: RequestID
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/purchase-orders/\(order)") }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List purchase orders.")
    @Option(help: ArgumentHelp("Go on after this one.", valueName: "id")) var after: RequestID?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      try await office.ask("GET", "/purchase-orders" + (after.map { "?after=\($0)" } ?? ""))
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a purchase order go to its vendor.")
    @OptionGroup var target: Target
    private struct Body: Encodable { var version: UInt32 }
    func run() async throws { try await target.act("approve", Body(version: target.version)) }
  }

  struct Receive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Book an import against a purchase order: its cards as received, those it refused as refused.")
    @OptionGroup var target: Target
    @Option(help: ArgumentHelp("The import's number, as 'pinvault import' told it.", valueName: "number"))
    var purchase: UInt32

    private struct Body: Encodable {
      var version: UInt32
      var purchase: UInt32
    }
    func run() async throws { try await target.act("receive", Body(version: target.version, purchase: purchase)) }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Wait for no more of a purchase order, or give it up.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String

    private struct Body: Encodable {
      var version: UInt32
      var reason: String
    }
    func run() async throws { try await target.act("close", Body(version: target.version, reason: reason)) }
  }
}

/// `ACME-10USD=500@870`.
struct PurchaseLineArgument: ExpressibleByArgument, Encodable {
  let sku: String
  let count: UInt32
  let unitCostMinor: UInt64

  init?(argument: String) {
    guard let at = argument.lastIndex(of: "@"), let cost = UInt64(argument[argument.index(after: at)...]),
      let line = OrderLineArgument(argument: String(argument[..<at]))
    else { return nil }
    (sku, count, unitCostMinor) = (line.sku, line.count, cost)
  }
}
