import PinProtocol
import PinWords

extension RequestMessage {
  /// What the server would know this change by, or nil if it only looks.
  ///
  /// Reprint counts, but makes and unmakes nothing, so that losing its answer leaves nothing to settle.
  var changeKey: UnsettledChange.Key? {
    switch self {
    case .reserve(let reserve): .id(reserve.id)
    case .vend(let vend): .id(vend.id)
    case .dispense(let id), .confirm(let id), .release(let id), .reverse(let id), .closeShift(let id): .id(id)
    case .extend(let extend): .id(extend.reservation)
    case .return(let request): .id(request.id)
    case .beginPurchase(let begin): .id(begin.id)
    case .loadCards(let chunk): .purchase(chunk.purchase)
    case .commitPurchase(let purchase), .abandonPurchase(let purchase): .purchase(purchase)
    case .reinventory(let change), .withdraw(let change): .id(change.id)
    case .settle(let settle): .id(settle.id)
    case .freeze(let stop), .thaw(let stop): .id(stop.id)
    case .defineProduct(let define): .id(define.id)
    case .defineActor(let define): .id(define.id)
    case .approve(let approve): .id(approve.id)
    case .defineApprovalRule(let define): .id(define.id)
    case .backup(let backup): .path(backup.path)
    case .hello, .authenticate, .ping, .reprint, .lookUp, .stock, .card, .catalogue, .events, .shiftTotals, .actors,
      .verify, .statistics:
      nil
    }
  }

  /// Whether sending it twice does it once: by its id, its chunk's number, or because it only looks. A verification looks, but
  /// for as long as the store is large: whoever asked for it is told that it was cut off.
  var mayBeSentAgain: Bool { operation != .backup && operation != .verify }
}

extension Refusal {
  /// Whether a copy of the request that is still under way, on a connection that broke, cannot change anything now.
  ///
  /// Most refusals leave no record: an earlier copy of the request may yet arrive, and be granted.
  var holdsForEarlierCopies: Bool {
    switch self {
    case .idReused, .notYours, .unknownID, .unknownPurchase, .unknownCard, .unknownActor, .wrongState, .deadlinePassed,
      .final, .outOfTurn, .cardDamaged, .oldKeyStillWorks:
      true
    case .invalid, .notPermitted, .approvalRequired, .productNotPermitted, .limitReached, .tooManyRequests,
      .unknownProduct, .nameTaken,
      .lastAdministrator, .productFrozen, .insufficientStock,
      .tooManyExtents, .withdrawn, .notInCustody, .busy, .storageFull, .stopping, .importRunning:
      false
    }
  }
}
