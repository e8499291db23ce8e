import ArgumentParser
import PinEngine
import PinSealing

struct RekeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekey",
    abstract: "Change the master key of a directory that nobody serves; no card is touched.",
    discussion: """
      Backups made before are still opened by the old key: keep it as long as you keep them.

      Example:
        pinvault rekey --data vault --master-key vault.master-key --new-master-key vault.master-key-2
      """)

  @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String
  @OptionGroup var masterKey: MasterKeyOptions
  @Option(help: ArgumentHelp("Where the new master key goes, or is if the file exists.", valueName: "file"))
  var newMasterKey: String
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let directory = Files.trimmed(data)
    let old = try masterKey.read()
    let isMade = !Files.exists(newMasterKey)
    let new = isMade ? try MasterKeyFile.create(at: newMasterKey) : try MasterKeyFile.read(at: newMasterKey)
    do {
      try Engine.rekey(at: directory, from: old, to: new)
    } catch {
      // The key goes only if the old one still opens the directory: else it is the new one that does.
      if isMade, (try? Keyring.open(in: directory, master: old)) != nil { Files.remove(newMasterKey) }
      throw error
    }
    let record = RekeyRecord(data: directory, newMasterKey: newMasterKey)
    try output.print(record) {
      "\(directory) is opened by \(newMasterKey) now; keep the old key as long as backups from before are kept"
    }
  }
}

private struct RekeyRecord: Encodable {
  var data: String
  var newMasterKey: String
}
