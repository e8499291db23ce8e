import ArgumentParser
import PinEngine
import PinSealing

struct RekeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekey",
    abstract: "Change the master key of a directory that nobody serves; no card is touched.",
    discussion: """
      Backups made before are still opened by the old key: keep it as long as you keep them. Either key may be whole or \
      in parts: give the option once for each part.

      Examples:
        pinvault rekey --data vault --master-key vault.master-key --new-master-key vault.master-key-2
        pinvault rekey --data vault --master-key vault.master-key --new-master-key ann.part --new-master-key bob.part
      """)

  @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String
  @OptionGroup var masterKey: MasterKeyOptions
  @Option(
    help: ArgumentHelp(
      "Where the new master key goes, or is if the file exists; several times for a key in parts.", valueName: "file"))
  var newMasterKey: [String]
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let directory = Files.trimmed(data)
    try NewMasterKey.check(newMasterKey, outside: directory, option: "--new-master-key")
    let old = try masterKey.read()
    let new = try NewMasterKey(at: newMasterKey)
    do {
      try Engine.rekey(at: directory, from: old, to: new.key)
    } catch {
      // The key goes only if it is sure that it does not open the directory.
      do { _ = try Keyring.open(in: directory, master: new.key) } catch KeyringError.wrongMasterKey {
        new.removeMade()
      } catch {}
      throw error
    }
    let record = RekeyRecord(data: directory, newMasterKey: newMasterKey)
    try output.print(record) {
      "\(directory) is opened by \(newMasterKey.joined(separator: " and ")) now; keep the old key as long as backups from before are kept"
    }
  }
}

private struct RekeyRecord: Encodable {
  var data: String
  var newMasterKey: [String]
}

/// A master key that files are to hold from now on: all new, or all there already.
struct NewMasterKey {
  let key: SecretKey
  private let made: [String]

  /// Refuses paths that cannot be a key's, before anything is made.
  static func check(_ paths: [String], outside directory: String, option: String) throws(Fault) {
    guard paths.count <= MasterKeyFile.mostParts, Set(paths).count == paths.count else {
      throw Fault(.usage, "\(option): at most \(MasterKeyFile.mostParts) parts, each in a file of its own")
    }
    guard !paths.contains(where: { $0.hasPrefix("\(directory)/") }) else {
      throw Fault(.usage, "\(option): it must not lie in the data directory, which would seal nothing")
    }
  }

  init(at paths: [String]) throws {
    switch paths.count(where: Files.exists) {
    case 0:
      do {
        key = try MasterKeyFile.create(at: paths)
      } catch {
        // Who made one of them meanwhile keeps it, and what comes after it.
        var ours = paths[...]
        if case .alreadyExists(let path) = error { ours = paths.prefix { $0 != path } }
        for path in ours { Files.remove(path) }
        throw error
      }
      made = paths
    case paths.count:
      key = try MasterKeyFile.read(paths.map { .file($0) })
      made = []
    default: throw Fault(.usage, "--new-master-key: some of the parts are there and some are not; give all, or none")
    }
  }

  /// Takes away what was made.
  func removeMade() { for path in made { Files.remove(path) } }
}
