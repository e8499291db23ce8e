import ArgumentParser
import Configuration
import Foundation
import Logging
import NIOCore
import PinServer

/// The flags of `serve`; what is not given comes from the environment or the settings file.
struct ServeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String?
  @Option(help: ArgumentHelp("The master key's file; each of its parts, if it has parts.", valueName: "file"))
  var masterKey: [String] = []
  @Option(
    name: .customLong("master-key-fd"),
    help: ArgumentHelp(
      "Read the master key, or a part of it, from this descriptor, which the program was started with.", valueName: "n")
  )
  var masterKeyDescriptor: [Int] = []
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
  @OptionGroup(title: "The shop") var shop: ShopOptions
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
      "data": data, "address": address, "certificate": certificate,
      "certificate-key": certificateKey, "client-authority": clientAuthority, "status-address": statusAddress,
      "log-level": logLevel, "backup-folder": backupFolder,
    ].merging(shop.texts) { $1 }
    let numbers = [
      "port": port, "status-port": statusPort, "event-loops": eventLoops,
      "maximum-connections": maximumConnections, "office-port": shop.officePort, "card-days": shop.cardDays,
      "mail-retry-seconds": shop.mailRetrySeconds,
    ]
    let flags = [
      "require-client-certificate": requireClientCertificate, "allow-clear-text": allowClearText,
      "accept-clock": acceptClock, "log-json": logJSON, "no-status": noStatus,
      "mail-clear-text": shop.mailClearText, "daily-close-decimal-comma": shop.dailyCloseDecimalComma,
    ]
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for case (let name, let text?) in texts { values[[name]] = ConfigValue(.string(text), isSecret: false) }
    for case (let name, let number?) in numbers { values[[name]] = ConfigValue(.int(number), isSecret: false) }
    for case (let name, true) in flags { values[[name]] = ConfigValue(.bool(true), isSecret: false) }
    if !masterKey.isEmpty { values[["master-key"]] = ConfigValue(.stringArray(masterKey), isSecret: false) }
    if !masterKeyDescriptor.isEmpty {
      values[["master-key-fd"]] = ConfigValue(.intArray(masterKeyDescriptor), isSecret: false)
    }
    return values
  }
}

/// How to serve: flags first, then the environment (`PINVAULT_STATUS_PORT`), then the settings file (`"status-port"`).
struct ServeSettings {
  let data: String
  let masterKey: MasterKeySource
  let server: ServerConfiguration
  /// Nil where no shop is served.
  let shop: ShopSettings?
  let acceptsClock: Bool
  let logLevel: Logger.Level
  let logsJSON: Bool

  /// Every setting there is.
  private static let names: Set<String> = Set([
    "data", "master-key", "master-key-fd", "address", "port", "certificate", "certificate-key", "client-authority",
    "require-client-certificate", "allow-clear-text", "status-address", "status-port", "event-loops",
    "no-status", "backup-folder", "maximum-connections", "accept-clock", "log-level", "log-json",
  ]).union(ShopSettings.names)

  /// The settings as flags, environment and file together give them.
  static func read(_ options: ServeOptions) async throws -> ServeSettings {
    try ServeSettings(
      await SettingsReader(
        given: options.given, path: options.settings ?? Environment.value("PINVAULT_SETTINGS"), names: names))
  }

  private init(_ reader: SettingsReader) throws {
    guard let directory = try reader.text("data") else {
      throw Fault(.usage, "no data directory: give --data DIRECTORY")
    }
    data = Files.trimmed(directory)
    masterKey = MasterKeySource(
      files: try reader.texts("master-key"),
      descriptors: try reader.numbers("master-key-fd").map { Int32(clamping: $0) })
    server = try Self.server(reader)
    shop = try ShopSettings(reader, data: data, server: server)
    acceptsClock = try reader.flag("accept-clock")
    logsJSON = try reader.flag("log-json")
    let level = try reader.text("log-level") ?? "info"
    guard let logLevel = Logger.Level(rawValue: level) else {
      let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw Fault(.usage, "log-level '\(level)': it is one of \(levels)")
    }
    self.logLevel = logLevel
  }

  private static func server(_ reader: SettingsReader) throws -> ServerConfiguration {
    var server = ServerConfiguration()
    server.serverName = "pinvault \(programVersion)"
    server.address = try reader.text("address") ?? server.address
    server.port = try reader.number("port", in: 0...65_535, default: server.port)
    server.eventLoopCount = try reader.number("event-loops", in: 1...64, default: server.eventLoopCount)
    server.maximumConnections = try reader.number(
      "maximum-connections", in: 1...1_000_000, default: server.maximumConnections)
    server.allowsClearText = try reader.flag("allow-clear-text")
    server.statusPort = try reader.number("status-port", in: 0...65_535, default: server.statusPort)
    if try !reader.flag("no-status") {
      server.statusAddress = try reader.text("status-address") ?? "127.0.0.1"
    }
    server.backupFolder = try reader.text("backup-folder").map { try Files.absolute(Files.trimmed($0)) }
    server.security = try security(reader)
    return server
  }

  private static func security(_ reader: SettingsReader) throws -> TransportSecurity? {
    switch (try reader.text("certificate"), try reader.text("certificate-key")) {
    case (let chain?, let key?):
      return TransportSecurity(
        certificateChainPath: chain, privateKeyPath: key,
        clientAuthorityPath: try reader.text("client-authority"),
        requiresClientCertificate: try reader.flag("require-client-certificate"))
    case (nil, nil):
      guard try reader.text("client-authority") == nil else {
        throw ServerError.clientAuthorityWithoutCertificate
      }
      return nil
    default: throw Fault(.usage, "certificate and certificate-key are given together or not at all")
    }
  }
}
