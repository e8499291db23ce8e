import PinBytes
import PinProtocol
import PinWords

extension FuzzTarget {
  /// A whole conversation with the server: frames one after another, each moving the session as the server moves it.
  ///
  /// Beside the state machine runs the session as `protocol.md` tells it, which must come to the same. Input: for each
  /// frame how it is made · its body's length, u16 · its body.
  static let session = FuzzTarget(name: "session", longestInput: 768) { bytes in
    var input = Input(bytes)
    var session = SessionState.awaitingHello
    var told = Told.awaitingHello
    var wasOpen = false
    var answers = 0
    while !input.isEmpty {
      let operationNumber = input.byte()
      let isProofRight = input.byte() & 1 == 1
      let body = input.bytes(Int(input.byte()) * 2)
      try hold(session.phase == told.phase, "the session is \(session.phase) and should be \(told)")
      let fault: ProtocolFault?
      var action: SessionState.ServerAction
      if let operation = Operation(rawValue: operationNumber) {
        action = session.received(operation)
        fault = decodingFault(operation, body)
        // The server decodes what it is to serve, and tells the session of what is wrong with it.
        if let fault, action.looksAtBody { action = session.failed(fault) }
        told.took(operation, fault: fault, isProofRight: isProofRight)
      } else {
        fault = .unknownOperation(operationNumber)
        action = session.failed(.unknownOperation(operationNumber))
        told.took(nil, fault: fault, isProofRight: isProofRight)
      }
      if told == .open { wasOpen = true }
      switch action {
      case .greet: session.greeted(AuthenticationTranscript(helloDigest: .zero))
      case .checkProof:
        if isProofRight { session.proved() } else { _ = session.failed(.authenticationFailed) }
      case .serve: answers += 1
      case .refuse(let refused):
        try hold(told != .open || !refused.closesConnection, "a session goes on after a fault that closes it")
      case .drop: try hold(told == .closing, "a request was dropped in a session that is not over")
      }
    }
    try hold(session.phase == told.phase, "the session ends as \(session.phase) and should be \(told)")
    try hold(answers == 0 || wasOpen, "a request was served to a stranger")
  }
}

private func decodingFault(_ operation: Operation, _ body: [UInt8]) -> ProtocolFault? {
  do throws(ProtocolFault) {
    _ = try RequestMessage.decode(operation, body: body.span.bytes, limits: Limits())
    return nil
  } catch {
    return error
  }
}

extension SessionState.ServerAction {
  fileprivate var looksAtBody: Bool {
    switch self {
    case .greet, .checkProof, .serve: true
    case .refuse, .drop: false
    }
  }
}

/// The session as the document tells it.
private enum Told: Equatable {
  case awaitingHello, awaitingProof, open, closing

  var phase: SessionState.Phase {
    switch self {
    case .awaitingHello: .awaitingHello
    case .awaitingProof: .awaitingProof
    case .open: .open
    case .closing: .closing
    }
  }

  /// "Before the session is open, everything but the one expected request is a fault, and every fault closes. In an open
  /// session only a status of 1 to 6 closes; hello and authenticate are then such faults."
  mutating func took(_ operation: Operation?, fault: ProtocolFault?, isProofRight: Bool) {
    switch self {
    case .awaitingHello: self = operation == .hello && fault == nil ? .awaitingProof : .closing
    case .awaitingProof: self = operation == .authenticate && fault == nil && isProofRight ? .open : .closing
    case .open:
      let closes = fault.map { (1...6).contains($0.status.rawValue) } ?? false
      if operation == .hello || operation == .authenticate || closes { self = .closing }
    case .closing: break
    }
  }
}
