import Glibc

/// What a system call failed on, in one line.
struct SystemFault: Error, CustomStringConvertible {
  let what: String
  let code: Int32

  /// Takes `errno` as the failed call left it.
  init(_ what: String) {
    (self.what, code) = (what, errno)
  }

  var description: String { "\(what): \(String(cString: strerror(code)))" }
}

/// Where results go, PINs among them: nothing else is written there.
enum StandardOutput {
  /// Writes all of it at once, unbuffered, so that a receipt is out before the next request is made.
  static func write(_ text: String) throws {
    try writeAll(text, to: STDOUT_FILENO, "standard output")
  }

  static func write(line: String) throws { try write(line + "\n") }

  static func write(_ bytes: [UInt8]) throws { try writeAll(bytes.span.bytes, to: STDOUT_FILENO, "standard output") }
}

/// Where errors, progress and advice go; never a PIN.
enum StandardError {
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Writes what it can: there is nobody left to tell if it fails.
  static func write(_ text: String) {
    try? writeAll(text, to: STDERR_FILENO, "standard error")
  }

  static func write(line: String) { write(line + "\n") }
}

private func writeAll(_ text: String, to descriptor: Int32, _ name: String) throws(SystemFault) {
  try writeAll(text.utf8Span.span.bytes, to: descriptor, name)
}

/// Writes all of it, however many calls that takes.
func writeAll(_ bytes: RawSpan, to descriptor: Int32, _ name: String) throws(SystemFault) {
  var written = 0
  while written < bytes.byteCount {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { throw SystemFault("writing \(name)") }
    written += count
  }
}
