import ChildProcess
import Foundation
import Glibc

/// A program that a benchmark starts: this one, unless told otherwise.
final class BenchProcess: Sendable {
  private let process: ChildProcess
  private let log: String

  init(_ arguments: [String], of program: String? = nil, in directory: String) throws {
    log = "\(directory)/\(program ?? arguments[0]).log"
    guard FileManager.default.createFile(atPath: log, contents: nil, attributes: [.posixPermissions: 0o600]) else {
      throw SystemFault(log)
    }
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    process = try ChildProcess(
      program == nil ? "/proc/self/exe" : "/usr/bin/env", (program.map { [$0] } ?? []) + arguments,
      directory: directory, output: output.fileDescriptor, errors: output.fileDescriptor)
  }

  /// Runs a program to its end; throws what it said if it failed.
  static func run(_ arguments: [String], of program: String? = nil, in directory: String) async throws {
    let run = try BenchProcess(arguments, of: program, in: directory)
    guard await run.process.ended() == 0 else {
      throw Fault(.rotten, "\(program ?? "pinvault") \(arguments[0]) failed: \(run.lastWords)")
    }
  }

  var isRunning: Bool { process.isRunning }

  /// The last line it wrote.
  var lastWords: String {
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
  }

  /// Asks it to end in good order, or ends it at once, and waits until it has.
  func stop(by signal: CInt = SIGTERM) async {
    process.signal(signal)
    _ = await process.ended()
  }

  /// What this process has used of the processors so far.
  static var ownProcessorSeconds: Double {
    var usage = rusage()
    getrusage(CInt(RUSAGE_SELF.rawValue), &usage)
    let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(microseconds) / 1e6
  }
}
