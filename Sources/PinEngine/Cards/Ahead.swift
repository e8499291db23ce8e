import Dispatch

/// As many at once as there are processors.
private let workers = DispatchQueue(label: "pinvault.ahead", attributes: .concurrent)

/// A value that another thread works out while whoever will need it does something else.
///
/// `@unchecked Sendable`: `value` is set before the group is left, and read after that.
final class Ahead<Value: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  private var value: Value?

  init(_ work: @escaping @Sendable () -> Value) {
    workers.async(group: group) { [self] in value = work() }
  }

  /// Waits until it is there.
  func wait() -> Value {
    group.wait()
    guard let value else { preconditionFailure("the work ends with a value") }
    return value
  }
}
