import ArgumentParser

/// The data directory that a benchmark serves, and what opens it.
struct BenchStore {
  let path: String
  var masterKey: [String]
  var administrator: String
  var keyFile: String

  /// As `pinvault init` names them.
  init(path: String, masterKey: [String] = [], administrator: String = "admin", keyFile: String? = nil) {
    self.path = path
    self.masterKey = masterKey.isEmpty ? ["\(path).master-key"] : masterKey
    self.administrator = administrator
    self.keyFile = keyFile ?? "\(path).\(administrator).key"
  }
}

/// A data directory that is there already.
struct BenchStoreOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Serve this data directory, which stays, instead of a new one.", valueName: "directory"))
  var data: String?
  @Option(help: ArgumentHelp("Its master key, or each part. (default: DIRECTORY.master-key)", valueName: "file"))
  var masterKey: [String] = []
  @Option(help: ArgumentHelp("Its administrator.", valueName: "name")) var actor = "admin"
  @Option(help: ArgumentHelp("The administrator's key. (default: DIRECTORY.NAME.key)", valueName: "file"))
  var keyFile: String?

  /// Nil if none is given.
  var store: BenchStore? {
    get throws {
      guard let data else { return nil }
      let path = try Files.absolute(Files.trimmed(data))
      guard Files.exists(path) else { throw Fault(.badInput, "\(data): there is no such directory") }
      return BenchStore(
        path: path, masterKey: try masterKey.map(Files.absolute), administrator: actor,
        keyFile: try keyFile.map(Files.absolute))
    }
  }
}
