import ArgumentParser
import Foundation
import PinWords

struct OrderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Run the shop: submit, review, pay, deliver and take back orders.",
    discussion: """
      Asks the back office ('pinvault serve --office-port'). Each change names the version of the order that was looked at.

      Example:
        pinvault order submit --customer ID --line ACME-10USD=2 --card-file card.json
        pinvault order approve ORDER --version 1
      """,
    subcommands: [
      Submit.self, Show.self, List.self, Track.self, Approve.self, Deny.self, Pay.self, Ship.self, Decline.self,
      Card.self,
      Method.self, ShowCard.self, Cancel.self, TakeBack.self, Pardon.self, Delete.self,
    ])

  /// Which order, in which version, under which id.
  struct Target: ParsableArguments {
    @Argument(help: "The order's id.") var order: RequestID
    @Option(help: "The version that you looked at: see 'pinvault order show'.") var version: UInt32
    @Option(
      help: ArgumentHelp("The change's own id: the same id never does it twice. (default: a new one)", valueName: "id"))
    var id: RequestID?
    @OptionGroup var office: OfficeOptions

    func act(_ act: String, method: String = "POST", _ body: some Encodable) async throws {
      try await office.ask(method, "/orders/\(order)/\(act)", id: id ?? newID(), body)
    }
  }

  struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Submit an order; its cards are reserved at once.")

    @Option(help: ArgumentHelp("The order's id. (default: a new one)", valueName: "id")) var order: RequestID?
    @Option(help: ArgumentHelp("Whose order.", valueName: "id")) var customer: RequestID
    @Option(
      name: .customLong("line"),
      help: ArgumentHelp(
        "What and how many; the line's discount, and the tax that is in it, in minor units.",
        valueName: "sku=count[,discount=amount][,tax=amount]"))
    var lines: [ShopLineArgument]
    @Option(help: ArgumentHelp("What shipping costs, in minor units.", valueName: "amount")) var shippingMinor: UInt64 =
      0
    @Option(
      help: ArgumentHelp(
        #"A file with the payment card as JSON, {"number": "…", "expiry": "2030-01"}; - for standard input."#,
        valueName: "file"))
    var cardFile: String?
    @Flag(help: "Sell used cards.") var used = false
    @Flag(help: "The cards go by post: they are shipped, not mailed.") var byPost = false
    @Option(help: "What tells the customer's device from others, for the fraud list.") var device: String?
    @Option(
      help: ArgumentHelp(
        "What the payment gateway knows the customer's payment method as, instead of a card.", valueName: "method"))
    var paymentMethod: String?
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      struct Line: Encodable {
        var sku: String
        var count: UInt32
        var condition: String
        var discountMinor: UInt64?
        var taxMinor: UInt64?
      }
      var customer: RequestID
      var lines: [Line]
      var shippingMinor: UInt64
      var card: CardFile?
      var device: String?
      var delivery: String
      var paymentMethod: String?
    }

    func run() async throws {
      let body = Body(
        customer: customer,
        lines: lines.map {
          Body.Line(
            sku: $0.line.sku, count: $0.line.count, condition: used ? "used" : "regular",
            discountMinor: $0.discountMinor, taxMinor: $0.taxMinor)
        },
        shippingMinor: shippingMinor, card: try cardFile.map(CardFile.read), device: device,
        delivery: byPost ? "post" : "mail", paymentMethod: paymentMethod)
      try await office.ask("PUT", "/orders/\(order ?? newID())", id: id ?? newID(), body)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show an order.")
    @Argument(help: "The order's id.") var order: RequestID
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/orders/\(order)") }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List orders.")
    @Flag(help: "Only those that wait for a reviewer.") var pending = false
    @Option(help: ArgumentHelp("Go on after this order.", valueName: "id")) var after: RequestID?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      let review = pending ? "pending" : "all"
      try await office.ask("GET", "/orders?review=\(review)" + (after.map { "&after=\($0)" } ?? ""))
    }
  }

  struct Track: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show how an order stands, as its customer is told.")
    @Argument(help: "The order's tracking token: see 'pinvault order show'.") var token: String
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      try office.show(try await office.answer("GET", "/track/\(token.inPath)", isOpen: true, nil))
    }
  }

  private struct VersionBody: Encodable { var version: UInt32 }
  private struct ReasonBody: Encodable {
    var version: UInt32
    var reason: String
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let an order pass; it is delivered once it is paid.")
    @OptionGroup var target: Target
    func run() async throws { try await target.act("approve", VersionBody(version: target.version)) }
  }

  struct Deny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Refuse an order, and its customer from now on.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String
    func run() async throws { try await target.act("deny", ReasonBody(version: target.version, reason: reason)) }
  }

  struct Pay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Record that an order was paid; it is delivered once it is approved.")
    @OptionGroup var target: Target
    @Option(help: "The payment's authorisation number.") var authorisation: String

    private struct Body: Encodable {
      var version: UInt32
      var authorisation: String
    }
    func run() async throws {
      try await target.act("payment", Body(version: target.version, authorisation: authorisation))
    }
  }

  struct Ship: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Record that a carrier has an order's cards; their PINs count as disclosed.")
    @OptionGroup var target: Target
    @Option(help: "Who carries it.") var carrier: String
    @Option(help: ArgumentHelp("The carrier's number.", valueName: "number")) var tracking: String

    private struct Body: Encodable {
      var version: UInt32
      var carrier: String
      var trackingNumber: String
    }
    func run() async throws {
      try await target.act("ship", Body(version: target.version, carrier: carrier, trackingNumber: tracking))
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Record that a payment was declined; its cards are kept.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String
    func run() async throws { try await target.act("decline", ReasonBody(version: target.version, reason: reason)) }
  }

  struct Card: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "card", abstract: "Give an order another payment card; the order and its cards stay.")
    @OptionGroup var target: Target
    @Option(help: ArgumentHelp("A file with the card as JSON; - for standard input.", valueName: "file"))
    var cardFile: String

    private struct Body: Encodable {
      var version: UInt32
      var card: CardFile
    }
    func run() async throws {
      try await target.act(
        "card", method: "PUT", Body(version: target.version, card: try CardFile.read(cardFile)))
    }
  }

  struct Method: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Pay an order with another payment method of the gateway; the order and its cards stay.")
    @OptionGroup var target: Target
    @Option(help: ArgumentHelp("What the gateway knows it as.", valueName: "method")) var paymentMethod: String

    private struct Body: Encodable {
      var version: UInt32
      var paymentMethod: String
    }
    func run() async throws {
      try await target.act(
        "method", method: "PUT", Body(version: target.version, paymentMethod: paymentMethod))
    }
  }

  struct ShowCard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show an order's payment card, to charge it; that it was shown is kept for ever.")
    @Argument(help: "The order's id.") var order: RequestID
    @Option(help: "Why.") var reason: String
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable { var reason: String }
    func run() async throws {
      try await office.ask("POST", "/orders/\(order)/card/show", id: newID(), Body(reason: reason))
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up an order that was not delivered; its cards go back as they were.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String
    func run() async throws { try await target.act("cancel", ReasonBody(version: target.version, reason: reason)) }
  }

  struct Pardon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take whom a denied order put on the fraud list off it: the denial was a mistake.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String
    func run() async throws { try await target.act("pardon", ReasonBody(version: target.version, reason: reason)) }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete an order all of whose cards came back: they are regular stock again, and a tombstone stays.")
    @OptionGroup var target: Target
    @Option(help: "Why.") var reason: String
    func run() async throws { try await target.act("delete", ReasonBody(version: target.version, reason: reason)) }
  }

  struct TakeBack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "return", abstract: "Take delivered cards back, and credit the customer.")
    @OptionGroup var target: Target
    @Option(name: .customLong("serial"), help: "Of a card that comes back. (default: all)") var serials: [String] = []

    private struct Body: Encodable {
      var version: UInt32
      var serials: [String]?
    }
    func run() async throws {
      try await target.act("return", Body(version: target.version, serials: serials.isEmpty ? nil : serials))
    }
  }
}

