import PinProtocol
import PinWords

extension AnswerMessage {
  /// The value that `part` finds in the answer, or the refusal or fault thrown.
  func answered<Value: Sendable>(_ part: (Answer) -> Value?) throws(ClientError) -> Answered<Value> {
    switch outcome {
    case .done(let answer):
      // The answer was decoded as one to this operation, so that it has the part unless the codec changes under us.
      guard let value = part(answer) else { throw .protocolFault(.invalid(.operation)) }
      return Answered(value: value, sequence: sequence, timeMilliseconds: timeMilliseconds, isRepeat: isRepeat)
    case .refused(let refusal): throw .refused(refusal)
    case .fault(let fault): throw .protocolFault(fault)
    }
  }

  /// Nothing but that it is done.
  func done() throws(ClientError) -> Answered<Void> {
    try answered { answer in if case .nothing = answer { () } else { nil } }
  }
}
