import PinBytes
import PinProtocol
import PinWords

/// Reads a whole frame as a server does.
func decodeRequest(
  _ frame: [UInt8], limits: Limits = Limits()
) throws(ProtocolFault) -> (FrameHeader, RequestMessage) {
  let header = try FrameHeader(requestIn: frame.span.bytes, limit: limits.frameBytes)
  let body = Array(frame.dropFirst(FrameHeader.byteCount))
  guard header.bodyByteCount == body.count else { throw .malformedFrame }
  let operation = try header.operation()
  return (header, try RequestMessage.decode(operation, body: body.span.bytes, limits: limits))
}

/// Reads a whole frame as a client does.
func decodeAnswer(_ frame: [UInt8], limits: Limits = Limits()) throws(ProtocolFault) -> (FrameHeader, AnswerMessage) {
  let header = try FrameHeader(answerIn: frame.span.bytes, limit: limits.frameBytes)
  let body = Array(frame.dropFirst(FrameHeader.byteCount))
  guard header.bodyByteCount == body.count else { throw .malformedFrame }
  return (header, try AnswerMessage.decode(header, body: body.span.bytes))
}
