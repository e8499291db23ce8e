import Glibc
import VendorFiles

/// What is told of a file's refused rows: the first of them at once, all of them in the report. Never any text of a row.
///
/// For one task at a time.
final class Refusals: @unchecked Sendable {
  // Sendable because a file's import is one task, which makes it and is the only one to use it.

  struct Row: Encodable {
    var line: Int
    var lastLine: Int
    var reason: String
    var message: String

    init(_ row: RefusedRow) {
      line = row.line
      lastLine = row.lastLine
      reason = row.fault.name
      message = row.fault.description
    }
  }

  let reportPath: String?
  private(set) var count = 0
  private(set) var listed: [Row] = []
  private let file: String
  private let listedLimit: Int
  private var report: ReportFile?

  init(file: String, reportPath: String?, listed: Int) {
    self.file = file
    self.reportPath = reportPath
    listedLimit = listed
  }

  /// Forgets what an earlier attempt has found.
  func start() {
    (count, listed, report) = (0, [], nil)
  }

  func add(_ refused: RefusedRow) throws {
    count += 1
    if listed.count < listedLimit { listed.append(Row(refused)) }
    guard let reportPath else { return }
    if report == nil { report = try ReportFile(at: reportPath) }
    let row = Row(refused)
    try report?.write("\(row.line),\(row.lastLine),\(row.reason),\"\(row.message.replacing("\"", with: "\"\""))\"\n")
  }

  /// Writes the report out.
  func finish() throws {
    try report?.flush()
  }

  /// For people: the first rows, and how many more there are.
  var text: String {
    let lines = listed.map { row in
      let place = row.line == row.lastLine ? "line \(row.line)" : "lines \(row.line) to \(row.lastLine)"
      return "\(file): \(place): \(row.message)"
    }
    let rest = count - listed.count
    if rest == 0 { return lines.joined(separator: "\n") }
    let more = reportPath.map { "see \($0)" } ?? "for all of them, give --report FILE"
    return (lines + ["… and \(rest) more; \(more)"]).joined(separator: "\n")
  }
}

/// The report's file: CSV, written in pieces.
private final class ReportFile {
  private let descriptor: Int32
  private let path: String
  private var waiting = "line,last_line,reason,message\n"

  init(at path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw SystemFault("--report \(path)") }
  }

  deinit { close(descriptor) }

  func write(_ text: String) throws {
    waiting += text
    if waiting.utf8.count > 65_536 { try flush() }
  }

  func flush() throws {
    var bytes = Array(waiting.utf8)[...]
    waiting = ""
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemFault("--report \(path)") }
      bytes = bytes.dropFirst(count)
    }
  }
}
