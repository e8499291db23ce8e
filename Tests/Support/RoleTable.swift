import PinWords

/// Every operation of an open session against every role: `x` may. The columns are in the order of the roles' bits.
///
/// The engine and the server are each asked all of it.
package enum RoleTable {
  private static let text = """
                         terminal storefront clerk reviewer stock-keeper accountant key-custodian auditor administrator
    ping                    x        x        x       x        x            x          x            x        x
    reserve                 x        x        x       .        .            .          .            .        .
    vend                    x        x        x       .        .            .          .            .        .
    dispense                x        x        x       .        .            .          .            .        .
    confirm                 x        x        x       .        .            .          .            .        .
    extend                  x        x        x       .        .            .          .            .        .
    release                 x        x        x       .        .            .          .            .        .
    reverse                 x        x        x       .        .            .          .            .        .
    return                  .        .        x       .        .            .          .            .        .
    reprint                 x        x        x       .        .            .          .            .        .
    begin-purchase          .        .        .       .        x            .          .            .        x
    load-cards              .        .        .       .        x            .          .            .        x
    commit-purchase         .        .        .       .        x            .          .            .        x
    abandon-purchase        .        .        .       .        x            .          .            .        x
    re-inventory            .        .        .       .        x            .          .            .        x
    settle                  .        .        .       .        x            .          .            .        x
    withdraw                .        .        .       .        x            .          .            .        x
    freeze                  .        .        .       .        x            .          .            .        x
    thaw                    .        .        .       .        x            .          .            .        x
    define-product          .        .        .       .        x            .          .            .        x
    look-up                 x        x        x       x        x            x          x            x        x
    stock                   x        x        x       x        x            x          x            x        x
    card                    .        .        x       .        x            x          x            x        x
    catalogue               x        x        x       x        x            x          x            x        x
    events                  .        .        .       .        .            x          x            x        x
    shift-totals            x        x        x       .        .            .          .            .        .
    close-shift             x        x        x       .        .            .          .            .        .
    define-actor            .        .        .       .        .            .          .            .        x
    actors                  .        .        .       .        .            .          x            .        x
    verify                  .        .        .       .        .            .          x            x        x
    backup                  .        .        .       .        .            .          x            .        x
    statistics              .        .        .       .        .            x          x            x        x
    approve                 .        .        .       .        .            .          x            .        .
    define-approval-rule    .        .        .       .        .            .          .            .        x
    """

  /// Of each line its name, and for each role whether it may.
  package typealias Line = (name: String, marks: [Bool])

  package static let roles = words(text)[0]
  package static let lines = lines(text)
  /// Without those that the engine is not asked by a command: the server answers them, or its import desk.
  package static let linesOfTheEngine = lines.filter {
    !["ping", "load-cards", "catalogue", "events", "verify", "backup", "statistics"].contains($0.name)
  }

  /// The lines below the first of a table.
  package static func lines(_ text: String) -> [Line] {
    words(text).dropFirst().map { words in (words[0], words.dropFirst().map { $0 == "x" }) }
  }

  private static func words(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }
}

extension PinWords.Operation {
  /// Its name in the table.
  package var tableName: String { name.split(separator: " ").joined(separator: "-") }
}
