import HTTPSeats
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import PinEngine
import PinOrders
import PinReports
import ServiceLifecycle

/// The shop over HTTP: JSON in, JSON out, described by `docs/back-office.openapi.yaml`.
///
///     a request → who asks (`Caller`) → what is asked (`Routes`, `Payloads`) → the order layer → an answer or a `Problem`
///
/// It decides nothing: who may do what, and when, the engine says.
public struct BackOffice: Service {
  public struct Configuration: Sendable {
    public var address = "127.0.0.1"
    public var port = 7470
    /// PEM files; nil serves in clear.
    public var certificate: (chain: String, key: String)?
    public var maximumConnections = 256
    public var idleTimeLimitSeconds: Int64 = 60
    public var reports: ReportSettings

    public init(reports: ReportSettings) { self.reports = reports }
  }

  private let desk: OrderDesk
  private let reports: ReportDesk
  private let configuration: Configuration
  private let logger: Logger

  package init(desk: OrderDesk, reports: ReportDesk, configuration: Configuration, logger: Logger) {
    self.desk = desk
    self.reports = reports
    self.configuration = configuration
    self.logger = logger
  }

  public func run() async throws {
    let router = Router(context: Caller.self)
    let seats = Seats(configuration.maximumConnections)
    router.add(middleware: Problems(logger: logger))
    router.add(middleware: StrictRequests())
    let (sessions, guesses) = (Sessions(), Guesses(engine: desk.engine))
    let people = PeopleRoutes(desk: desk, sessions: sessions, guesses: guesses)
    Routes(desk: desk).addOpen(to: router)
    people.addOpen(to: router)
    router.add(middleware: Authentication(desk: desk, sessions: sessions, guesses: guesses, seats: seats))
    Routes(desk: desk).add(to: router)
    people.add(to: router)
    ReportRoutes(desk: desk, reports: reports, settings: configuration.reports).add(to: router)
    // Its own messages may quote what was sent.
    var quiet = logger
    quiet.logLevel = .critical
    let application = Application(
      router: router, server: try server(seats),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.address, port: configuration.port), serverName: "pinvault"),
      onServerRunning: { [logger, configuration] channel in
        let port = channel.localAddress?.port ?? 0
        logger.info("the back office listens", metadata: ["address": "\(configuration.address)", "port": "\(port)"])
      },
      logger: quiet)
    try await application.run()
  }

  private func server(_ seats: Seats) throws -> HTTPServerBuilder {
    let http = HTTP1Channel.Configuration(
      additionalChannelHandlers: [SeatHandler(seats)], idleTimeout: .seconds(configuration.idleTimeLimitSeconds))
    guard let (chain, key) = configuration.certificate else { return .http1(configuration: http) }
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(chain).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
    tls.minimumTLSVersion = .tlsv13
    return try .tls(.http1(configuration: http), tlsConfiguration: tls)
  }
}
