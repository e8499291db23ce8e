import PinWords

/// What is wrong with bytes that came from the other side, or with a value that is about to be sent.
public enum ProtocolFault: Error, Hashable, Sendable {
  /// The header is not one: too short a length, reserved bits set, an unknown status, or a hello without its magic.
  case malformedFrame
  /// The version is not one this side speaks.
  case unsupportedVersion
  case unknownOperation(UInt8)
  /// The session is not at the point where this may be asked.
  case notAuthenticated
  case authenticationFailed
  case frameTooLong(limit: UInt32)
  /// The body is not as the operation's layout says (`Field.frame`, `Field.reserved`), or a field is out of its range.
  case invalid(Field)

  /// The number that tells the other side.
  public var status: Status { parts.status }

  /// Whether the server closes the connection after telling it.
  public var closesConnection: Bool { parts.status.closesConnection }

  /// The fault as it travels, in the layout of a refusal.
  var parts: (status: Status, subject: UInt64, detail: UInt64) {
    switch self {
    case .malformedFrame: (.malformedFrame, 0, 0)
    case .unsupportedVersion: (.unsupportedVersion, UInt64(protocolVersion), UInt64(protocolVersion))
    case .unknownOperation(let number): (.unknownOperation, UInt64(number), 0)
    case .notAuthenticated: (.notAuthenticated, 0, 0)
    case .authenticationFailed: (.authenticationFailed, 0, 0)
    case .frameTooLong(let limit): (.frameTooLong, 0, UInt64(limit))
    case .invalid(let field): (.invalid, UInt64(field.rawValue), 0)
    }
  }

  /// The fault of the connection that these parts spell, or nil if the status is no such fault.
  init?(status: Status, subject: UInt64, detail: UInt64) {
    switch status {
    case .malformedFrame: self = .malformedFrame
    case .unsupportedVersion: self = .unsupportedVersion
    case .unknownOperation: self = .unknownOperation(UInt8(truncatingIfNeeded: subject))
    case .notAuthenticated: self = .notAuthenticated
    case .authenticationFailed: self = .authenticationFailed
    case .frameTooLong: self = .frameTooLong(limit: UInt32(truncatingIfNeeded: detail))
    default: return nil
    }
  }
}

extension Status {
  /// Whether the server closes the connection after an answer of this status.
  public var closesConnection: Bool { (1..<8).contains(rawValue) }
}
