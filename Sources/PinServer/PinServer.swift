import Dispatch
import Glibc
import Logging
import NIOCore
import NIOPosix
import PinEngine
import PinStore
import ServiceLifecycle
import Synchronization

/// The TCP port: terminals and storefronts on one side, the engine on the other.
///
///     let server = PinServer(engine: engine, configuration: configuration, logger: logger)
///     try await ServiceGroup(services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
///
/// `run` listens until it is shut down gracefully or cancelled; then it refuses what is new, answers what is in flight,
/// closes the connections, and stops the engine, which takes a checkpoint. It throws `ServerError`: each is one clear
/// line.
///
/// Behind it: `ServingLoop`, one for each thread, and its `Connection`s.
public final class PinServer: Service {
  /// Where it listens.
  public struct Addresses: Sendable {
    public var port: Int
    /// Of health and metrics; nil if they are not told.
    public var statusPort: Int?
  }

  private let engine: Engine
  private let configuration: ServerConfiguration
  private let logger: Logger
  let meter: Meter
  private let health = Mutex(StatusPort.Health.starting)
  private let onListening: @Sendable (Addresses) -> Void

  /// A server over an engine that serves; it stops the engine at its end.
  ///
  /// `onListening` is called once, when clients can connect.
  public init(
    engine: Engine, configuration: ServerConfiguration, logger: Logger,
    onListening: @escaping @Sendable (Addresses) -> Void = { _ in }
  ) {
    self.engine = engine
    self.configuration = configuration
    self.logger = logger
    self.onListening = onListening
    meter = Meter(engine: engine)
  }

  public func run() async throws {
    do {
      try await serve()
    } catch {
      await stopEngine()
      throw error
    }
    await stopEngine()
    if let failure = engine.failure { throw ServerError.storeFailed(reason: "\(failure)") }
    logger.info("stopped")
  }

  private func serve() async throws {
    let transport = try configuration.transport()
    // Whoever writes to a connection that is gone is told so by the call.
    signal(SIGPIPE, SIG_IGN)
    let loops = try makeLoops(transport)
    let status = StatusTask()
    do {
      meter.watch(loops)
      let statusPort = try await startStatus(status)
      let listener = try await listen(loops)
      health.withLock { $0 = .serving }
      logger.info(
        "listening",
        metadata: [
          "address": "\(configuration.address)", "port": "\(listener.port)", "tls": "\(transport != nil)",
          "status-port": "\(statusPort.map(String.init) ?? "none")",
        ])
      onListening(Addresses(port: listener.port, statusPort: statusPort))
      RoomWatch(engine, logger).start(on: loops[0].poll, every: configuration.roomWatchPeriod)
      await waitForEnd()
      health.withLock { $0 = engine.failure == nil ? .stopping : .failed }
      logger.info("stopping")
      await loops[0].poll.perform { listener.stop() }
      engine.endMaintenance()
      await withTaskGroup { group in
        for loop in loops { group.addTask { await loop.stop() } }
      }
      await stopEngine()
      // Whoever reads the store for long has been told to end, and keeps its files open until then.
      for loop in loops { await loop.asidesEnded() }
      for loop in loops { await loop.poll.perform { loop.finish() } }
    } catch {
      await status.end()
      for loop in loops { await loop.poll.end() }
      throw error
    }
    await status.end()
    for loop in loops { await loop.poll.end() }
  }

  // MARK: Starting

  private func makeLoops(_ transport: TransportContext?) throws -> [ServingLoop] {
    var configuration = configuration
    configuration.maximumConnections = DescriptorLimit.connections(atMost: configuration.maximumConnections)
    if configuration.maximumConnections < self.configuration.maximumConnections {
      logger.warning(
        "fewer connections are taken than asked for: raise the limit on open files (ulimit -n)",
        metadata: [
          "connections": "\(configuration.maximumConnections)", "asked": "\(self.configuration.maximumConnections)",
        ])
    }
    var limits = engine.limits
    limits.requestsInFlight = configuration.requestsInFlight
    let clock = SystemClock()
    let rates = RequestRates()
    let failedProofs = FailedProofs()
    var loops: [ServingLoop] = []
    for number in 0..<max(1, configuration.eventLoopCount) {
      loops.append(
        try ServingLoop(
          number: number, poll: try PollLoop(), engine: engine, configuration: configuration, limits: limits,
          transport: transport, clock: clock, meter: meter, rates: rates, failedProofs: failedProofs,
          logger: logger))
    }
    for loop in loops { try loop.poll.start() }
    return loops
  }

