import ArgumentParser
import PinEngine
import PinWords

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the store into a new directory, live or not.",
    discussion: """
      PINs stay sealed in it. It is opened by the same master key, which is not in it. A live store is copied by its \
      server, onto the server's own disk.

      Example:
        pinvault backup --data vault --to backups/2026-03-01
      """)

  @Option(help: ArgumentHelp("The data directory. (default: the server's)", valueName: "directory")) var data: String?
  @Option(help: ArgumentHelp("The directory to make.", valueName: "directory")) var to: String
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let target = try Files.absolute(Files.trimmed(to))
    let text: String
    if let data {
      // The data directory is on this machine, so that the server need not be asked for this.
      if Files.exists(target) { throw Fault(.cannotCreate, "\(target): already exists; nothing is overwritten") }
      text = try await LiveDirectory(path: Files.trimmed(data), server: server).perform {
        try JSON.text(try Engine.backup(at: Files.trimmed(data), to: target))
      } online: {
        try await $0.backup(to: target).value
      }
    } else {
      text = try await server.withClient { try await $0.backup(to: target).value }
    }
    let result = try JSON.read(BackupResult.self, from: text)
    try StandardOutput.write(
      line: output.json ? text : "\(target) holds the store up to event \(result.headSequence)")
  }
}

private struct BackupResult: Decodable {
  var headSequence: UInt64
}
