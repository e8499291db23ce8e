import ArgumentParser
import Configuration
import Foundation
import Logging
import NIOCore
import PinServer

/// The flags of `serve`; what is not given comes from the environment or the settings file.
struct ServeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String?
  @Option(help: ArgumentHelp("The master key's file.", valueName: "file")) var masterKey: String?
  @Option(
    name: .customLong("master-key-fd"),
    help: ArgumentHelp("Read the master key from this descriptor, which the program was started with.", valueName: "n"))
  var masterKeyDescriptor: Int?
  @Option(help: ArgumentHelp("A JSON file with settings.", valueName: "file")) var settings: String?
  @Option(help: "Where to listen. (default: 127.0.0.1)") var address: String?
  @Option(help: "Which port; 0 for any that is free. (default: 7468)") var port: Int?
  @Option(help: ArgumentHelp("The certificate to prove itself with, and those above it: PEM.", valueName: "file"))
  var certificate: String?
  @Option(help: ArgumentHelp("The certificate's private key: PEM.", valueName: "file")) var certificateKey: String?
  @Option(help: ArgumentHelp("Who signs the certificates of clients: PEM.", valueName: "file"))
  var clientAuthority: String?
  @Flag(help: "Turn away clients without a certificate.") var requireClientCertificate = false
  @Flag(help: "Serve without TLS on an address that others can reach.") var allowClearText = false
  @Option(help: "Where to tell health and metrics over HTTP. (default: 127.0.0.1)") var statusAddress: String?
  @Option(help: "Which port for that; 0 for any that is free. (default: 7469)") var statusPort: Int?
  @Flag(help: "Tell no health and metrics.") var noStatus = false
  @Option(
    help: ArgumentHelp("The only directory that clients' backups may go into. (default: any)", valueName: "directory"))
  var backupFolder: String?
  @Option(help: ArgumentHelp("Threads that serve connections. (default: 1)", valueName: "count")) var eventLoops: Int?
  @Option(help: ArgumentHelp("More connections are closed at once. (default: 10000)", valueName: "count"))
  var maximumConnections: Int?
  @Flag(help: "Take the clock as it is, though it stands far from the last event.") var acceptClock = false
  @Option(help: "What to log: trace, debug, info, notice, warning, error, critical. (default: info)")
  var logLevel: String?
  @Flag(help: "Log JSON lines.") var logJSON = false

  /// What was given, by the names that the environment and the file know too.
  fileprivate var given: [AbsoluteConfigKey: ConfigValue] {
    let texts = [
      "data": data, "master-key": masterKey, "address": address, "certificate": certificate,
      "certificate-key": certificateKey, "client-authority": clientAuthority, "status-address": statusAddress,
      "log-level": logLevel, "backup-folder": backupFolder,
    ]
    let numbers = [
      "master-key-fd": masterKeyDescriptor, "port": port, "status-port": statusPort, "event-loops": eventLoops,
      "maximum-connections": maximumConnections,
    ]
    let flags = [
      "require-client-certificate": requireClientCertificate, "allow-clear-text": allowClearText,
      "accept-clock": acceptClock, "log-json": logJSON, "no-status": noStatus,
    ]
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for case (let name, let text?) in texts { values[[name]] = ConfigValue(.string(text), isSecret: false) }
    for case (let name, let number?) in numbers { values[[name]] = ConfigValue(.int(number), isSecret: false) }
    for case (let name, true) in flags { values[[name]] = ConfigValue(.bool(true), isSecret: false) }
    return values
  }
}

/// How to serve: flags first, then the environment (`PINVAULT_STATUS_PORT`), then the settings file (`"status-port"`).
struct ServeSettings {
  let data: String
  let masterKey: MasterKeySource
  let server: ServerConfiguration
  let acceptsClock: Bool
  let logLevel: Logger.Level
  let logsJSON: Bool

  /// Every setting there is.
  private static let names: Set = [
    "data", "master-key", "master-key-fd", "address", "port", "certificate", "certificate-key", "client-authority",
    "require-client-certificate", "allow-clear-text", "status-address", "status-port", "event-loops",
    "no-status", "backup-folder", "maximum-connections", "accept-clock", "log-level", "log-json",
  ]

