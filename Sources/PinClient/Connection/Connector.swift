import NIOCore
import NIOPosix
import NIOSSL
import PinProtocol

/// Makes TCP connections to the configured server, with TLS if it is on, and a session's handler on each.
struct Connector {
  /// Connecting is of no use, whatever the server does.
  struct Failure: Error {
    let reason: Disconnection
    let error: ClientError
  }

  private let configuration: PinClient.Configuration
  /// Made at the first connection, since reading certificates takes time.
  private var context: NIOSSLContext?

  init(_ configuration: PinClient.Configuration) { self.configuration = configuration }

  /// Connects on this loop, whose thread this must be; `completion` runs on it later.
  mutating func connect(
    on loop: any EventLoop, _ completion: @escaping (Result<SessionHandler, Disconnection>) -> Void
  ) throws(Failure) {
    let context = try tlsContext()
    let configuration = configuration
    ClientBootstrap(group: loop)
      .connectTimeout(configuration.connectTimeLimit.timeAmount)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.writeBufferWaterMark, value: .init(low: 128 * 1024, high: 512 * 1024))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context {
            let name = configuration.isAddress ? nil : configuration.host
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
          }
          try pipeline.addHandler(SessionHandler(configuration))
        }
      }
      .connect(host: configuration.host, port: Int(configuration.port))
      .assumeIsolated()
      .flatMapThrowing { try $0.pipeline.syncOperations.handler(type: SessionHandler.self) }
      .whenComplete { result in
        completion(result.mapError { error in .unreachable(describe(error)) })
      }
  }

  private mutating func tlsContext() throws(Failure) -> NIOSSLContext? {
    guard configuration.usesTLS else {
      if case .certificate = configuration.credential {
        let error = ClientError.authenticationFailed(.certificateWithoutTLS)
        throw Failure(reason: .tls("it is off"), error: error)
      }
      return nil
    }
    if let context { return context }
    do {
      let made = try NIOSSLContext(configuration: try configuration.tlsConfiguration())
      context = made
      return made
    } catch {
      let reason = Disconnection.tls(describe(error))
      throw Failure(reason: reason, error: .notConnected(reason))
    }
  }
}

extension PinClient.Configuration {
  fileprivate func tlsConfiguration() throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    if case .rootsFile(let path) = tls { configuration.trustRoots = .file(path) }
    if case .certificate(let chainFile, let privateKeyFile) = credential {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(chainFile).map { .certificate($0) }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem))
    }
    return configuration
  }

  /// Whether the host is an address, which TLS has no name for.
  fileprivate var isAddress: Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }
}
