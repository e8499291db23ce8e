import Foundation
import Logging
import PinEngine
import PinSealing
import PinStore
import PinWords
import Synchronization

@testable import PinServer

/// An engine on a directory of its own with a server over it, and the actors and cards a test needs.
final class ServerRig: Sendable {
  struct Actor: Sendable {
    let id: ActorID
    let name: String
    let key: SecretKey
  }

  let engine: Engine
  let directory: String
  let masterKey: SecretKey
  let addresses: PinServer.Addresses
  /// `root`, who may not sell.
  let administrator: Actor
  let server: PinServer
  private let running: Task<Void, any Error>

  /// Starts both; `stop` must be called.
  init(
    _ configure: (inout ServerConfiguration) -> Void = { _ in }, store: (inout StoreSettings) -> Void = { _ in },
    clock: any StoreClock = SystemClock(), logger: Logger? = nil
  ) async throws {
    directory = try FileManager.default.url(
      for: .itemReplacementDirectory, in: .userDomainMask, appropriateFor: URL(filePath: NSTemporaryDirectory()),
      create: true
    ).path(percentEncoded: false)
    var settings = StoreSettings()
    settings.segmentByteCount = 16 << 20
    // Checkpoints that come of time would make counts depend on how fast the machine is.
    settings.checkpointIdleMilliseconds = 600_000
    settings.checkpointMilliseconds = 600_000
    // A sanitizer leaves no room for the usual terabyte.
    settings.payloadMapByteCount = 1 << 30
    settings.stateMapByteCount = 4 << 30
    store(&settings)
    masterKey = SecretKey.random()
    let key = try Engine.create(
      at: directory + "/data", masterKey: masterKey, administrator: "root", settings: settings, clock: clock)
    engine = try Engine(at: directory + "/data", masterKey: masterKey, settings: settings, clock: clock)
    administrator = Actor(id: ActorID(1), name: "root", key: key)
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.statusPort = 0
    // A loaded machine is no stranger.
    configuration.handshakeTimeLimit = .minutes(5)
    configuration.authenticationFailureDelay = .zero
    configuration.roomWatchPeriod = .milliseconds(5)
    configure(&configuration)
    let (listening, announce) = AsyncStream.makeStream(of: PinServer.Addresses.self)
    server = PinServer(
      engine: engine, configuration: configuration,
      logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { announce.yield($0) }
    running = Task { [server] in
      defer { announce.finish() }
      try await server.run()
    }
    guard let addresses = await listening.first(where: { _ in true }) else {
      try await running.value
      throw CancellationError()
    }
    self.addresses = addresses
  }

  /// Tells the server to stop, as its service group would.
  func beginStopping() { running.cancel() }

  /// Waits until the server has stopped.
  func end() async throws { try await running.value }

  /// Stops the server and removes the directory.
  func stop() async throws {
    beginStopping()
    try await end()
    try FileManager.default.removeItem(atPath: directory)
  }

  static func with(
    _ configure: (inout ServerConfiguration) -> Void = { _ in }, logger: Logger? = nil,
    _ body: (ServerRig) async throws -> Void
  ) async throws {
    let rig = try await ServerRig(configure, logger: logger)
    do {
      try await body(rig)
    } catch {
      try? await rig.stop()
      throw error
    }
    try await rig.stop()
  }

  // MARK: Furnishing

  func actor(_ name: String, _ roles: Roles = .terminal) async throws -> Actor {
    let description = ActorDescription(id: ActorID(0), name: name, roles: roles)
    let (answered, key) = await engine.define(
      DefineActor(id: newID(), actor: description, keyChange: .keep), as: administrator.id)
    guard case .actor(let id) = answered.outcome, let key else { throw RigError.unexpected("\(answered.outcome)") }
    return Actor(id: id, name: name, key: key)
  }

  func product(_ sku: String) async throws -> ProductID {
    guard let currency = Currency("USD") else { throw RigError.unexpected("USD") }
    let product = Product(
      id: ProductID(0), sku: sku, name: "Card \(sku)", vendor: "Acme", currency: currency, faceValueMinor: 1000,
      priceMinor: 950, instructions: "Dial *123*PIN#")
    let answered = await engine.perform(
      .defineProduct(DefineProduct(id: newID(), product: product)), as: administrator.id)
    guard case .product(let id) = answered.outcome else { throw RigError.unexpected("\(answered.outcome)") }
    return id
  }

  /// Puts cards into stock; the serial of the first is the prefix and 0, its PIN `pin(prefix, 0)`.
  func stock(_ product: ProductID, _ count: Int, prefix: String = "S", expiry: Day = .never) async throws {
    let begin = BeginPurchase(id: newID(), product: product, lots: [DeclaredLot(expiry: expiry, count: UInt32(count))])
    guard case .purchase(let purchase, _) = await engine.begin(begin, as: administrator.id).outcome else {
      throw RigError.unexpected("begin")
    }
    var next = 0
    var number: UInt32 = 0
    while next < count {
      let chunk = CardChunk(capacity: 512 * 64)
      for index in next..<min(count, next + 512) {
        chunk.append(
          expiry: expiry, serial: Array("\(prefix)\(index)".utf8).span.bytes,
          pin: Array(Self.pin(prefix, index).utf8).span.bytes)
      }
      next += chunk.count
      let loaded = await withCheckedContinuation { continuation in
        engine.load(purchase, chunk: number, chunk) { continuation.resume(returning: $0) }
      }
      guard case .success(let result) = loaded, result.refusals.isEmpty else { throw RigError.unexpected("load") }
      number += 1
    }
    guard case .purchase = await engine.commit(purchase, as: administrator.id).outcome else {
      throw RigError.unexpected("commit")
    }
  }

  static func pin(_ prefix: String, _ index: Int) -> String { "PIN-\(prefix)-\(1_000_000 + index)" }

  func connect(as actor: Actor, readsAlone: Bool = true) async throws -> WireClient {
    let client = try await WireClient.connect(port: addresses.port, readsAlone: readsAlone)
    try await client.authenticate(as: actor.name, key: actor.key)
    return client
  }
}

func newID() -> RequestID {
  var generator = SystemRandomNumberGenerator()
  return RequestID.generate(
    atMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
}

enum RigError: Error { case unexpected(String) }