/// `ACME-10USD=2`.
struct OrderLineArgument: ExpressibleByArgument {
  let sku: String
  let count: UInt32

  init?(argument: String) {
    guard let equals = argument.lastIndex(of: "="), let count = UInt32(argument[argument.index(after: equals)...])
    else {
      return nil
    }
    sku = String(argument[..<equals])
    self.count = count
  }
}

/// `ACME-10USD=2,discount=100,tax=57`.
struct ShopLineArgument: ExpressibleByArgument {
  let line: OrderLineArgument
  private(set) var discountMinor: UInt64?
  private(set) var taxMinor: UInt64?

  init?(argument: String) {
    // From its end: a comma may stand in a SKU, too.
    var rest = argument[...]
    amounts: while let comma = rest.lastIndex(of: ",") {
      let words = rest[comma...].dropFirst().split(separator: "=", omittingEmptySubsequences: false)
      guard words.count == 2, let amount = UInt64(words[1]) else { break }
      switch words[0] {
      case "discount" where discountMinor == nil: discountMinor = amount
      case "tax" where taxMinor == nil: taxMinor = amount
      default: break amounts
      }
      rest = rest[..<comma]
    }
    guard let line = OrderLineArgument(argument: String(rest)) else { return nil }
    self.line = line
  }
}

/// A payment card as a file has it: never an argument, which others on the machine can read. One with more in it, such as a
/// security code, is refused.
struct CardFile: Codable {
  var number: String
  var expiry: String

  static func read(_ path: String) throws -> CardFile {
    let bytes = try path == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : Files.contents(of: path)
    guard let bytes else { throw Fault(.badInput, "\(path): there is no such file") }
    let members = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    guard let card = try? JSONDecoder().decode(CardFile.self, from: Data(bytes)), members?.count == 2 else {
      throw Fault(.badInput, "\(path): not a payment card as JSON: its number and its expiry, and nothing more")
    }
    return card
  }
}

/// A new id that rises with time.
func newID() -> RequestID {
  var generator = SystemRandomNumberGenerator()
  return .generate(atMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
}
