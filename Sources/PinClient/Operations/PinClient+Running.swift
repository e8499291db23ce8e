import PinProtocol
import PinWords

extension PinClient {
  /// How long verify and backup may take unless told otherwise: they read the whole store.
  public static let longTimeLimit: Duration = .seconds(6 * 3600)

  /// Asks for an answer and nothing else.
  public func ping(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Void> {
    try await call(.ping, timeLimit: timeLimit).done()
  }

  /// Adds an actor (id 0), changes its roles, revokes it, or renews its key.
  ///
  /// A new key is told once, here: write it to a file with `ActorKey.write`. If this answer is lost for good, renew it.
  public func defineActor(
    _ define: DefineActor, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<DefineActorAnswer> {
    try await call(.defineActor(define), timeLimit: timeLimit).answered { answer in
      if case .actor(let body) = answer { body } else { nil }
    }
  }

  /// Approves exactly this request of somebody else's, as a key custodian; answers until when it can be used.
  public func approve(
    _ approve: Approve, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ApproveAnswer> {
    try await call(.approve(approve), timeLimit: timeLimit).answered { answer in
      if case .approved(let body) = answer { body } else { nil }
    }
  }

  /// Changes what needs a second person; this needs one itself.
  public func defineApprovalRule(
    _ define: DefineApprovalRule, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Void> {
    try await call(.defineApprovalRule(define), timeLimit: timeLimit).done()
  }

  /// Checks the whole store; the report is JSON. Over a connection of its own, as it may take long.
  ///
  /// It is not begun anew: if the server stops, or its answer is lost, this throws at once.
  public func verify(timeLimit: Duration = longTimeLimit) async throws(ClientError) -> Answered<String> {
    try await callApart(.verify, timeLimit: timeLimit).report()
  }

  /// Makes a backup at a path on the server's own disk; the report is JSON. Over a connection of its own.
  ///
  /// A backup carries no id, so it is not sent twice: if its answer is lost, this throws `unknownOutcome` at once.
  public func backup(
    to path: String, timeLimit: Duration = longTimeLimit
  ) async throws(ClientError) -> Answered<String> {
    try await callApart(.backup(Backup(path: path)), timeLimit: timeLimit).report()
  }

  /// The server's counters, as JSON.
  public func statistics(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<String> {
    try await call(.statistics, timeLimit: timeLimit).report()
  }
}

extension AnswerMessage {
  fileprivate func report() throws(ClientError) -> Answered<String> {
    try answered { answer in if case .report(let body) = answer { body.text } else { nil } }
  }
}
