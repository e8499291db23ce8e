import CLinux
import Glibc

/// A program that is run to its end, with what it said.
package struct Program {
  package let status: Int32
  package let output: String
  package let errors: String

  /// Runs a program found by `PATH`; the thread waits for its end.
  package static func run(
    _ name: String, _ arguments: [String], in directory: String? = nil
  ) throws -> Program {
    let (output, errors) = (try UnnamedFile(), try UnnamedFile())
    let child = try ChildProcess(
      "/usr/bin/env", [name] + arguments, directory: directory, output: output.descriptor, errors: errors.descriptor)
    let status = child.waitUntilEnded()
    return Program(status: status, output: output.text(), errors: errors.text())
  }
}

/// A file in memory, without a name.
private final class UnnamedFile {
  let descriptor: CInt
  private static let closeOnExec: UInt32 = 1

  init() throws {
    descriptor = memfd_create("output", Self.closeOnExec)
    guard descriptor >= 0 else { throw ChildProcess.StartError(description: "no memory for a program's output") }
  }

  deinit { close(descriptor) }

  func text() -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &buffer, buffer.count, bytes.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }
}
