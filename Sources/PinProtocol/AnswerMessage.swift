import PinBytes
import PinWords

// Every answer's body:
//   0 sequence u64 · 8 time u64 · 16 what the operation answers, or of a refusal or fault:
//   16 subject u64 · 24 detail u64 · 32 retry after u32

/// An answer: what it rests on, and how the request ended.
public struct AnswerMessage: Hashable, Sendable {
  /// How many bytes of the body come before what the operation answers.
  static let prefixByteCount = 16

  public enum Outcome: Hashable, Sendable {
    case done(Answer)
    case refused(Refusal)
    /// The connection itself is at fault; the server closes it after this.
    case fault(ProtocolFault)
  }

  /// The event that made it so; of an answer that no event made, the last event it takes into account.
  public var sequence: UInt64
  /// The store's time, milliseconds since 1970 UTC.
  public var timeMilliseconds: UInt64
  /// Whether the request was answered before, and changed nothing now.
  public var isRepeat: Bool
  public var outcome: Outcome

  public init(sequence: UInt64, timeMilliseconds: UInt64, isRepeat: Bool = false, outcome: Outcome) {
    self.sequence = sequence
    self.timeMilliseconds = timeMilliseconds
    self.isRepeat = isRepeat
    self.outcome = outcome
  }

  /// Appends the whole frame to the writer, or, if it would be longer than the limits allow, nothing.
  ///
  /// The operation and request number are those of the request, also where they make no sense.
  public func encode(
    operationNumber: UInt8, requestNumber: UInt32, into writer: inout ByteWriter, limits: Limits = Limits()
  ) throws(ProtocolFault) {
    let start = writer.beginFrame(
      operationNumber: operationNumber, status: status, isRepeat: isRepeat, requestNumber: requestNumber)
    writer.write(sequence)
    writer.write(timeMilliseconds)
    switch outcome {
    case .done(let answer): answer.body?.write(to: &writer)
    case .refused(let refusal):
      let parts = refusal.parts
      writer.write(parts.subject)
      writer.write(parts.detail)
      writer.write(parts.retryAfterMilliseconds)
    case .fault(let fault):
      let parts = fault.parts
      writer.write(parts.subject)
      writer.write(parts.detail)
      writer.write(UInt32(0))
    }
    try writer.endFrame(from: start, limit: limits.frameBytes)
  }

  /// Reads the body that follows this header.
  public static func decode(_ header: FrameHeader, body: RawSpan) throws(ProtocolFault) -> AnswerMessage {
    var reader = BodyReader(body)
    let sequence = try reader.integer(UInt64.self)
    let time = try reader.integer(UInt64.self)
    let outcome: Outcome
    if header.status == .done {
      outcome = .done(try Answer(to: try header.operation(), from: &reader))
    } else {
      outcome = try Outcome(header.status, from: &reader)
    }
    try reader.finish()
    return AnswerMessage(sequence: sequence, timeMilliseconds: time, isRepeat: header.isRepeat, outcome: outcome)
  }

  /// How the request ended, as a number.
  public var status: Status {
    switch outcome {
    case .done: .done
    case .refused(let refusal): refusal.parts.status
    case .fault(let fault): fault.status
    }
  }
}

extension AnswerMessage.Outcome {
  /// Reads a refusal or a fault, and takes only what some server sends.
  fileprivate init(_ status: Status, from reader: inout BodyReader) throws(ProtocolFault) {
    let subject = try reader.integer(UInt64.self)
    let detail = try reader.integer(UInt64.self)
    let retryAfter = try reader.integer(UInt32.self)
    if let fault = ProtocolFault(status: status, subject: subject, detail: detail) {
      try require(fault.parts == (status, subject, detail) && retryAfter == 0, .frame)
      self = .fault(fault)
    } else if let refusal = Refusal(
      status: status, subject: subject, detail: detail, retryAfterMilliseconds: retryAfter)
    {
      let parts = refusal.parts
      try require(parts.subject == subject && parts.detail == detail, .frame)
      // How soon is the server's to say; that it makes no sense to try again is the status's.
      try require(parts.retryAfterMilliseconds > 0 || retryAfter == 0 || status == .busy, .frame)
      self = .refused(refusal)
    } else {
      throw .invalid(.frame)
    }
  }
}
