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

  /// Starts it; its output and errors go to files that `finish` reads.
  func start(
    _ arguments: [String], input: Data? = nil, outputTo device: String? = nil, log: String = UUID().uuidString
  ) throws -> Started {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    process.currentDirectoryURL = directory
    var inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PINVAULT_") }
    inherited.merge(environment) { $1 }
    process.environment = inherited
    let (output, errors) = (try file("\(log).out"), try file("\(log).err"))
    process.standardOutput = try device.map { try #require(FileHandle(forWritingAtPath: $0)) } ?? output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    if let input {
      let path = directory.appendingPathComponent("\(log).in")
      try input.write(to: path)
      let pipe = Pipe()
      process.standardInput = pipe
      DispatchQueue.global().async {
        try? pipe.fileHandleForWriting.write(contentsOf: input)
        try? pipe.fileHandleForWriting.close()
      }
    }
    let started = Started(process: process, outputName: "\(log).out", errorsName: "\(log).err", tool: self)
    try started.launch()
    return started
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
///
/// `@unchecked Sendable`: the process is touched by one test, and its end by the stream, which is Sendable.
final class Started: @unchecked Sendable {
  let process: Process
  private let outputName, errorsName: String
  private let tool: Tool
  private let ended: AsyncStream<Int32>
  private let end: AsyncStream<Int32>.Continuation

  init(process: Process, outputName: String, errorsName: String, tool: Tool) {
    self.process = process
    (self.outputName, self.errorsName, self.tool) = (outputName, errorsName, tool)
    (ended, end) = AsyncStream.makeStream()
  }

  func launch() throws {
    process.terminationHandler = { [end] process in
      end.yield(
        process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus)
      end.finish()
    }
    // One at a time: starting many processes at once has been seen to crash inside `Process.run`.
    Self.starting.lock()
    defer { Self.starting.unlock() }
    try process.run()
  }

  private static let starting = NSLock()

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  func finish() async throws -> Tool.Run {
    var status: Int32?
    for await ended in ended { status = ended }
    return Tool.Run(status: try #require(status), output: try tool.text(outputName), errors: try tool.text(errorsName))
  }

  var errors: String { (try? tool.text(errorsName)) ?? "" }
}

/// Waits until `condition` gives something, for a bounded time.
func waitUntil<Value>(
  _ what: String, seconds: Double = 20, _ condition: () throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if let value = try condition() { return value }
    try await Task.sleep(for: .milliseconds(5))
  }
  return try #require(try condition(), "\(what): not within \(seconds) s")
}
