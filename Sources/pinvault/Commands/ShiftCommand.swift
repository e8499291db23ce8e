import ArgumentParser
import PinClient
import PinWords

struct ShiftCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shift",
    abstract: "What this actor has sold since its last close: look, or close.",
    discussion: """
      Example:
        pinvault shift totals
      """,
    subcommands: [Totals.self, Close.self])

  struct Totals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Look, without closing (an X report).",
      discussion: """
        Example:
          pinvault shift totals --json
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let record = ShiftRecord(try await client.shiftTotals(), id: nil)
        try output.print(record) { record.text }
      }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close the shift and begin the next (a Z report).",
      discussion: """
        Example:
          pinvault shift close
        """)

    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let id = change.id(client)
        let record = ShiftRecord(try await client.closeShift(id), id: id)
        try output.print(record) { record.text }
      }
    }
  }
}

private struct ShiftRecord: Encodable {
  struct Total: Encodable {
    var currency: String
    var sales: UInt32
    var cards: UInt32
    var grossMinor: UInt64
    var discountMinor: UInt64
    var taxMinor: UInt64
    var reversals: UInt32
    var reversedCards: UInt32
    var reversedMinor: UInt64
    var returnedCards: UInt32
    var returnedMinor: UInt64
  }

  /// The close's own id; nil for a look.
  var id: RequestID?
  var isRepeat: Bool
  var number: UInt32
  /// Nil before the first sale.
  var openedAt: String?
  var totals: [Total]

  init(_ answered: Answered<Shift>, id: RequestID?) {
    let shift = answered.value
    self.id = id
    isRepeat = answered.isRepeat
    number = shift.number
    openedAt = shift.openedAtMilliseconds == 0 ? nil : Times.stamp(shift.openedAtMilliseconds)
    totals = shift.totals.map {
      Total(
        currency: $0.currency.description, sales: $0.sales, cards: $0.cards, grossMinor: $0.grossMinor,
        discountMinor: $0.discountMinor, taxMinor: $0.taxMinor, reversals: $0.reversals,
        reversedCards: $0.reversedCards, reversedMinor: $0.reversedMinor, returnedCards: $0.returnedCards,
        returnedMinor: $0.returnedMinor)
    }
  }

  var text: String {
    var table = Table(
      ["CURRENCY", "SALES", "CARDS", "GROSS", "DISCOUNT", "TAX", "REVERSED", "RETURNED"], numbers: Set(1...7))
    for total in totals {
      guard let currency = Currency(total.currency) else { continue }
      let amounts = [
        total.grossMinor, total.discountMinor, total.taxMinor, total.reversedMinor, total.returnedMinor,
      ]
      table.add(
        [total.currency, "\(total.sales)", "\(total.cards)"] + amounts.map { Money.text($0, in: currency) })
    }
    return "Shift \(number)\(openedAt.map { ", opened at \($0)" } ?? "")\(id == nil ? "" : ", closed")\n\n" + table.text
  }
}
