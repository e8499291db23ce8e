/// How the program ends: what a script may branch on. The numbers from 64 on are those of `sysexits.h`.
enum ExitStatus: Int32, CaseIterable {
  case done = 0
  /// The server said no, and will say so again: wrong state, unknown id, an id reused, a frozen product, …
  case refused = 3
  case outOfStock = 4
  /// The answer to a change did not come: the error says the id, and how to ask.
  case unknownOutcome = 5
  /// `verify` has found something that is not as it must be.
  case notSound = 6
  case usage = 64
  /// A vendor file or a data directory is not what it should be; nothing was loaded.
  case badInput = 65
  /// The server cannot be reached, or its port cannot be had.
  case unavailable = 69
  /// Something is rotten on disk, or there is a fault in the program.
  case rotten = 70
  /// Something is there already, or cannot be made.
  case cannotCreate = 73
  case inputOutput = 74
  /// Busy, full, stopping, or in use: the same command may succeed later.
  case tryAgain = 75
  /// The actor may not, or a key is missing, wrong, or not private.
  case notPermitted = 77
  /// By control-C or a signal; a shell says the same of a program that a signal ended.
  case interrupted = 130

  var meaning: String {
    switch self {
    case .done: "done"
    case .refused: "refused for good: wrong state, unknown id, an id used before, a frozen product"
    case .outOfStock: "out of stock"
    case .unknownOutcome: "the outcome is unknown; the error says the id and how to ask"
    case .notSound: "verify found something that is not as it must be"
    case .usage: "the command line or a setting is wrong"
    case .badInput: "a vendor file has bad rows, or a directory is not what it should be"
    case .unavailable: "the server cannot be reached, or its port cannot be had"
    case .rotten: "damage on disk, or a fault in the program"
    case .cannotCreate: "something is there already, or cannot be made"
    case .inputOutput: "reading or writing failed"
    case .tryAgain: "busy, full, stopping or in use: try again later"
    case .notPermitted: "not permitted, or a key is missing, wrong or not private"
    case .interrupted: "interrupted"
    }
  }

  /// The table that the root's help ends with.
  static var table: String {
    let rows = allCases.map { status in
      let number = String(status.rawValue)
      return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
    }
    return rows.joined(separator: "\n")
  }
}
