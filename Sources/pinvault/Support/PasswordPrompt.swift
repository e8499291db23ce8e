import Glibc

/// A password as it is typed, unseen, or as standard input has it: never an argument, which others on the machine can read.
enum PasswordPrompt {
  /// One line. At a terminal it is asked for, and asked for again if `again` says how.
  static func read(_ prompt: String, again: String? = nil) throws -> String {
    guard isatty(STDIN_FILENO) == 1 else { return try line() }
    let first = try ask(prompt)
    if let again, try ask(again) != first { throw Fault(.badInput, "the two are not the same; nothing is changed") }
    return first
  }

  private static func ask(_ prompt: String) throws -> String {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw SystemFault("the terminal") }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else { throw SystemFault("the terminal") }
    defer {
      _ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      StandardError.write(line: "")
    }
    StandardError.write(prompt)
    return try line()
  }

  private static func line() throws -> String {
    guard let line = readLine(strippingNewline: true), !line.isEmpty else {
      throw Fault(.badInput, "no password: type it, or give it on standard input")
    }
    return line
  }
}
