import ArgumentParser
import PinWords

struct CustomerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "customer",
    abstract: "Say who the shop's customers are.",
    discussion: """
      Example:
        pinvault customer define --name "Ada Example" --email ada@example.com
      """,
    subcommands: [Define.self, Show.self, Search.self, Orders.self])

  struct Define: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a customer, or say anew who one is.")

    @Option(help: ArgumentHelp("Which customer. (default: a new one)", valueName: "id")) var customer: RequestID?
    @Option(help: "The version that you looked at; 0 for a new one.") var version: UInt32 = 0
    @Option(help: "Name.") var name: String
    @Option(help: "Where mails go.") var email: String
    @Option(
      name: .customLong("other-email"),
      help: ArgumentHelp("Another that the customer is known by; as often as there are.", valueName: "email"))
    var otherEmails: [String] = []
    @Option(help: "Telephone.") var phone: String?
    @Option(
      name: .customLong("address"),
      help: ArgumentHelp("An address, its lines parted by semicolons.", valueName: "lines"))
    var addresses: [String] = []
    @Flag(help: "Consents to marketing by mail.") var consents = false
    @Option(
      name: .customLong("calls"),
      help: ArgumentHelp(
        "A country that the customer calls, and where from that is known: registration, checkout, search, import.",
        valueName: "country=source"))
    var calls: [CallArgument] = []
    @Option(
      name: .customLong("payment-method"),
      help: ArgumentHelp(
        "What the payment gateway knows one of the customer's payment methods as; as often as there are.",
        valueName: "method"))
    var paymentMethods: [String] = []
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var version: UInt32
      var name: String
      var email: String
      var otherEmails: [String]?
      var phone: String?
      var addresses: [[String]]?
      var consents: Bool
      var calls: [CallArgument]?
      var paymentMethods: [String]?
    }

    func run() async throws {
      let lines = addresses.map(addressLines)
      let body = Body(
        version: version, name: name, email: email, otherEmails: otherEmails.isEmpty ? nil : otherEmails, phone: phone,
        addresses: lines.isEmpty ? nil : lines, consents: consents, calls: calls.isEmpty ? nil : calls,
        paymentMethods: paymentMethods.isEmpty ? nil : paymentMethods)
      try await office.ask("PUT", "/customers/\(customer ?? newID())", id: id ?? newID(), body)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a customer.")
    @Argument(help: "The customer's id.") var customer: RequestID
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/customers/\(customer)") }
  }
}

extension CustomerCommand {
  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find customers by a part of their name, e-mail address or telephone number.")
    @Argument(help: "The part; all customers without it.") var text = ""
    @Option(help: ArgumentHelp("Go on after this customer.", valueName: "id")) var after: RequestID?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      try await office.ask("GET", "/customers?q=\(text.inPath)" + (after.map { "&after=\($0)" } ?? ""))
    }
  }

  struct Orders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what a customer has bought.")
    @Argument(help: "The customer's id.") var customer: RequestID
    @Option(help: ArgumentHelp("Go on after this order.", valueName: "id")) var after: RequestID?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      try await office.ask("GET", "/customers/\(customer)/orders" + (after.map { "?after=\($0)" } ?? ""))
    }
  }
}

/// `MX=registration`.
struct CallArgument: ExpressibleByArgument, Encodable {
  let country: String
  let knownFrom: String

  init?(argument: String) {
    let parts = argument.split(separator: "=").map(String.init)
    guard parts.count == 2 else { return nil }
    (country, knownFrom) = (parts[0], parts[1])
  }
}
