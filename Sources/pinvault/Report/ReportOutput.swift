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

  /// Has `make` write a report, piece by piece; `progress` ends before it is seen.
  func write(
    ending progress: Progress, _ make: (_ take: @escaping ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    defer { progress.clear() }
    guard let out else {
      let isSeen = isatty(STDOUT_FILENO) == 1
      return try make {
        if isSeen { progress.end() }
        try StandardOutput.write($0)
      }
    }
    let file = try NewFile(out)
    try make { try file.write($0) }
    try file.finish()
  }

  /// How a table is drawn: colour and folding are for terminals; `NO_COLOR` is heeded.
  var style: TableWriter.Style {
    guard out == nil, isatty(STDOUT_FILENO) == 1 else { return TableWriter.Style() }
    var size = winsize()
    let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let isPlain = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    return TableWriter.Style(hasColour: !isPlain, width: hasSize ? Int(size.ws_col) : nil)
  }
}

extension ReportFormat: ExpressibleByArgument {}

/// A file that gets its name when it is whole; until then, or if that never comes, there is none, or the old one.
///
/// It has no name at all before, where the file system knows such files: so nothing of it is left either when the program is
/// killed. What is there and is no file, as a device or a pipe, stays what it is and is written to as bytes come.
private final class NewFile {
  private let path: String
  /// The name that it has last before its own; nil for what is no file.
  private let unfinished: String?
  private let descriptor: Int32
  private var hasName: Bool
  /// `O_TMPFILE`, which Swift does not see.
  private static let unnamed = O_DIRECTORY | 0o20_000_000

  init(_ path: String) throws {
    self.path = path
    var status = stat()
    let isFile = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    var descriptor = isFile ? open(Files.parent(of: path), O_WRONLY | Self.unnamed | O_CLOEXEC, 0o666) : -1
    hasName = descriptor < 0 && isFile
    unfinished = isFile ? "\(path).\(getpid()).new" : nil
    if let unfinished, hasName { descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    if !isFile { descriptor = open(path, O_WRONLY | O_CLOEXEC) }
    self.descriptor = descriptor
    guard descriptor >= 0 else { throw Fault(.cannotCreate, SystemFault(path).description) }
  }

  deinit {
    close(descriptor)
    if let unfinished, hasName { unlink(unfinished) }
  }

  func write(_ bytes: [UInt8]) throws { try writeAll(bytes.span.bytes, to: descriptor, path) }

  func finish() throws {
    guard let unfinished else { return }
    guard fsync(descriptor) == 0 else { throw SystemFault(path) }
    if !hasName {
      let link = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, unfinished, AT_SYMLINK_FOLLOW)
      guard link == 0 else { throw Fault(.cannotCreate, SystemFault(path).description) }
      hasName = true
    }
    guard rename(unfinished, path) == 0 else { throw Fault(.cannotCreate, SystemFault(path).description) }
    hasName = false
    try Files.syncDirectory(Files.parent(of: path))
  }
}
