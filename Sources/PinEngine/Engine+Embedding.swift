import PinSealing
import PinStore
import PinWords

/// Using the engine inside another program: what the command-line tool does with keys and files, in three calls.
extension Engine {
  /// Makes a data directory and a new master key file, and opens it.
  ///
  /// The key file is made with owner-only permission, outside the data directory; whoever has both can open every PIN. The
  /// first actor is an administrator, number 1, who keeps products, stock and actors and cannot sell.
  ///
  /// Throws one clear line if there is something there already.
  public static func create(at directory: String, masterKeyFile: String) throws -> Engine {
    let masterKey = try MasterKeyFile.create(at: masterKeyFile)
    _ = try create(at: directory, masterKey: masterKey, administrator: "administrator")
    return try Engine(at: directory, masterKey: masterKey)
  }

  /// Opens a data directory with the master key in a file: recovers, and serves.
  ///
  /// Throws one clear line: in use, newer, damaged, a wrong master key, a clock that cannot be right.
  public convenience init(at directory: String, masterKeyFile: String) throws {
    try self.init(at: directory, masterKey: MasterKeyFile.read(at: masterKeyFile))
  }

  /// Begins a purchase. An import that has fallen silent gives way; one that is under way has the asker try again.
  public func begin(_ begin: BeginPurchase, as actor: ActorID) async -> Answered {
    await self.begin(begin, as: actor, keyNumber: 0)
  }

  /// Makes the cards loaded so far stock, all of them at once; ids that were declared and not loaded become void.
  public func commit(_ purchase: PurchaseID, as actor: ActorID) async -> Answered {
    await commit(purchase, as: actor, keyNumber: 0)
  }

  /// Gives a purchase up: its ids become void, and what was loaded is removed.
  public func abandon(_ purchase: PurchaseID, as actor: ActorID) async -> Answered {
    await abandon(purchase, as: actor, keyNumber: 0)
  }

  /// Adds an actor, or changes one, for commands that this program submits itself; its key is not told.
  public func defineActor(_ define: DefineActor, as actor: ActorID) async -> Answered {
    await self.define(define, as: actor).answered
  }
}
