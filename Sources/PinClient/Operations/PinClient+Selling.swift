import PinProtocol
import PinWords

// Every method takes the request with its id in it, sends it until it is answered or its time limit passes (the
// configuration's, unless another is given), and throws what `ClientError` says.

extension PinClient {
  /// Sells and hands over: reserve and dispense in one.
  ///
  /// The answer carries the PINs, unless the reservation with this id can no longer be opened: `head.state` says why.
  public func vend(_ vend: Vend, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Delivery> {
    try await call(.vend(vend), timeLimit: timeLimit).delivery()
  }

  /// Holds cards under an id until a deadline: all lines or none.
  public func reserve(
    _ reserve: Reserve, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ReserveAnswer> {
    try await call(.reserve(reserve), timeLimit: timeLimit).answered { answer in
      if case .reserved(let body) = answer { body } else { nil }
    }
  }

  /// Discloses the PINs of a held reservation.
  ///
  /// One answer carries at most `Limits.cardsPerAnswer` of them: while `head.nextIndex` is less than `head.total`, the
  /// next come by `reprint` from there.
  public func dispense(
    _ reservation: RequestID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Delivery> {
    try await call(.dispense(reservation), timeLimit: timeLimit).delivery()
  }

  /// Tells that the cards were printed: final, no reversal after this.
  public func confirm(
    _ reservation: RequestID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Standing> {
    try await call(.confirm(reservation), timeLimit: timeLimit).standing()
  }

  /// Moves the deadline of a held reservation.
  public func extend(_ extend: Extend, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Standing> {
    try await call(.extend(extend), timeLimit: timeLimit).standing()
  }

  /// Gives up a held reservation: its cards are stock again.
  public func release(
    _ reservation: RequestID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Standing> {
    try await call(.release(reservation), timeLimit: timeLimit).standing()
  }

  /// Makes sure that the sale of this id does not stand, also if it never arrived: it cannot come to pass after this.
  public func reverse(
    _ reservation: RequestID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Standing> {
    try await call(.reverse(reservation), timeLimit: timeLimit).standing()
  }

  /// Takes dispensed cards back: they become used stock.
  public func `return`(
    _ request: Return, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ReturnAnswer> {
    try await call(.return(request), timeLimit: timeLimit).answered { answer in
      if case .returned(let body) = answer { body } else { nil }
    }
  }

  /// Opens PINs of a delivery: those not told yet, or again, which the server counts.
  ///
  /// If its answer was lost and it was sent again, it may count twice: a receipt says DUPLICATE too often, never not.
  public func reprint(_ reprint: Reprint, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Delivery> {
    try await call(.reprint(reprint), timeLimit: timeLimit).delivery()
  }

  /// What the actor of this client sold since its last close.
  public func shiftTotals(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Shift> {
    try await call(.shiftTotals, timeLimit: timeLimit).shift()
  }

  /// Closes the shift of this client's actor, under an id of the caller's, and tells what it sold.
  public func closeShift(_ id: RequestID, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Shift> {
    try await call(.closeShift(id), timeLimit: timeLimit).shift()
  }
}

extension AnswerMessage {
  fileprivate func delivery() throws(ClientError) -> Answered<Delivery> {
    try answered { answer in if case .delivery(let body) = answer { body } else { nil } }
  }

  fileprivate func standing() throws(ClientError) -> Answered<Standing> {
    try answered { answer in if case .standing(let body) = answer { body } else { nil } }
  }

  fileprivate func shift() throws(ClientError) -> Answered<Shift> {
    try answered { answer in if case .shift(let body) = answer { body } else { nil } }
  }
}
