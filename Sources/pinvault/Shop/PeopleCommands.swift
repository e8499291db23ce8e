import ArgumentParser
import Foundation
import PinWords

struct SignInCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign-in",
    abstract: "Sign in to the back office with a password; other commands then ask with --token-file.",
    discussion: """
      A person is an actor with a password: 'pinvault actor add' names one, 'pinvault password' gives it its password, and \
      'pinvault actor revoke' shuts it out at once.

      The password is asked for at the terminal, or read from standard input.

      Example:
        pinvault sign-in ada --token-file ada.session
        pinvault order list --pending --token-file ada.session
      """)

  @Argument(help: "Who signs in.") var name: String
  @OptionGroup var office: OfficeOptions

  private struct Body: Encodable {
    var name: String
    var password: String
  }
  private struct Session: Decodable {
    var token: String
    var roles: [String]
    var ends: String
  }

  func run() async throws {
    guard let file = office.tokenPath else { throw Fault(.usage, "give --token-file FILE: where the session goes") }
    let password = try PasswordPrompt.read("Password: ")
    let answer = try await office.answer("POST", "/sign-in", isOpen: true, Body(name: name, password: password))
    guard let session = try? JSONDecoder().decode(Session.self, from: Data(answer)) else {
      throw Fault(.rotten, "the back office answered, and not as a back office does")
    }
    try Files.replace(file, with: session.token + "\n")
    try StandardOutput.write(
      line: "\(name) is signed in (\(session.roles.joined(separator: ", "))); the session is in \(file)")
  }
}

struct SignOutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign-out", abstract: "End the session in --token-file.")
  @OptionGroup var office: OfficeOptions

  func run() async throws { try await office.ask("POST", "/sign-out") }
}

struct PasswordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "password",
    abstract: "Give an actor a password for the back office, or change it; sessions of the one before it end.",
    discussion: """
      It is asked for at the terminal, or read from standard input: first the present one from whoever is signed in and \
      changes its own, then the new one, 12 bytes or longer, each on a line.

      Example:
        pinvault password ada --actor admin --key-file vault.admin.key
      """)

  @Argument(help: "Whose.") var name: String
  @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
  @OptionGroup var office: OfficeOptions

  private struct Body: Encodable {
    var password: String
    var presentPassword: String?
  }

  func run() async throws {
    let present = office.tokenPath != nil ? try PasswordPrompt.read("Present password: ") : nil
    let password = try PasswordPrompt.read("New password: ", again: "The same again: ")
    try await office.ask(
      "PUT", "/actors/\(name)/password", id: id ?? newID(), Body(password: password, presentPassword: present))
  }
}

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Give programs tokens to ask the back office with, under an actor's name: add, list or end them.",
    subcommands: [Add.self, List.self, End.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a token; it goes into a new file and is told only this once.",
      discussion: """
        Example:
          pinvault token add nightly-books --days 90 --new-token-file books.token --actor ada --key-file ada.key
        """)

    @Argument(help: "What the token is called, unlike the actor's others.") var name: String
    @Option(help: "How long it works, in days.") var days: UInt64
    @Option(help: ArgumentHelp("Where it goes: a new file.", valueName: "file")) var newTokenFile: String
    @Option(help: ArgumentHelp("Whose it is to be. (default: the asker's)", valueName: "name")) var owner: String?
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    private struct Body: Encodable {
      var name: String
      var days: UInt64
      var actor: String?
    }
    private struct Told: Decodable {
      var id: String
      var token: String?
    }

    func run() async throws {
      if Files.exists(newTokenFile) { throw Fault(.cannotCreate, "\(newTokenFile): already exists") }
      let answer = try await office.answer(
        "POST", "/tokens", id: id ?? newID(), Body(name: name, days: days, actor: owner))
      guard let told = try? JSONDecoder().decode(Told.self, from: Data(answer)) else {
        throw Fault(.rotten, "the back office answered, and not as a back office does")
      }
      guard let token = told.token else {
        throw Fault(.refused, "token \(told.id) was told before, and is told only once; end it and add another")
      }
      try Files.replace(newTokenFile, with: token + "\n")
      try StandardOutput.write(line: "token \(told.id) added; it is in \(newTokenFile)")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the tokens: the asker's, or all for who may see the actors.")
    @OptionGroup var office: OfficeOptions
    func run() async throws { try await office.ask("GET", "/tokens") }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a token at once.")
    @Argument(help: "The token's id: see 'pinvault token list'.") var token: RequestID
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions
    func run() async throws { try await office.ask("DELETE", "/tokens/\(token)", id: id ?? newID()) }
  }
}
