import ArgumentParser
import Foundation
import PinClient
import PinProtocol
import UnixSignals

/// Where the server is and who asks.
struct ServerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The server; also PINVAULT_SERVER. (default: localhost:7468)", valueName: "host:port"))
  var server: String?

  @Option(help: ArgumentHelp("Who asks; also PINVAULT_ACTOR.", valueName: "name"))
  var actor: String?

  @Option(help: ArgumentHelp("The actor's key file; also PINVAULT_KEY_FILE.", valueName: "file"))
  var keyFile: String?

  @Option(
    help: ArgumentHelp(
      "Prove who asks by this certificate (PEM) instead of a key; also PINVAULT_CLIENT_CERTIFICATE.", valueName: "file")
  )
  var certificate: String?

  @Option(
    help: ArgumentHelp(
      "The certificate's private key (PEM), which only its owner may read; also PINVAULT_CLIENT_CERTIFICATE_KEY.",
      valueName: "file"))
  var certificateKey: String?

  @Option(
    help: ArgumentHelp(
      "Believe the certificates in this PEM file instead of the system's; also PINVAULT_TLS_ROOTS.", valueName: "file"))
  var tlsRoots: String?

  @Option(help: "TLS: auto is on except to this machine itself; also PINVAULT_TLS. (default: auto)")
  var tls: TLSChoice?

  @Option(help: ArgumentHelp("How long to try, reconnecting included.", valueName: "time"))
  var timeLimit = SecondsArgument(seconds: 60)

  func validate() throws {
    if keyFile != nil, certificate != nil { throw ValidationError("Give --key-file or --certificate, not both.") }
    if timeLimit.seconds == 0 { throw ValidationError("--time-limit: at least 1s.") }
  }

  /// Connects, lends the client, and closes it.
  func withClient<Result>(_ body: (PinClient) async throws -> Result) async throws -> Result {
    try await withServer { client, _ in try await body(client) }
  }

  /// The same, also telling who the server is and what it allows.
  ///
  /// Control-C or SIGTERM ends the client's calls, so that a change under way ends with its id; a second one ends the
  /// program.
  func withServer<Result>(_ body: (PinClient, ServerDescription) async throws -> Result) async throws -> Result {
    try await withUninterruptedServer { client, description in
      let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
      let watch = Task {
        var isFirst = true
        for await _ in signals {
          guard isFirst else { _exit(ExitStatus.interrupted.rawValue) }
          isFirst = false
          await client.close()
        }
      }
      defer { watch.cancel() }
      return try await body(client, description)
    }
  }

  /// The same for a command that minds signals itself.
  func withUninterruptedServer<Result>(
    _ body: (PinClient, ServerDescription) async throws -> Result
  ) async throws -> Result {
    let client = PinClient(try configuration())
    do {
      let result = try await body(client, try await connect(client))
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  private func connect(_ client: PinClient) async throws(Fault) -> ServerDescription {
    do throws(ClientError) {
      return try await client.connect()
    } catch {
      guard case .notConnected(let disconnection) = error else { throw Fault(error) }
      throw Fault(disconnection.status, "\(address): \(disconnection); \(disconnection.advice)")
    }
  }

  func configuration() throws(Fault) -> PinClient.Configuration {
    guard let name = actor ?? Environment.value("PINVAULT_ACTOR") else {
      throw Fault(.usage, "who asks? give --actor NAME, or set PINVAULT_ACTOR")
    }
    let address = try ServerAddress(address)
    let credential = try credential()
    var configuration = PinClient.Configuration(
      host: address.host, port: address.port, actorName: name, credential: credential)
    configuration.timeLimit = timeLimit.duration
    configuration.tls = try chosenTLS()
    // Who says who it is by TLS does not go without, not even to this machine itself.
    if case .certificate = credential, case .automatic = configuration.tls { configuration.tls = .systemRoots }
    return configuration
  }

  /// A key or a certificate: what is given goes before what the environment says, and there a certificate before a key.
  private func credential() throws(Fault) -> PinClient.Credential {
    let chain = certificate ?? (keyFile == nil ? Environment.value("PINVAULT_CLIENT_CERTIFICATE") : nil)
    if let chain {
      guard let key = certificateKey ?? Environment.value("PINVAULT_CLIENT_CERTIFICATE_KEY") else {
        throw Fault(.usage, "no private key: give --certificate-key FILE, or set PINVAULT_CLIENT_CERTIFICATE_KEY")
      }
      for file in [chain, key] where !Files.exists(file) {
        throw Fault(.notPermitted, "\(file): there is no such file")
      }
      guard Files.isPrivate(key) else {
        throw Fault(.notPermitted, "\(key): others may read it; chmod 600 it, and think of it as leaked")
      }
      return .certificate(chainFile: chain, privateKeyFile: key)
    }
    guard let file = keyFile ?? Environment.value("PINVAULT_KEY_FILE") else {
      throw Fault(.usage, "no key: give --key-file FILE or --certificate FILE, or set PINVAULT_KEY_FILE")
    }
    do throws(ActorKeyError) { return .key(try ActorKey(contentsOfFile: file)) } catch {
      throw Fault(.notPermitted, error.description)
    }
  }

  private var address: String { server ?? Environment.value("PINVAULT_SERVER") ?? "localhost" }

  private func chosenTLS() throws(Fault) -> PinClient.TLS {
    let roots = tlsRoots ?? Environment.value("PINVAULT_TLS_ROOTS")
    let text = Environment.value("PINVAULT_TLS") ?? TLSChoice.auto.rawValue
    guard let choice = tls ?? TLSChoice(rawValue: text) else {
      throw Fault(.usage, "PINVAULT_TLS '\(text)': it is auto, on or off")
    }
    switch (choice, roots) {
    case (.off, _): return .off
    case (_, .some(let roots)): return .rootsFile(roots)
    case (.on, nil): return .systemRoots
    case (.auto, nil): return .automatic
    }
  }
}

enum TLSChoice: String, ExpressibleByArgument, CaseIterable { case auto, on, off }

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
struct ServerAddress: Equatable {
  var host: String
  var port: UInt16

  init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  init(_ text: String) throws(Fault) {
    let (host, rest): (Substring, Substring)
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      (host, rest) = (text[text.index(after: text.startIndex)..<end], text[text.index(after: end)...])
    } else {
      let colon = text.firstIndex(of: ":") ?? text.endIndex
      (host, rest) = (text[..<colon], text[colon...])
    }
    let port = rest.isEmpty ? defaultPort : UInt16(rest.dropFirst())
    guard !host.isEmpty, rest.isEmpty || rest.hasPrefix(":"), let port else {
      throw Fault(.usage, "'\(text)': not HOST:PORT (an IPv6 address stands in brackets: [::1]:7468)")
    }
    self.init(host: String(host), port: port)
  }
}

extension ServerAddress: CustomStringConvertible {
  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The process's environment.
enum Environment {
  /// The variable's value; nil if it is empty or not set.
  static func value(_ name: String) -> String? {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
    return value
  }
}
