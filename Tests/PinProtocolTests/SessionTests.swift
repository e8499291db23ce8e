import PinProtocol
import PinWords
import Testing

@Suite("A session lets through only what may come now")
struct SessionTests {
  static let transcript = AuthenticationTranscript(helloDigest: Samples.run(from: 9))

  private func session(at phase: SessionState.Phase) -> SessionState {
    switch phase {
    case .awaitingHello: .awaitingHello
    case .awaitingProof: .awaitingProof(Self.transcript)
    case .open: .open
    case .closing: .closing
    }
  }

  @Test(
    "The server's table",
    arguments: [
      (
        SessionState.Phase.awaitingHello, Operation.hello, SessionState.ServerAction.greet,
        SessionState.Phase.awaitingHello
      ),
      (.awaitingHello, .authenticate, .refuse(.notAuthenticated), .closing),
      (.awaitingHello, .vend, .refuse(.notAuthenticated), .closing),
      (.awaitingProof, .hello, .refuse(.notAuthenticated), .closing),
      (.awaitingProof, .authenticate, .checkProof(transcript), .awaitingProof),
      (.awaitingProof, .ping, .refuse(.notAuthenticated), .closing),
      (.open, .hello, .refuse(.notAuthenticated), .closing),
      (.open, .authenticate, .refuse(.notAuthenticated), .closing),
      (.open, .vend, .serve, .open),
      (.closing, .hello, .drop, .closing),
      (.closing, .vend, .drop, .closing),
    ])
  func received(
    before: SessionState.Phase, operation: Operation, action: SessionState.ServerAction, after: SessionState.Phase
  ) {
    var state = session(at: before)
    #expect(state.received(operation) == action)
    #expect(state.phase == after)
  }

  @Test("An open session serves everything but a second beginning", arguments: Operation.allCases)
  func open(operation: Operation) {
    var state = SessionState.open
    let isBeginning = operation == .hello || operation == .authenticate
    #expect(state.received(operation) == (isBeginning ? .refuse(.notAuthenticated) : .serve))
    #expect(state.phase == (isBeginning ? .closing : .open))
  }

  @Test(
    "Before a session is open every fault ends it; after that, those of the connection",
    arguments: SessionState.Phase.allCases)
  func failed(before: SessionState.Phase) {
    for fault in [ProtocolFault.invalid(.count), .malformedFrame, .unknownOperation(200)] {
      var state = session(at: before)
      let action = state.failed(fault)
      #expect(action == (before == .closing ? .drop : .refuse(fault)))
      #expect(state.phase == (before == .open && !fault.closesConnection ? .open : .closing))
    }
  }

  @Test("A proof opens a session only where one was awaited", arguments: SessionState.Phase.allCases)
  func proved(before: SessionState.Phase) {
    var state = session(at: before)
    state.proved()
    #expect(state.phase == (before == .awaitingProof ? .open : .closing))
    state = session(at: before)
    state.greeted(Self.transcript)
    #expect(state.phase == (before == .awaitingHello ? .awaitingProof : .closing))
  }

  @Test("The whole way, seen from both ends")
  func bothEnds() {
    var server = SessionState.awaitingHello
    var client = SessionState.awaitingHello
    #expect(server.received(.hello) == .greet)
    server.greeted(Self.transcript)
    #expect(client.helloAnswered(Self.transcript) == .sendProof(Self.transcript))
    #expect(server.received(.authenticate) == .checkProof(Self.transcript))
    server.proved()
    #expect(client.proofAnswered(isServersOwn: true) == .start)
    #expect(server.received(.vend) == .serve)
    #expect(client.answered(.insufficientStock) == .deliver)
    #expect(client.answered(.frameTooLong) != .deliver)
    #expect(client.phase == .closing)
  }

  @Test("A client trusts no server that cannot prove itself, or answers what was not asked")
  func distrust() {
    for phase in SessionState.Phase.allCases {
      var state = session(at: phase)
      #expect(state.proofAnswered(isServersOwn: false) == .close(.authenticationFailed))
      #expect(state.phase == .closing)
      state = session(at: phase)
      let action = state.answered(.done)
      #expect(action == (phase == .open ? .deliver : .close(.authenticationFailed)))
    }
  }
}
