import PinProtocol
import PinWords

/// What was asked for, and what the answer rests on.
public struct Answered<Value: Sendable>: Sendable {
  public var value: Value
  /// The journal sequence of the event that made it so; for looking, of the last event taken into account.
  public var sequence: UInt64
  /// The store's time, milliseconds since 1970 UTC.
  public var timeMilliseconds: UInt64
  /// Whether the same request was answered before: this one changed nothing.
  public var isRepeat: Bool

  public init(value: Value, sequence: UInt64, timeMilliseconds: UInt64, isRepeat: Bool) {
    self.value = value
    self.sequence = sequence
    self.timeMilliseconds = timeMilliseconds
    self.isRepeat = isRepeat
  }
}

extension Answered: Equatable where Value: Equatable {}
extension Answered: Hashable where Value: Hashable {}

/// Which server was reached, and as whom.
public struct ServerDescription: Hashable, Sendable {
  /// The server's name and version.
  public var server: String
  /// Changes when the store was restored from a backup that lacks its last events.
  public var storeID: RequestID
  public var limits: Limits
  /// Who the client is to the server.
  public var actor: ActorID
  public var roles: Roles

  public init(server: String, storeID: RequestID, limits: Limits, actor: ActorID, roles: Roles) {
    self.server = server
    self.storeID = storeID
    self.limits = limits
    self.actor = actor
    self.roles = roles
  }
}
