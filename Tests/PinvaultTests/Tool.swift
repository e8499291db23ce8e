import ChildProcess
import Foundation
import Testing

/// The real executable, run as a process of its own, in a directory of its own.
struct Tool {
  /// What a run has left.
  struct Run {
    var status: Int32
    var output: String
    var errors: String

    /// The output as one JSON object.
    var json: [String: Any] {
      get throws { try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]) }
    }
  }

  let directory: URL
  var environment: [String: String] = [:]

  /// Makes an empty directory to run in.
  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("pinvault-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: directory) }

  /// The executable beside the test bundle; another one if `PINVAULT_EXECUTABLE` names it.
  static let executable: URL = {
    if let path = ProcessInfo.processInfo.environment["PINVAULT_EXECUTABLE"] { return URL(fileURLWithPath: path) }
    let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return bundle.deletingLastPathComponent().appendingPathComponent("pinvault")
  }()

  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/vendor")

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: directory.appendingPathComponent(name)), as: UTF8.self)
  }

  /// Starts it, with at most `openFiles` files open, if given; its output and errors go to files that `finish` reads.
  func start(
    _ arguments: [String], input: Data? = nil, outputTo device: String? = nil, openFiles: Int? = nil,
    log: String = UUID().uuidString
  ) throws -> Started {
    var inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PINVAULT_") }
    inherited.merge(environment) { $1 }
    let (output, errors) = (try file("\(log).out"), try file("\(log).err"))
    let device = try device.map { try #require(FileHandle(forWritingAtPath: $0)) }
    let pipe = input.map { _ in Pipe() }
    let limited = openFiles.map { ["-c", "ulimit -n \($0) && exec \"$0\" \"$@\"", Self.executable.path] }
    let process = try ChildProcess(
      limited == nil ? Self.executable.path : "/bin/sh", (limited ?? []) + arguments, environment: inherited,
      directory: directory.path,
      input: pipe?.fileHandleForReading.fileDescriptor, output: (device ?? output).fileDescriptor,
      errors: errors.fileDescriptor)
    if let input, let pipe {
      DispatchQueue.global().async {
        try? pipe.fileHandleForWriting.write(contentsOf: input)
        try? pipe.fileHandleForWriting.close()
      }
    }
    return Started(process: process, outputName: "\(log).out", errorsName: "\(log).err", tool: self)
  }

  /// Runs it to its end.
  @discardableResult
  func run(_ arguments: String..., input: Data? = nil) async throws -> Run {
    try await start(arguments, input: input).finish()
  }

  private func file(_ name: String) throws -> FileHandle {
    let path = path(name)
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    return try #require(FileHandle(forWritingAtPath: path))
  }
}

/// A process under way.
struct Started {
  let process: ChildProcess
  fileprivate let outputName, errorsName: String
  fileprivate let tool: Tool

  func signal(_ number: Int32) { process.signal(number) }

  func finish() async throws -> Tool.Run {
    let status = await process.ended()
    return Tool.Run(status: status, output: try tool.text(outputName), errors: try tool.text(errorsName))
  }

  var errors: String { (try? tool.text(errorsName)) ?? "" }
}

/// Waits until `condition` gives something, for a bounded time.
func waitUntil<Value>(
  _ what: String, seconds: Double = 600, _ condition: () throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if let value = try condition() { return value }
    try await Task.sleep(for: .milliseconds(5))
  }
  return try #require(try condition(), "\(what): not within \(seconds) s")
}
