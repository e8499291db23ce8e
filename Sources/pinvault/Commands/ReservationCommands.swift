import ArgumentParser
import PinClient
import PinProtocol
import PinWords

// What is done to a reservation, known by its id.

struct DispenseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispense",
    abstract: "Hand over a reservation's cards, with a receipt each.",
    discussion: """
      The moment their PINs become disclosed. All of them come, page by page.

      Example:
        pinvault dispense 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10
      """)

  @Argument(help: "The reservation.") var id: RequestID
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      try await Handover(client: client, output: output).print(try await client.dispense(id))
    }
  }
}

struct ReprintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reprint",
    abstract: "Print the receipts of a sale again, or those not fetched yet.",
    discussion: """
      A card told before is marked DUPLICATE, with how often. The server counts each time.

      Example:
        pinvault reprint 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10 --from 3 --count 1
      """)

  @Argument(help: "The sale.") var id: RequestID
  @Option(help: ArgumentHelp("The place of the first card in the sale, from 0.", valueName: "index")) var from: UInt32 =
    0
  @Option(help: "How many cards. (default: all from there on)") var count: UInt16?
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if count == 0 { throw ValidationError("--count must be at least 1.") }
  }

  func run() async throws {
    try await server.withServer { client, description in
      let limit = description.limits.cardsPerAnswer
      if let count, count > limit { throw Fault(.usage, "--count \(count): at most \(limit) at once") }
      let handover = Handover(client: client, output: output)
      let first = try await client.reprint(Reprint(reservation: id, firstIndex: from, count: count ?? 0))
      if let count {
        try await handover.print(first, cardCount: UInt64(count))
      } else {
        try await handover.print(first)
      }
    }
  }
}

struct ConfirmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm",
    abstract: "Say that a sale's receipts were printed: final, no reversal after this.",
    discussion: """
      Example:
        pinvault confirm 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10
      """)

  @Argument(help: "The sale.") var id: RequestID
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { try output.print(StandingRecord(id, try await $0.confirm(id))) }
  }
}

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Give up a reservation that was not dispensed: its cards are stock again.",
    discussion: """
      Example:
        pinvault release 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10
      """)

  @Argument(help: "The reservation.") var id: RequestID
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { try output.print(StandingRecord(id, try await $0.release(id))) }
  }
}

struct ReverseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reverse",
    abstract: "Make sure that a sale does not stand, whatever became of it.",
    discussion: """
      Safe whatever the answer to the sale was, also if it never arrived. A hold is released; the cards of a delivery that \
      was not confirmed go into quarantine.

      Example:
        pinvault reverse 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10
      """)

  @Argument(help: "The sale.") var id: RequestID
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { try output.print(StandingRecord(id, try await $0.reverse(id))) }
  }
}

struct ExtendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extend",
    abstract: "Hold a reservation longer, or less long.",
    discussion: """
      Example:
        pinvault extend 018f0e6c-3d5a-7c11-9a54-5b0f8f3c2a10 --hold 30m
      """)

  @Argument(help: "The reservation.") var id: RequestID
  @Option(help: ArgumentHelp("How long from now, by the server's clock: 90s, 15m, 2h, 1d.", valueName: "time"))
  var hold: SecondsArgument
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.withClient { client in
      let now = try await client.lookUp(id).timeMilliseconds
      let extend = Extend(reservation: id, deadlineMilliseconds: now + UInt64(hold.seconds) * 1000)
      try output.print(StandingRecord(id, try await client.extend(extend)))
    }
  }
}

/// Where a reservation stands, for machines and people.
private struct StandingRecord: Encodable {
  var id: RequestID
  var state: String
  var sequence: UInt64
  var isRepeat: Bool
  var deadline: String?

  init(_ id: RequestID, _ answered: Answered<Standing>) {
    self.id = id
    state = answered.value.state.name
    sequence = answered.sequence
    isRepeat = answered.isRepeat
    let deadline = answered.value.deadlineMilliseconds
    self.deadline = deadline == 0 ? nil : Times.stamp(deadline)
  }

  var text: String { "\(id) is \(state)" + (deadline.map { " until \($0)" } ?? "") + (isRepeat ? " already" : "") }
}

extension OutputOptions {
  fileprivate func print(_ record: StandingRecord) throws { try print(record) { record.text } }
}
