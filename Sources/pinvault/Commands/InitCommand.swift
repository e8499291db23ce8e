import ArgumentParser
import Glibc
import PinClient
import PinEngine
import PinSealing
import PinStore

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a data directory, its master key and its first administrator.",
    discussion: """
      Without the master key nothing in the data directory can be read: keep a copy of its file in a safe, apart from the \
      backups. Nothing that exists is overwritten.

      Given --master-key several times, the key is made in parts, one to a file: all of them together open the directory, \
      and fewer tell nothing of the key. Give each to a custodian of its own.

      Examples:
        pinvault init --data vault
        pinvault init --data vault --master-key ann.part --master-key bob.part
      """)

  @Option(help: ArgumentHelp("The directory to make.", valueName: "directory")) var data: String
  @Option(
    help: ArgumentHelp(
      "Where the new master key goes, or a part of it. (default: DIRECTORY.master-key)", valueName: "file"))
  var masterKey: [String] = []
  @Option(help: ArgumentHelp("The first administrator's name.", valueName: "name")) var administrator = "admin"
  @Option(help: ArgumentHelp("Where its key goes. (default: DIRECTORY.NAME.key)", valueName: "file"))
  var keyFile: String?
  @Option(
    help: ArgumentHelp(
      "The size of each file of the journal, for the store's life: \(segmentBytesRange). (default: 67108864)",
      valueName: "bytes"))
  var segmentBytes: Int?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let directory = Files.trimmed(data)
    let masterKeyPaths = masterKey.isEmpty ? ["\(directory).master-key"] : masterKey
    let keyFilePath = keyFile ?? "\(directory).\(administrator).key"
    try check(directory, masterKeyPaths, keyFilePath)
    var settings = StoreSettings()
    settings.segmentByteCount = segmentBytes ?? settings.segmentByteCount
    // Made under another name and given its own when all is there, so that there is never half a store of that name.
    let unfinished = "\(directory).unfinished-\(getpid())"
    var made = Made()
    do {
      made.files += masterKeyPaths
      let master = try MasterKeyFile.create(at: masterKeyPaths)
      made.directory = unfinished
      let key = try Engine.create(
        at: unfinished, masterKey: master, administrator: administrator, settings: settings)
      try ActorKey.file.create(at: keyFilePath, holding: key)
      made.files.append(keyFilePath)
      // Of what may have come there meanwhile, this replaces nothing but an empty directory; what it cannot name, it removes.
      made.directory = nil
      try FileTree.giveName(directory, to: unfinished)
    } catch {
      // From the one that somebody else made meanwhile on, none is ours.
      if case KeyFileError.alreadyExists(let path) = error, let index = made.files.firstIndex(of: path) {
        made.files.removeSubrange(index...)
      }
      made.remove()
      throw error
    }
    let record = InitRecord(
      data: directory, masterKey: masterKeyPaths, administrator: administrator, keyFile: keyFilePath)
    try output.print(record) { record.text }
  }

  private func check(_ directory: String, _ masterKeyPaths: [String], _ keyFilePath: String) throws {
    let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    guard (1...32).contains(administrator.utf8.count), administrator.allSatisfy(letters.contains) else {
      throw Fault(.usage, "--administrator '\(administrator)': 1 to 32 letters, digits, '-', '_' or '.'")
    }
    try NewMasterKey.check(masterKeyPaths, outside: directory, option: "--master-key")
    if let segmentBytes, !segmentBytesRange.contains(segmentBytes) {
      throw Fault(.usage, "--segment-bytes \(segmentBytes): it is in \(segmentBytesRange)")
    }
    for path in [directory, keyFilePath] + masterKeyPaths {
      if Files.exists(path) { throw Fault(.cannotCreate, "\(path): already exists; nothing is overwritten") }
      var status = stat()
      guard stat(Files.parent(of: path), &status) == 0 else {
        throw Fault(.cannotCreate, SystemFault(Files.parent(of: path)).description)
      }
    }
  }
}

/// A little more than the largest block, to what a backup can well carry away.
private let segmentBytesRange = 1_114_112...(64 << 30)

/// What was made so far, to be taken away again if the rest fails.
private struct Made {
  var files: [String] = []
  var directory: String?

  func remove() {
    for file in files { unlink(file) }
    if let directory { Files.removeTree(directory) }
  }
}

private struct InitRecord: Encodable {
  var data: String
  var masterKey: [String]
  var administrator: String
  var keyFile: String

  var text: String {
    """
    Made \(data), with its master key in \(masterKey.joined(separator: " and ")) and the administrator's key in \(keyFile).
    Keep a copy of the master key in a safe: without it, nothing in \(data) can be read.

    Start the server:
      pinvault serve --data \(data)\(masterKey.map { " --master-key \($0)" }.joined())

    Then, in another terminal:
      export PINVAULT_ACTOR=\(administrator) PINVAULT_KEY_FILE=\(keyFile)
      pinvault product add --sku ACME-10USD --name "Acme 10" --vendor Acme --currency USD --face-value 10.00
      pinvault import --sku ACME-10USD cards.csv
      pinvault actor add till-1 --role terminal
      pinvault --help
    """
  }
}
