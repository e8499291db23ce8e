// Start here. `protocol.md` in the project's root says in words what this folder says in code:
//
//   FrameHeader               the 12 bytes every frame starts with
//   RequestMessage            everything that can be asked, and its encoding
//   AnswerMessage, Answer     everything that can be answered
//   Operations/               one file an operation: its layout and ranges, both directions
//   Records/                  what several operations carry
//   DeliveryEncoder           a delivery written card by card, without building it first
//   SessionState              what may come when
//   AuthenticationTranscript  what is signed
//
// Nothing here does I/O, hashes, or knows a clock.

import PinBytes
import PinWords

/// The version of the protocol that this module speaks.
public let protocolVersion: UInt8 = 1

/// The TCP port a server listens on unless told otherwise.
public let defaultPort: UInt16 = 7468

/// The 12 bytes every frame starts with: length, version, operation, status, flags, request number.
///
/// A receiver collects these 12 bytes, decodes them, and only then makes room for the body: a frame that is too long is
/// known before a byte of its body is kept.
public struct FrameHeader: Hashable, Sendable {
  public static let byteCount = 12

  /// The whole frame's length in bytes, header included.
  public var length: UInt32
  /// Any number: whether it is a known operation is checked after the frame.
  public var operationNumber: UInt8
  /// Always `done` in requests.
  public var status: Status
  /// Whether the answer repeats one given before; never in requests.
  public var isRepeat: Bool
  /// The client's choice; its answer carries the same.
  public var requestNumber: UInt32

  public init(
    length: UInt32, operationNumber: UInt8, status: Status = .done, isRepeat: Bool = false, requestNumber: UInt32
  ) {
    self.length = length
    self.operationNumber = operationNumber
    self.status = status
    self.isRepeat = isRepeat
    self.requestNumber = requestNumber
  }

  /// How many bytes follow the header.
  @inlinable public var bodyByteCount: Int { Int(length) - Self.byteCount }

  /// The operation, or a fault if this version has none of that number.
  public func operation() throws(ProtocolFault) -> Operation {
    guard let operation = Operation(onWire: operationNumber) else { throw .unknownOperation(operationNumber) }
    return operation
  }

  /// Reads the header of a request from the first 12 bytes of a frame; `limit` is the longest frame taken.
  ///
  /// After a fault the stream cannot be trusted: answer it and close.
  public init(requestIn bytes: RawSpan, limit: UInt32) throws(ProtocolFault) {
    let (header, status, flags) = try Self.fields(of: bytes, limit: limit)
    guard status == 0, flags == 0 else { throw .malformedFrame }
    self = header
  }

  /// Reads the header of an answer from the first 12 bytes of a frame; `limit` is the longest frame taken.
  public init(answerIn bytes: RawSpan, limit: UInt32) throws(ProtocolFault) {
    var (header, status, flags) = try Self.fields(of: bytes, limit: limit)
    guard let status = Status(rawValue: status), flags & ~Self.repeatFlag == 0 else { throw .malformedFrame }
    header.status = status
    header.isRepeat = flags & Self.repeatFlag != 0
    self = header
  }

  static let repeatFlag: UInt8 = 1

  private static func fields(
    of bytes: RawSpan, limit: UInt32
  ) throws(ProtocolFault) -> (header: FrameHeader, status: UInt8, flags: UInt8) {
    var reader = BodyReader(bytes)
    guard bytes.byteCount >= byteCount else { throw .malformedFrame }
    let length = try reader.integer(UInt32.self)
    guard length >= byteCount else { throw .malformedFrame }
    guard length <= limit else { throw .frameTooLong(limit: limit) }
    guard try reader.integer(UInt8.self) == protocolVersion else { throw .unsupportedVersion }
    let operation = try reader.integer(UInt8.self)
    let status = try reader.integer(UInt8.self)
    let flags = try reader.integer(UInt8.self)
    let number = try reader.integer(UInt32.self)
    return (FrameHeader(length: length, operationNumber: operation, requestNumber: number), status, flags)
  }
}

extension ByteWriter {
  /// Writes a header whose length is filled in by `endFrame`; gives back where the frame starts.
  mutating func beginFrame(
    operationNumber: UInt8, status: Status = .done, isRepeat: Bool = false, requestNumber: UInt32
  ) -> Int {
    let start = count
    write(UInt32(0))
    write(protocolVersion)
    write(operationNumber)
    write(status.rawValue)
    write(isRepeat ? FrameHeader.repeatFlag : 0)
    write(requestNumber)
    return start
  }

  /// Fills in the length of the frame that starts at `start`; takes the frame back if it is too long.
  mutating func endFrame(from start: Int, limit: UInt32) throws(ProtocolFault) {
    guard count - start <= Int(limit) else {
      truncate(to: start)
      throw .frameTooLong(limit: limit)
    }
    overwrite(UInt32(count - start), at: start)
  }
}
