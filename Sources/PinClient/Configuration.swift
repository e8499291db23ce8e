import NIOCore
import NIOPosix
import PinProtocol

extension PinClient {
  /// Where the server is, who asks, and how long to wait.
  public struct Configuration: Sendable {
    /// A name or an address.
    public var host: String
    public var port: UInt16
    /// 1 to 32 letters, digits, `-`, `_` or `.`: the actor's name as the server knows it.
    public var actorName: String
    /// How the actor proves itself.
    public var credential: Credential
    public var tls: TLS
    /// How long making the TCP connection may take, and then again the handshakes on it.
    public var connectTimeLimit: Duration
    /// How long a call may take, reconnecting and sending again included.
    public var timeLimit: Duration
    /// How long to wait before connecting again.
    public var backOff: BackOff
    /// The most requests that may be unanswered at once; the server's own limit holds if it is lower.
    public var maximumInFlight: Int
    /// How long a server that owes an answer may send nothing, before the calls go on over a new connection.
    ///
    /// Well below the time limit, so that a connection that died unnoticed costs a call no more than time.
    public var silenceLimit: Duration
    /// Where the connection's work is done; a client uses one loop of it.
    public var eventLoopGroup: any EventLoopGroup

    public init(
      host: String, port: UInt16 = defaultPort, actorName: String, credential: Credential, tls: TLS = .automatic,
      connectTimeLimit: Duration = .seconds(5), timeLimit: Duration = .seconds(60), backOff: BackOff = BackOff(),
      maximumInFlight: Int = .max, silenceLimit: Duration = .seconds(15),
      eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
      self.host = host
      self.port = port
      self.actorName = actorName
      self.credential = credential
      self.tls = tls
      self.connectTimeLimit = connectTimeLimit
      self.timeLimit = timeLimit
      self.backOff = backOff
      self.maximumInFlight = max(1, maximumInFlight)
      self.silenceLimit = silenceLimit
      self.eventLoopGroup = eventLoopGroup
    }

    /// The same with a key, the usual way.
    public init(host: String, port: UInt16 = defaultPort, actorName: String, key: ActorKey, tls: TLS = .automatic) {
      self.init(host: host, port: port, actorName: actorName, credential: .key(key), tls: tls)
    }
  }

  /// How an actor proves who it is.
  public enum Credential: Sendable {
    /// By a key that the server has too; the server proves itself by the same key.
    case key(ActorKey)
    /// By a certificate in the TLS handshake, which TLS must be on for: PEM files, the key's owner-readable only.
    case certificate(chainFile: String, privateKeyFile: String)
  }

  /// Whether the connection is encrypted, and whose certificates are believed.
  public enum TLS: Sendable {
    /// Off for this machine itself (`localhost`, `127.0.0.0/8`, `::1`), on with the system's trust roots for others.
    case automatic
    case off
    /// On, believing the system's trust roots.
    case systemRoots
    /// On, believing the certificates in this PEM file.
    case rootsFile(String)
  }

  /// Waits that double from attempt to attempt, each cut short by chance so that clients do not come all at once.
  public struct BackOff: Sendable, Hashable {
    public var first: Duration
    public var longest: Duration

    public init(first: Duration = .milliseconds(50), longest: Duration = .seconds(5)) {
      self.first = first
      self.longest = longest
    }
  }
}

extension PinClient.Configuration {
  /// Whether the host is this machine by its name alone.
  var isLoopback: Bool {
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    let isIPv4 = octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
    return host == "localhost" || host == "::1" || isIPv4 && octets[0] == "127"
  }

  var usesTLS: Bool {
    switch tls {
    case .automatic: !isLoopback
    case .off: false
    case .systemRoots, .rootsFile: true
    }
  }
}
