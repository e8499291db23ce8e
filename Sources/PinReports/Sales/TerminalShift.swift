import Foundation
import PinWords

/// What a terminal itself counted in a shift, to be compared with what the store recorded.
///
/// As JSON, a shift to a line, with the keys of `pinvault shift totals --json` and the actor's name beside them; a figure that
/// the terminal does not keep is left out, and is not compared:
///
///     {"actor":"till-1","number":7,"totals":[{"currency":"EUR","sales":41,"gross_minor":20705}]}
package struct TerminalShift: Decodable, Hashable, Sendable {
  package var actor: String
  package var number: UInt32
  package var totals: [Total]

  package struct Total: Decodable, Hashable, Sendable {
    package var currency: Currency
    /// By the figure's name.
    package var figures: [String: UInt64]

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      var (currency, figures): (Currency?, [String: UInt64]) = (nil, [:])
      for key in container.allKeys {
        if key.stringValue == "currency" {
          currency = Currency(try container.decode(String.self, forKey: key))
        } else if ShiftTotal.figureNames.contains(key.stringValue) {
          figures[key.stringValue] = try container.decode(UInt64.self, forKey: key)
        } else {
          throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "no figure of a shift")
        }
      }
      guard let currency else {
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no currency"))
      }
      self.currency = currency
      self.figures = figures
    }
  }

  /// Reads a file of them, each shift once; empty lines are passed over.
  package static func read(_ file: [UInt8]) throws(ReportError) -> [TerminalShift] {
    var shifts: [TerminalShift] = []
    var known: Set<TerminalComparison.Name> = []
    for (index, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ " \r\t".utf8.contains($0) }) { continue }
      guard let shift = try? JSONDecoder().decode(TerminalShift.self, from: Data(line)),
        known.insert(TerminalComparison.Name(actor: shift.actor, number: shift.number)).inserted
      else {
        throw .notATerminalShift(line: index + 1)
      }
      shifts.append(shift)
    }
    return shifts
  }
}

/// The comparison of terminals' totals with the store's, figure by figure.
struct TerminalComparison {
  /// By actor and number, those that no shift was found for yet.
  private var left: [Name: TerminalShift] = [:]
  private var rows: [[Cell]] = []
  /// Only figures of this currency.
  private let currency: Currency?

  fileprivate struct Name: Hashable, Comparable {
    var actor: String
    var number: UInt32
    static func < (left: Name, right: Name) -> Bool { (left.actor, left.number) < (right.actor, right.number) }
  }

  private static let columns = FigureDifference.columns(("terminal", "Terminal"), ("store", "Store"))

  init(_ shifts: [TerminalShift], _ currency: Currency?) {
    self.currency = currency
    for shift in shifts { left[Name(actor: shift.actor, number: shift.number)] = shift }
  }

  /// Compares what the store says of a shift with what its terminal said, if it did.
  mutating func compare(_ totals: [ShiftTotal], of actor: String, number: UInt32) {
    guard let shift = left.removeValue(forKey: Name(actor: actor, number: number)) else { return }
    for currency in Set(totals.map(\.currency) + shift.totals.map(\.currency)).sorted(by: { $0.code < $1.code }) {
      if let wanted = self.currency, currency != wanted { continue }
      let store = totals.first { $0.currency == currency } ?? ShiftTotal(currency: currency)
      let terminal = shift.totals.first { $0.currency == currency }
      for figure in store.figures {
        // A terminal that does not know the currency has sold nothing in it.
        guard let said = terminal == nil ? 0 : terminal?.figures[figure.name], said != figure.value else { continue }
        rows.append(FigureDifference(figure.name, said, figure.value).cells(of: actor, shift: number, in: currency))
      }
    }
  }

  /// Lists the differences, and the shifts that the store does not know in the period.
  func write(to writer: any ReportWriter) throws {
    try writer.begin(
      Section("terminal_differences", "Differences between what terminals counted and what the store did", Self.columns)
    )
    for row in rows { try writer.add(row) }
    for name in left.keys.sorted() {
      try writer.add([
        .text(name.actor), .number(Int(name.number)), .none, .text("no such shift in the period"), .none, .none, .none,
        .none,
      ])
    }
    try writer.endSection()
  }
}
