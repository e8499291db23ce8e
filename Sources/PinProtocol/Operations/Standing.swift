import PinBytes
import PinWords

// dispense, confirm, release, reverse and look up ask by an id alone, as does close shift.
//
// Request, 16 bytes:
//   0 id 16
// Answer of confirm, extend, release and reverse:
//   16 deadline u64 · 24 state u8 · 25 reserved 3

extension RequestID: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self = try reader.requestID() }
  func write(to writer: inout ByteWriter) { writer.write(self) }
  func check(_ limits: Limits) throws(ProtocolFault) { try require(self != .zero, .id) }
}

/// Where a reservation stands after a request that moved it.
public struct Standing: Hashable, Sendable {
  public var state: ReservationState
  /// While it is held; 0 for none.
  public var deadlineMilliseconds: UInt64

  public init(state: ReservationState, deadlineMilliseconds: UInt64 = 0) {
    self.state = state
    self.deadlineMilliseconds = deadlineMilliseconds
  }
}

extension Standing: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let deadline = try reader.integer(UInt64.self)
    self.init(state: try reader.choice(ReservationState.self, .reservation), deadlineMilliseconds: deadline)
    try reader.reserved(3)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(deadlineMilliseconds)
    writer.write(state.rawValue)
    writer.writeZeros(3)
  }
}
