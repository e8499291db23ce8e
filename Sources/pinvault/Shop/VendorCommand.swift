import ArgumentParser
import Foundation
import PinWords

struct VendorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vendor",
    abstract: "Say who sells cards to the shop.",
    discussion: """
      Example:
        pinvault vendor define "ACME Telecom" --email sales@acme.example
      """,
    subcommands: [Define.self, Show.self, List.self])

  struct Define: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a vendor, or say anew how one is reached.")

    @Argument(help: "The vendor's name, as products and imports have it.") var name: String
    @Option(help: "The version that you looked at; 0 for a new one.") var version: UInt32 = 0
    @Option(help: "Whom to ask for.") var contact: String?
    @Option(help: "Where purchase orders go.") var email: String?
    @Option(help: "Telephone.") var phone: String?
    @Option(help: ArgumentHelp("The address, its lines parted by semicolons.", valueName: "lines")) var address: String?
    @Option(help: "Whatever else is to be known.") var note: String?
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var version: UInt32
      var contact: String?
      var email: String?
      var phone: String?
      var address: [String]?
      var note: String?
    }

    func run() async throws {
      let body = Body(
        version: version, contact: contact, email: email, phone: phone, address: address.map(addressLines), note: note)
      try await office.ask("PUT", "/vendors/\(name.inPath)", id: id ?? newID(), body)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a vendor.")
    @Argument(help: "The vendor's name.") var name: String
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/vendors/\(name.inPath)") }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the vendors.")
    @OptionGroup var office: OfficeOptions

    func run() async throws { try await office.ask("GET", "/vendors") }
  }
}

/// `1 Main Street; Springfield` as lines.
func addressLines(_ text: String) -> [String] { text.split(separator: ";").map { String($0.drop { $0 == " " }) } }

extension String {
  /// As a part of a path.
  var inPath: String {
    let plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7E}"))
    return addingPercentEncoding(withAllowedCharacters: plain.union(CharacterSet(charactersIn: "-._~"))) ?? self
  }
}
