import ArgumentParser
import PinWords

extension ReportCommand {
  struct Mail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Send a letter to the clients of a country that 'countries' tells: all who consent, or chosen ones of them.",
      discussion: """
        Nobody is sent a letter without consent. Each letter says how to get no more.

        Example:
          pinvault report mail --country MX --subject "New rates" --paragraph "Calls to Mexico are 2 cents now."
        """)

    @Option(help: ArgumentHelp("The country that they call, as ISO 3166 writes it.", valueName: "country"))
    var country: String
    @Option(help: "The subject.") var subject: String
    @Option(name: .customLong("paragraph"), help: "A paragraph; as often as there are.") var paragraphs: [String]
    @Option(
      name: .customLong("customer"),
      help: ArgumentHelp("Only this one; as often as there are. (default: all who consent)", valueName: "id"))
    var customers: [RequestID] = []
    @Option(
      help: ArgumentHelp(
        "The mailing's own id: the same again mails nobody twice. (default: a new one)", valueName: "id"))
    var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var country: String
      var customers: [RequestID]?
      var subject: String
      var paragraphs: [String]
    }

    func run() async throws {
      let body = Body(
        country: country, customers: customers.isEmpty ? nil : customers, subject: subject, paragraphs: paragraphs)
      try await office.ask("POST", "/reports/countries/mailings", id: id ?? newID(), body)
    }
  }
}
