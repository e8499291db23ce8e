import ArgumentParser
import Glibc
import PinReports

/// In which format a report is written, and where to.
struct ReportOutputOptions: ParsableArguments {
  @Option(help: "(default: what the file's name ends in, else table)") var format: ReportFormat?
  @Option(help: ArgumentHelp("Write to this file: all of it, or nothing.", valueName: "file")) var out: String?
  @Option(help: ArgumentHelp("Which table goes into CSV. (default: rows)", valueName: "name")) var section: String?

  var chosen: ReportFormat {
    format ?? out.flatMap { ReportFormat(rawValue: String($0.split(separator: ".").last ?? "")) } ?? .table
  }

  /// Writes a report that was made elsewhere.
  func write(_ report: [UInt8]) throws {
    guard let out else { return try StandardOutput.write(report) }
    let file = try NewFile(out)
    try file.write(report)
    try file.finish()
  }

  /// Has `make` write a report; `progress` ends before it is seen.
  func write(ending progress: Progress, _ make: (any ReportWriter) throws -> Void) throws {
    defer { progress.clear() }
    guard let out else {
      let isSeen = isatty(STDOUT_FILENO) == 1
      let sink = TextSink {
        if isSeen { progress.end() }
        try StandardOutput.write($0)
      }
      try make(chosen.writer(sink, section: section, style: .ofStandardOutput))
      return
    }
    let file = try NewFile(out)
    try make(chosen.writer(TextSink { try file.write($0) }, section: section))
    try file.finish()
  }
}

extension ReportFormat: ExpressibleByArgument {}

extension TableWriter.Style {
  /// Colour and folding are for terminals; `NO_COLOR` is heeded.
  static var ofStandardOutput: TableWriter.Style {
    guard isatty(STDOUT_FILENO) == 1 else { return TableWriter.Style() }
    var size = winsize()
    let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let isPlain = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    return TableWriter.Style(hasColour: !isPlain, width: hasSize ? Int(size.ws_col) : nil)
  }
}

/// A file that gets its name when it is whole; until then, or if that never comes, there is none, or the old one.
///
/// What is there and is no file, as a device or a pipe, stays what it is and is written to as bytes come.
private final class NewFile {
  private let path: String
  /// Nil for what is no file.
  private let unfinished: String?
  private let descriptor: Int32
  private var isFinished = false

  init(_ path: String) throws {
    self.path = path
    var status = stat()
    let isFile = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    unfinished = isFile ? "\(path).\(getpid()).new" : nil
    descriptor =
      unfinished.map { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) } ?? open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Fault(.cannotCreate, SystemFault(path).description) }
  }

  deinit {
    close(descriptor)
    if let unfinished, !isFinished { unlink(unfinished) }
  }

  func write(_ bytes: [UInt8]) throws { try writeAll(bytes.span.bytes, to: descriptor, path) }

  func finish() throws {
    guard let unfinished else { return }
    guard fsync(descriptor) == 0 else { throw SystemFault(path) }
    guard rename(unfinished, path) == 0 else { throw Fault(.cannotCreate, SystemFault(path).description) }
    isFinished = true
    try Files.syncDirectory(Files.parent(of: path))
  }
}
