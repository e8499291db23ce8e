import PinBytes
import PinWords

/// The body of a request: what each operation's file provides.
///
/// A server decodes and then checks; a client checks and then encodes: the ranges are written down once.
protocol RequestBody {
  /// Reads the layout; enums, reserved bytes and texts are checked here, ranges in `check`.
  init(from reader: inout BodyReader) throws(ProtocolFault)
  func write(to writer: inout ByteWriter)
  /// Checks every range that does not need the store's state.
  func check(_ limits: Limits) throws(ProtocolFault)
}

/// What follows an answer's sequence and time.
protocol AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault)
  func write(to writer: inout ByteWriter)
}
