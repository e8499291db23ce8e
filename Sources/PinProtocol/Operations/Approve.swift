import PinBytes
import PinWords

// Request of approve:
//   0 id 16 · 16 operation u8 · 17 reserved 7 · 24 the body of the request that is approved, as its operation lays it out
// Answer:
//   16 valid until u64
// Request of define approval rule, 24 bytes:
//   0 id 16 · 16 cards per day u64
// Answer: nothing.

extension Approve: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let id = try reader.requestID()
    let operation = Operation(rawValue: try reader.integer())
    try reader.reserved(7)
    self.init(id: id, request: try ApprovableRequest(operation, from: &reader))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(request.operation.rawValue)
    writer.writeZeros(7)
    request.body.write(to: &writer)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(id != .zero, .id)
    try require(request.id != id, .approvedRequest)
    try request.body.check(limits)
  }
}

extension ApprovableRequest {
  fileprivate init(_ operation: Operation?, from reader: inout BodyReader) throws(ProtocolFault) {
    switch operation {
    case .reinventory: self = .reinventory(try StockChange(from: &reader))
    case .defineActor: self = .defineActor(try DefineActor(from: &reader))
    case .defineApprovalRule: self = .defineApprovalRule(try DefineApprovalRule(from: &reader))
    default: throw .invalid(.operation)
    }
  }

  fileprivate var body: any RequestBody {
    switch self {
    case .reinventory(let change): change
    case .defineActor(let define): define
    case .defineApprovalRule(let define): define
    }
  }
}

extension DefineApprovalRule: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(id: try reader.requestID(), rule: ApprovalRule(cardsPerDay: try reader.integer()))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(rule.cardsPerDay)
  }

  func check(_ limits: Limits) throws(ProtocolFault) { try require(id != .zero, .id) }
}

/// Until when the approval can be used: milliseconds since 1970 UTC.
public struct ApproveAnswer: Hashable, Sendable {
  public var validUntilMilliseconds: UInt64
  public init(validUntilMilliseconds: UInt64) { self.validUntilMilliseconds = validUntilMilliseconds }
}

extension ApproveAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(validUntilMilliseconds: try reader.integer())
  }
  func write(to writer: inout ByteWriter) { writer.write(validUntilMilliseconds) }
}