  init(_ options: ServeOptions) async throws {
    let reader = try await Self.reader(options)
    data = Files.trimmed(try Self.required(reader, "data"))
    masterKey = MasterKeySource(
      file: reader.string(forKey: "master-key"),
      descriptor: reader.int(forKey: "master-key-fd").map { Int32(clamping: $0) })
    server = try Self.server(reader)
    acceptsClock = reader.bool(forKey: "accept-clock", default: false)
    logsJSON = reader.bool(forKey: "log-json", default: false)
    let level = reader.string(forKey: "log-level", default: "info")
    guard let logLevel = Logger.Level(rawValue: level) else {
      let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw Fault(.usage, "log-level '\(level)': it is one of \(levels)")
    }
    self.logLevel = logLevel
  }

  private static func reader(_ options: ServeOptions) async throws -> ConfigReader {
    var providers: [any ConfigProvider] = [
      InMemoryProvider(values: options.given),
      EnvironmentVariablesProvider().prefixKeys(with: "pinvault"),
    ]
    if let path = options.settings ?? Environment.value("PINVAULT_SETTINGS") {
      try check(path)
      providers.append(try await FileProvider<JSONSnapshot>(filePath: .init(path)))
    }
    return ConfigReader(providers: providers)
  }

  /// Refuses a settings file with a name in it that means nothing: it would be a setting that does not hold.
  private static func check(_ path: String) throws {
    guard let bytes = try Files.contents(of: path) else { throw Fault(.usage, "\(path): no such settings file") }
    guard let settings = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
      throw Fault(.usage, "\(path): not a JSON object of settings")
    }
    for name in settings.keys.sorted() where !names.contains(name) {
      throw Fault(.usage, "\(path): there is no setting '\(name)'")
    }
  }

  private static func server(_ reader: ConfigReader) throws -> ServerConfiguration {
    var server = ServerConfiguration()
    server.serverName = "pinvault \(programVersion)"
    server.address = reader.string(forKey: "address", default: server.address)
    server.port = try within(0...65_535, reader, "port", default: server.port)
    server.eventLoopCount = try within(1...64, reader, "event-loops", default: server.eventLoopCount)
    server.maximumConnections = try within(
      1...1_000_000, reader, "maximum-connections", default: server.maximumConnections)
    server.allowsClearText = reader.bool(forKey: "allow-clear-text", default: false)
    server.statusPort = try within(0...65_535, reader, "status-port", default: server.statusPort)
    if !reader.bool(forKey: "no-status", default: false) {
      server.statusAddress = reader.string(forKey: "status-address", default: "127.0.0.1")
    }
    server.backupFolder = try reader.string(forKey: "backup-folder").map { try Files.absolute(Files.trimmed($0)) }
    server.security = try security(reader)
    return server
  }

  private static func security(_ reader: ConfigReader) throws -> TransportSecurity? {
    switch (reader.string(forKey: "certificate"), reader.string(forKey: "certificate-key")) {
    case (let chain?, let key?):
      return TransportSecurity(
        certificateChainPath: chain, privateKeyPath: key,
        clientAuthorityPath: reader.string(forKey: "client-authority"),
        requiresClientCertificate: reader.bool(forKey: "require-client-certificate", default: false))
    case (nil, nil):
      guard reader.string(forKey: "client-authority") == nil else {
        throw ServerError.clientAuthorityWithoutCertificate
      }
      return nil
    default: throw Fault(.usage, "certificate and certificate-key are given together or not at all")
    }
  }

  private static func required(_ reader: ConfigReader, _ name: ConfigKey) throws -> String {
    guard let value = reader.string(forKey: name) else {
      throw Fault(.usage, "no data directory: give --data DIRECTORY")
    }
    return value
  }

  private static func within(
    _ range: ClosedRange<Int>, _ reader: ConfigReader, _ name: String, default standard: Int
  ) throws -> Int {
    let value = reader.int(forKey: ConfigKey([name]), default: standard)
    guard range.contains(value) else {
      throw Fault(.usage, "\(name) \(value): it is \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
