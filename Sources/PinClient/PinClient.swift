// Start here. The folder, in the order of reading:
//
//   PinClient, Configuration    what a caller makes
//   Operations/                 what it can ask: one method an operation
//   Answered, ClientError       what comes back
//   ChunkLoader, EventStream    the two things that are more than one call
//   States/                     what is to be done when: no I/O, no clock, no NIO
//   Connection/                 doing it, on one event loop

import Glibc
import PinProtocol
import PinWords

/// A client of one PinVault server: any number of calls at once over one connection, each with its one true outcome.
///
///     let key = try ActorKey(contentsOfFile: "till-7.key")
///     let client = PinClient(PinClient.Configuration(host: "vault.example", actorName: "till-7", key: key))
///     let sale = Vend(id: client.newID(), line: Line(product: ProductID(1), count: 1))
///     let delivery = try await client.vend(sale)
///     await client.close()
///
/// The connection is made at the first call, and again whenever it broke while calls wait. A call whose answer was lost
/// is sent again unchanged, with the same id, so that the server answers it and does not do it twice; when its time
/// limit passes first, it throws `ClientError.unknownOutcome`, which names the id to ask by.
///
/// Which refusals a call tries again by itself, within its time limit: `busy` and `tooManyRequests` after the hint they
/// carry, and `stopping` by connecting again. All others are thrown, `storageFull` and `importRunning` among them: waiting for those is a
/// person's decision.
///
/// A server that comes back with another store, restored from a backup that forgets sales, is not gone on with: all calls
/// throw `notConnected(.otherStore)`.
///
/// Calls may be made from any task or thread. Cancelling a task ends its call at once: with `unknownOutcome` if it is a
/// change that was sent.
public final class PinClient: Sendable {
  let configuration: Configuration
  private let link: Link
  /// For what would keep other calls waiting, since answers come in order.
  let sideLinks: SideLinks

  /// A client that connects when it is first used.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    link = Link(configuration)
    sideLinks = SideLinks(configuration)
  }

  /// A new id for a change: a UUIDv7. Make it once for each thing that shall happen once, and keep it until it did.
  public func newID() -> RequestID {
    var generator = SystemRandomNumberGenerator()
    return RequestID.generate(atMilliseconds: Self.wallClockMilliseconds(), using: &generator)
  }

  /// Connects and authenticates now, in one attempt; gives back at once what the server is if it is connected already.
  ///
  /// Calls do this by themselves, but keep on trying until their time limit; this one says at once what is wrong.
  @discardableResult
  public func connect() async throws(ClientError) -> ServerDescription {
    try await link.connect()
  }

  /// Ends all calls and event streams, sent changes with `unknownOutcome`, and closes the connections.
  ///
  /// `grace` is how long calls that are under way may take before they are ended; new ones are refused at once. Returns
  /// when all is closed.
  public func close(grace: Duration = .zero) async {
    await withTaskGroup(of: Void.self) { group in
      for link in sideLinks.removeAll() + [link] { group.addTask { await link.close(grace: grace) } }
    }
  }

  /// Sends a request on the shared connection and waits for its answer.
  func call(
    _ message: RequestMessage, timeLimit: Duration?
  ) async throws(ClientError) -> AnswerMessage {
    try await link.call(message, timeLimit: timeLimit ?? configuration.timeLimit)
  }

  /// Sends a request on the shared connection; `completion` gets its answer on the connection's thread, where it must
  /// not wait.
  ///
  /// The way without a task for each call: requests go out in the order of these calls.
  package func submit(
    _ message: RequestMessage, timeLimit: Duration? = nil,
    completion: @escaping @Sendable (Result<AnswerMessage, ClientError>) -> Void
  ) {
    _ = link.submit(message, timeLimit: timeLimit ?? configuration.timeLimit, completion: completion)
  }

  /// Sends a request that may take long on a connection of its own, since answers come in order. It
  /// waits for that connection no longer than other calls do.
  func callApart(
    _ message: RequestMessage, timeLimit: Duration
  ) async throws(ClientError) -> AnswerMessage {
    let link = sideLinks.make()
    do throws(ClientError) {
      let answer = try await link.call(message, timeLimit: timeLimit, sendLimit: configuration.timeLimit)
      await link.close(grace: .zero)
      return answer
    } catch {
      await link.close(grace: .zero)
      throw error
    }
  }

  private static func wallClockMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
