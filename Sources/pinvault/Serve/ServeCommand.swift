import ArgumentParser
import Logging
import PinBackOffice
import PinEngine
import PinOrders
import PinReports
import PinSealing
import PinServer
import PinStore
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve a data directory over TCP.",
    discussion: """
      Stops on SIGTERM or SIGINT: what is in flight is answered, and a checkpoint taken. Each setting may also come from \
      the environment (--status-port is PINVAULT_STATUS_PORT) or a JSON file (--settings; "status-port": 7469); a flag \
      goes before the environment, and that before the file. Logs go to standard error.

      Where it listens is told in the log, and in the file 'address' of the data directory.

      Example:
        pinvault serve --data vault --master-key vault.master-key
      """)

  @OptionGroup var settings: ServeOptions

  func run() async throws {
    let settings = try await ServeSettings.read(settings)
    LoggingSystem.bootstrap { label in LogLines(label: label, isJSON: settings.logsJSON, level: settings.logLevel) }
    let logger = Logger(label: "pinvault")
    try OpenFiles.raiseLimit()
    let engine = try open(settings, logger)
    let server = PinServer(engine: engine, configuration: settings.server, logger: logger) { addresses in
      announce(addresses, settings, logger)
    }
    // They are shut down from the last to the first: the server stops the engine.
    var services: [any Service] = [server]
    if let shop = settings.shop { services += try self.shop(shop, settings, engine, logger) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    defer { AddressFile.remove(in: settings.data) }
    do {
      try await group.run()
    } catch ServerError.storeFailed(let reason) {
      throw engine.failure.map(Fault.init(whileServing:)) ?? Fault(.inputOutput, reason)
    }
  }

  /// The back office, and whoever sends its mails.
  private func shop(
    _ shop: ShopSettings, _ settings: ServeSettings, _ engine: Engine, _ logger: Logger
  ) throws -> [any Service] {
    let desk = OrderDesk(
      engine: engine, vault: try CardVault(directory: shop.cardKeys, outside: settings.data),
      hasGateway: shop.gateway != nil, sendsMarketing: shop.mail?.marketing != nil)
    let reports = ReportDesk(engine, directory: settings.data)
    let office = BackOffice(desk: desk, reports: reports, configuration: shop.office, logger: logger)
    var services: [any Service] = [office, CardPurge(desk: desk, keptDays: shop.cardDays, logger: logger)]
    if let gateway = shop.gateway { services.append(Payer(desk: desk, gateway: gateway, logger: logger)) }
    if let mail = shop.mail {
      services.append(Mailer(desk: desk, configuration: mail, logger: logger))
    } else {
      logger.warning("mails wait until there is a mail server (--mail-server)")
    }
    if let dailyClose = shop.dailyClose {
      services.append(
        try DailyClose(engine: engine, reports: reports, configuration: dailyClose, logger: logger))
    }
    return services
  }

  private func open(_ settings: ServeSettings, _ logger: Logger) throws -> Engine {
    // Hardened already; this only asks whether the keys stay out of the swap.
    if try !ProcessSecrecy.harden().keysAreLockedInMemory {
      logger.warning("keys may reach the swap: raise the limit on locked memory (ulimit -l), or run without swap")
    }
    let key = try settings.masterKey.read()
    var store = StoreSettings()
    store.acceptsClock = settings.acceptsClock
    if let free = store.systemCalls.freeBytes(settings.data), free < UInt64(store.diskHeadroomByteCount) {
      logger.warning(
        "changes are refused until there is more room on the disk",
        metadata: ["free-bytes": "\(free)", "needed-bytes": "\(store.diskHeadroomByteCount)"])
    }
    let engine = try Engine(at: settings.data, masterKey: key, settings: store)
    logger.info("opened", metadata: ["data": "\(settings.data)", "events": "\(engine.headSequence)"])
    return engine
  }
}

/// Writes down where the server listens.
private func announce(_ addresses: PinServer.Addresses, _ settings: ServeSettings, _ logger: Logger) {
  let file = AddressFile(
    host: settings.server.address, port: UInt16(clamping: addresses.port), tls: settings.server.security != nil,
    statusHost: settings.server.statusAddress, statusPort: addresses.statusPort.map { UInt16(clamping: $0) })
  do {
    try file.write(in: settings.data)
  } catch {
    // It still serves; only the commands that look the address up by the directory do not find it.
    logger.error("cannot write the address file", metadata: ["error": "\(error)"])
  }
}
