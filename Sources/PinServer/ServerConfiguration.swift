import NIOCore
import PinProtocol

/// How a server listens, and what it puts up with.
public struct ServerConfiguration: Sendable {
  /// An IP address or a name of this machine.
  public var address = "127.0.0.1"
  /// 0 takes any free port.
  public var port = Int(defaultPort)
  /// Threads that read, open PINs and write; one serves tens of thousands of requests a second.
  public var eventLoopCount = 1

  /// The server's certificate and its key; nil serves in clear, which only its own machine is offered.
  public var security: TransportSecurity?
  /// Serves in clear on any address: an operator's word that the network between is safe.
  public var allowsClearText = false

  /// Where health and metrics are told over HTTP; nil for nowhere.
  public var statusAddress: String?
  public var statusPort = Int(defaultPort) + 1

  /// The folder that backups asked for by clients may be written to; nil for any that the server can write to.
  public var backupFolder: String?

  /// Requests of one connection that may be unanswered, announced at hello; the rest is not read meanwhile.
  public var requestsInFlight: UInt16 = 1024
  /// More connections than this, over all event loops, are closed at once.
  public var maximumConnections = 10_000
  /// Connections that have not authenticated, for each event loop; of more, the oldest are closed.
  public var maximumStrangers = 1000
  /// Requests that may wait for the journal to move on, for each event loop; more are told busy.
  public var maximumWaitingPolls = 256
  /// How long a connection may take until it has authenticated.
  public var handshakeTimeLimit = TimeAmount.seconds(10)
  /// How long a connection may be silent, or not take its answers.
  public var idleTimeLimit = TimeAmount.minutes(10)
  /// How long the answer to a failed authentication is held back; longer when there were many, see `FailedProofs`.
  public var authenticationFailureDelay = TimeAmount.milliseconds(200)
  /// How long connections have to take their last answers when the server stops, or closes one of them.
  public var closingTimeLimit = TimeAmount.seconds(5)
  /// How often the server looks whether the store refuses changes for want of room, to tell the log.
  var roomWatchPeriod = TimeAmount.seconds(1)
  /// What the server calls itself at hello; at most 255 bytes.
  public var serverName = "pinvault"

  public init() {}
}

/// What the server proves itself with, and whom it asks to do the same: paths of PEM files.
public struct TransportSecurity: Sendable, Hashable {
  /// The server's certificate, followed by those between it and the authority.
  public var certificateChainPath: String
  public var privateKeyPath: String
  /// The authority of clients' certificates; nil asks for none.
  public var clientAuthorityPath: String?
  /// Whether a client without a certificate is turned away; otherwise it may prove itself by key.
  public var requiresClientCertificate = false

  public init(
    certificateChainPath: String, privateKeyPath: String, clientAuthorityPath: String? = nil,
    requiresClientCertificate: Bool = false
  ) {
    self.certificateChainPath = certificateChainPath
    self.privateKeyPath = privateKeyPath
    self.clientAuthorityPath = clientAuthorityPath
    self.requiresClientCertificate = requiresClientCertificate
  }
}
