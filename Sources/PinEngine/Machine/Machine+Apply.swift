import LMDB
import PinStore
import PinWords

/// Every event in one place, and what it does to the state. Applying never refuses: what was decided happens.
extension Machine {
  mutating func apply(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let head = try carryOut(event, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    if !crossings.isEmpty {
      try noteCrossings(sequence: sequence, timeMilliseconds: timeMilliseconds, &state)
    }
    if let operation = head.kind.changeOperation {
      try recordChange(operation, event, head, sequence: sequence, timeMilliseconds: timeMilliseconds, &state)
      try endApproval(of: ChangeEvent(event).id, &state)
    }
  }

  /// Does what an event says, but for keeping it under its id: of an event inside another, the outer one is kept.
  @discardableResult
  mutating func carryOut(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) -> EventHead {
    let head: EventHead
    do { head = try EventHead(event) } catch { preconditionFailure("an event of an unknown kind was to be applied") }
    switch head.kind {
    case .vended, .reserved:
      try applyGrant(event, head, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .dispensed:
      try applyDispensed(event, head, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .opened: try applyOpened(event, head, timeMilliseconds: timeMilliseconds, state: &state)
    case .confirmed: try applyConfirmed(event, sequence: sequence, state: &state)
    case .extended: try applyExtended(event, sequence: sequence, state: &state)
    case .released, .expired, .reversed:
      try applyEnd(event, head, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .forgotten: try applyForgotten(event, state: &state)
    case .returned: try applyReturned(event, head, sequence: sequence, state: &state)
    case .reinventoried, .withdrawn:
      try applyStockChange(event, head.kind, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .settled: try applySettled(event, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .productDefined: try applyProductDefined(event, state: &state)
    case .productFrozen: try applyStop(event, isFrozen: true, state: &state)
    case .productThawed: try applyStop(event, isFrozen: false, state: &state)
    case .actorDefined: try applyActorDefined(event, state: &state)
    case .purchaseBegun: try applyBegun(event, sequence: sequence, state: &state)
    case .purchaseCommitted: try applyCommitted(event, sequence: sequence, state: &state)
    case .purchaseAbandoned: try applyAbandoned(event, sequence: sequence, state: &state)
    case .shiftClosed: applyShiftClosed(head, timeMilliseconds: timeMilliseconds)
    case .storeCreated: applyStoreCreated(event)
    case .storeRestored: applyStoreRestored(event)
    case .stockQuarantined: try applyStockQuarantined(event, sequence: sequence, state: &state)
    case .rekeyed, .proofsFailed: break
    case .approved: try applyApproved(event, head, sequence: sequence, timeMilliseconds: timeMilliseconds, &state)
    case .approvalRuleDefined: applyApprovalRule(event)
    case .customerDefined: try applyCustomerDefined(event, state: &state)
    case .orderChanged:
      try applyOrderChanged(event, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .cardShown: break
    case .customerMailed:
      try applyCustomerMailed(event, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
    case .mailTried: try applyMailTried(event, timeMilliseconds: timeMilliseconds, state: &state)
    case .credentialChanged: try applyCredentialChanged(event, state: &state)
    case .sheetDefined: try applySheetDefined(event, state: &state)
    case .purchaseOrderChanged: try applyPurchaseOrderChanged(event, state: &state)
    }
    return head
  }
}

extension EventKind {
  /// The operation of the changes that carry an id of their own and are kept under it.
  var changeOperation: Operation? {
    switch self {
    case .returned: .return
    case .reinventoried: .reinventory
    case .withdrawn: .withdraw
    case .settled: .settle
    case .productDefined: .defineProduct
    case .productFrozen: .freeze
    case .productThawed: .thaw
    case .actorDefined: .defineActor
    case .purchaseBegun: .beginPurchase
    case .shiftClosed: .closeShift
    case .approved: .approve
    case .approvalRuleDefined: .defineApprovalRule
    case .customerDefined: .defineCustomer
    case .orderChanged: .changeOrder
    case .cardShown: .showCard
    case .customerMailed: .sendMail
    case .credentialChanged: .changeCredential
    case .sheetDefined: .defineSheet
    case .purchaseOrderChanged: .changePurchaseOrder
    default: nil
    }
  }
}
