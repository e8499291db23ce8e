import ArgumentParser
import Foundation
import PinOrders
import PinWords

struct MailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mail",
    abstract: "Write to customers who consent, look at mails that were given up, and change what mails say.",
    discussion: """
      Examples:
        pinvault mail send --subject "New rates" --paragraph "Calls to MX are 2 cents now." --customer CUSTOMER
        pinvault mail dead
        pinvault mail again 1742
        pinvault mail templates mails
      """,
    subcommands: [Send.self, Dead.self, Again.self, Templates.self])

  struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send customers a letter, each of them if it consents to marketing.")
    @Option(help: "The subject.") var subject: String
    @Option(name: .customLong("paragraph"), help: "A paragraph; as often as there are.") var paragraphs: [String]
    @Option(name: .customLong("customer"), help: ArgumentHelp("A customer; up to 256 times.", valueName: "id"))
    var customers: [RequestID]
    @Option(
      help: ArgumentHelp(
        "The mailing's own id: the same again mails nobody twice. (default: a new one)", valueName: "id"))
    var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var customers: [RequestID]
      var subject: String
      var paragraphs: [String]
    }

    func run() async throws {
      let body = Body(customers: customers, subject: subject, paragraphs: paragraphs)
      try await office.ask("POST", "/mailings", id: id ?? newID(), body)
    }
  }

  struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the mails that were given up.")
    @Option(help: ArgumentHelp("Go on after this mail.", valueName: "id")) var after: String?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      try await office.ask("GET", "/mails/dead" + (after.map { "?after=\($0.inPath)" } ?? ""))
    }
  }

  struct Again: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Have a mail tried again that was given up.")
    @Argument(help: "Its id, as 'mail dead' tells it.") var mail: String
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("POST", "/mails/\(mail.inPath)/again") }
  }

  struct Templates: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write what mails say into a folder, to be changed and given to serve as --mail-templates.")
    @Argument(help: "The folder, which is made.") var directory: String

    func run() throws {
      let manager = FileManager.default
      guard !manager.fileExists(atPath: directory) else { throw Fault(.refused, "\(directory): it is there already") }
      do {
        try manager.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, source) in MailTemplates.builtInFiles {
          try source.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        }
      } catch let error as CocoaError { throw Fault(.unavailable, "\(directory): \(error.localizedDescription)") }
    }
  }
}