  /// Listens on the first loop, and deals connections out to all of them in turn.
  private func listen(_ loops: [ServingLoop]) async throws -> Listener {
    let turns = Mutex(0)
    let listener = try Listener(
      address: configuration.address, port: configuration.port, on: loops[0].poll
    ) { descriptor in
      let turn = turns.withLock { turn in
        turn = (turn + 1) % loops.count
        return turn
      }
      let loop = loops[turn]
      if loop.poll.isCurrent { loop.accept(descriptor) } else { loop.poll.execute { loop.accept(descriptor) } }
    }
    try await loops[0].poll.perform { Result { () throws(SystemFault) in try listener.start() } }.get()
    return listener
  }

  /// Starts telling health and metrics, if asked to; gives the port when it listens.
  private func startStatus(_ status: StatusTask) async throws -> Int? {
    guard let address = configuration.statusAddress else { return nil }
    let port = StatusPort(
      address: address, port: configuration.statusPort, health: { [self] in present() }, meter: meter, logger: logger)
    do {
      return try await status.begin(port)
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw ServerError.addressInUse(address: address, port: configuration.statusPort)
    } catch {
      throw ServerError.cannotListen(address: address, port: configuration.statusPort, reason: describe(error))
    }
  }

  private func present() -> StatusPort.Health {
    engine.failure == nil ? health.withLock { $0 } : .failed
  }

  // MARK: Ending

  /// Waits until the server is told to stop, or the store has stopped by itself.
  private func waitForEnd() async {
    await cancelWhenGracefulShutdown {
      await self.engine.waitForEnd()
    }
  }

  private func stopEngine() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [engine] in
        engine.stop()
        continuation.resume()
      }
    }
  }
}

extension ServerConfiguration {
  /// The TLS to serve with; nil to serve in clear, where that is allowed.
  fileprivate func transport() throws(ServerError) -> TransportContext? {
    if let security { return try TransportContext(security) }
    guard allowsClearText || isLoopback(address) else { throw .clearTextRefused(address: address) }
    return nil
  }

}

/// Whether nobody off this machine can reach an address. A name counts only if it is the machine's own for itself.
package func isLoopback(_ address: String) -> Bool {
  if address == "localhost" { return true }
  guard let parsed = try? SocketAddress(ipAddress: address, port: 0) else { return false }
  switch parsed {
  case .v4: return address.hasPrefix("127.")
  case .v6(let address):
    return withUnsafeBytes(of: address.address.sin6_addr) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
  case .unixDomainSocket: return true
  }
}

/// The task that tells health and metrics, which outlives the graceful shutdown it reports.
private final class StatusTask: Sendable {
  private let task = Mutex<Task<Void, any Error>?>(nil)

  /// Starts it and waits until it listens.
  func begin(_ port: StatusPort) async throws -> Int {
    try await withCheckedThrowingContinuation { continuation in
      let once = Mutex<CheckedContinuation<Int, any Error>?>(continuation)
      let resume: @Sendable (Result<Int, any Error>) -> Void = { result in
        once.withLock { $0.take() }?.resume(with: result)
      }
      // Detached: the group's graceful shutdown must not reach it, for it is to tell of it.
      let running = Task.detached {
        do {
          try await port.run { resume(.success($0)) }
        } catch {
          resume(.failure(error))
          throw error
        }
      }
      task.withLock { $0 = running }
    }
  }

  func end() async {
    let task = task.withLock { $0.take() }
    task?.cancel()
    _ = await task?.result
  }
}
