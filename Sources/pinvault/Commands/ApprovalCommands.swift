import ArgumentParser
import Foundation
import PinClient
import PinProtocol
import PinWords

// What two people do together: one asks, the other, a key custodian, approves exactly that; then the first asks again.

/// A command whose request may need a second person.
protocol ApprovableCommand: AsyncParsableCommand {
  var change: ChangeOptions { get }
  var server: ServerOptions { get }
  var output: OutputOptions { get }

  /// The request that the command makes, under this id.
  func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest
}

extension ApprovableCommand {
  /// Does what may need a second person, and says how to have one if it does.
  func withSecondPerson<Result>(_ id: RequestID, _ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch ClientError.refused(.approvalRequired(let lack)) {
      throw Fault(
        .notPermitted,
        "this needs a second person, and \(lack): let a key custodian give this command with --id \(id) after "
          + "'pinvault approve', then give it again with that --id")
    }
  }
}

struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve",
    abstract: "Let somebody else's command pass that needs a second person: exactly it, once, for a day.",
    discussion: """
      As a key custodian: give the command as the other gave it, with the --id that its refusal named.

      Example:
        pinvault approve reinventory --id 018f0e6c-5b2e-7a33-b0c7-91d2e4f80a22 --card 1-5000 --reason "seals unbroken"
      """)

  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command to let pass.", valueName: "command"))
  var command: [String] = []

  func run() async throws {
    guard let first = command.first, first != "--help", first != "-h" else { throw CleanExit.helpRequest(self) }
    guard let approved = try Pinvault.parseAsRoot(command) as? any ApprovableCommand else {
      throw Fault(.usage, "'\(first)' never needs a second person")
    }
    try await approve(approved)
  }

  private func approve(_ command: some ApprovableCommand) async throws {
    guard let id = command.change.id else { throw Fault(.usage, "give the --id that the refusal named") }
    try await command.server.withClient { client in
      let approve = Approve(id: client.newID(), request: try await command.request(id, client))
      let until = try await client.approve(approve).value.validUntilMilliseconds
      let record = ApprovalRecord(id: approve.id, approved: id, validUntil: Times.stamp(until))
      try command.output.print(record) {
        "\(command.name) \(id) is approved until \(record.validUntil): it may be done now, once, by somebody else"
      }
    }
  }
}

extension ApprovableCommand {
  fileprivate var name: String { Self.configuration.commandName ?? "\(Self.self)".lowercased() }
}

struct ApprovalRuleCommand: ApprovableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approval-rule",
    abstract: "Tell or change what needs a second person; the change needs one itself.",
    discussion: """
      While it is on, so do re-inventories beyond so many cards a day (UTC), and naming or changing a key custodian.

      Examples:
        pinvault approval-rule
        pinvault approval-rule --cards-per-day 100
        pinvault approval-rule --off
      """)

  @Option(help: ArgumentHelp("Cards that may be re-inventoried in a day without a second person.", valueName: "count"))
  var cardsPerDay: UInt64?
  @Flag(help: "Nothing but changing this rule needs a second person.") var off = false
  @OptionGroup var change: ChangeOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if off, cardsPerDay != nil { throw ValidationError("Give --cards-per-day or --off, not both.") }
    if cardsPerDay == .max { throw ValidationError("--cards-per-day: give --off for no rule.") }
  }

  private var rule: ApprovalRule? { off ? .off : cardsPerDay.map { ApprovalRule(cardsPerDay: $0) } }

  func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
    guard let rule else { throw Fault(.usage, "give --cards-per-day or --off") }
    return .defineApprovalRule(DefineApprovalRule(id: id, rule: rule))
  }

  func run() async throws {
    try await server.withClient { client in
      guard let rule else { return try await tell(client) }
      let id = change.id(client)
      try await withSecondPerson(id) {
        _ = try await client.defineApprovalRule(DefineApprovalRule(id: id, rule: rule))
      }
      try print(rule)
    }
  }

  private func tell(_ client: PinClient) async throws {
    let text = try await client.statistics().value
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let told = try decoder.decode(RuleRecord.self, from: Data(text.utf8))
    try print(told.approvalCardsPerDay.map { ApprovalRule(cardsPerDay: $0) } ?? .off)
  }

  private func print(_ rule: ApprovalRule) throws {
    try output.print(RuleRecord(approvalCardsPerDay: rule.isOn ? rule.cardsPerDay : nil)) {
      rule.isOn
        ? "a re-inventory that takes a day's cards above \(rule.cardsPerDay), and any change of a key custodian, "
          + "needs a second person"
        : "nothing needs a second person but changing this rule"
    }
  }
}

private struct ApprovalRecord: Encodable {
  var id: RequestID
  var approved: RequestID
  var validUntil: String
}

private struct RuleRecord: Codable {
  var approvalCardsPerDay: UInt64?
}
