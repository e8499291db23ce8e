import LMDB
import PinStore
import PinWords

/// Every command in one place: who may, and which file decides it.
extension Machine {
  mutating func decide(
    _ submission: borrowing Submission, at moment: Moment, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let command = submission.command
    let now = moment.timeMilliseconds
    guard let asker = asker(submission, for: command.operation, at: now) else {
      return Reply(.refused(.notPermitted))
    }
    guard moment.allowsChanges || !command.changesState else { return Reply(.refused(.storageFull)) }
    return switch command {
    case .vend(let vend): try decideVend(vend, asker, now, &block, &state)
    case .reserve(let reserve): try decideReserve(reserve, asker, now, &block, &state)
    case .dispense(let id): try decideDispense(id, asker, now, &block, &state)
    case .confirm(let id): try decideConfirm(id, asker, now, &block, &state)
    case .extend(let extend): try decideExtend(extend, asker, now, &block, &state)
    case .release(let id): try decideRelease(id, asker, now, &block, &state)
    case .reverse(let id): try decideReverse(id, asker, now, &block, &state)
    case .reprint(let reprint): try decideReprint(reprint, asker, now, &block, &state)
    case .return(let request): try decideReturn(request, asker, now, &block, &state)
    case .reinventory(let change): try decideReinventory(change, asker, now, &block, &state)
    case .withdraw(let change): try decideWithdraw(change, asker, now, &block, &state)
    case .settle(let settle): try decideSettle(settle, asker, now, &block, &state)
    case .freeze(let stop): try decideStop(stop, kind: .productFrozen, asker, now, &block, &state)
    case .thaw(let stop): try decideStop(stop, kind: .productThawed, asker, now, &block, &state)
    case .defineProduct(let define): try decideDefineProduct(define, asker, now, &block, &state)
    case .lookUp(let id): try decideLookUp(id, asker, now, state)
    case .stock(let product): decideStock(product)
    case .shiftTotals: Reply(.shift(shift(of: asker.id)))
    case .closeShift(let id): try decideCloseShift(id, asker, now, &block, &state)
    case .actors: decideActors(now)
    case .approve(let approve): try decideApprove(approve, asker, now, &block, &state)
    case .defineApprovalRule(let define): try decideApprovalRule(define, asker, now, &block, &state)
    case .orders(let command): try decideOrders(command, asker, now, &block, &state)
    case .internalCommand(let command): try decideInternal(command, asker, now, &block, &state)
    }
  }

  private mutating func decideOrders(
    _ command: OrderCommand, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    switch command {
    case .change(let change): try decideChangeOrder(change, asker, now, &block, &state)
    case .defineCustomer(let define): try decideDefineCustomer(define, asker, now, &block, &state)
    case .showCard(let show): try decideShowCard(show, asker, now, &block, &state)
    case .order(let id): try decideFindOrder(id, asker, now, state)
    case .orders(let after, let onlyPending): try decideListOrders(after: after, onlyPending: onlyPending, asker, state)
    case .customer(let id): try decideFindCustomer(id, state)
    case .customers(let after): try decideListCustomers(after: after, state)
    case .ordersOf(let customer, let after): try decideListOrders(of: customer, after: after, state)
    case .defineSheet(let define): try decideDefineSheet(define, asker, now, &block, &state)
    case .sheet(let kind, let number): try decideFindSheet(kind, number, state)
    case .changePurchaseOrder(let change): try decideChangePurchaseOrder(change, asker, now, &block, &state)
    case .purchaseOrder(let id): try decideFindPurchaseOrder(id, state)
    case .purchaseOrders(let after): try decideListPurchaseOrders(after: after, state)
    case .waitingPayments(let after): try decideWaitingPayments(after: after, state)
    case .dueMails: try decideDueMails(now, state)
    case .deadMails(let after): try decideDeadMails(after: after, state)
    case .mailCustomer(let mail): try decideMailCustomer(mail, asker, now, &block, &state)
    case .sendAgain(let name): try decideSendAgain(name, asker, now, &block, &state)
    case .noteMail(let name, let outcome, let notBefore):
      try decideNoteMail(name, outcome, notBefore: notBefore, asker, now, &block, &state)
    }
  }

  private mutating func decideInternal(
    _ command: InternalCommand, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    switch command.kind {
    case .beginPurchase(let begin, let keys): try decideBegin(begin, keys: keys, asker, now, &block, &state)
    case .commitPurchase(let id, let loaded): try decideCommit(id, loaded: loaded, asker, now, &block, &state)
    case .abandonPurchase(let id): try decideAbandon(id, asker, now, &block, &state)
    case .defineActor(let define, let key): try decideDefineActor(define, key: key, asker, now, &block, &state)
    case .locate(let card): try decideLocate(card, state)
    case .quarantineRestored: try decideQuarantine(now, &block, &state)
    case .markRekeyed(let masterKeyID): try decideRekeyed(masterKeyID, now, &block, &state)
    case .noteFailedProofs(let failed): try decideProofsFailed(failed, now, &block, &state)
    case .changeCredential(let change): try decideChangeCredential(change, asker, now, &block, &state)
    }
  }

  /// The actor, if it may ask for this now, with the key that it came with.
  private func asker(
    _ submission: borrowing Submission, for operation: Operation, at now: UInt64
  ) -> Asker? {
    let id = submission.actor
    if id == .store { return Asker(id: id, roles: .all) }
    let index = Int(id.rawValue) - 1
    guard actors.indices.contains(index), !actors[index].description.isRevoked else { return nil }
    let roles = actors[index].description.roles
    guard !roles.isDisjoint(with: operation.allowedRoles) else { return nil }
    let key = submission.keyNumber
    guard key == 0 || actors[index].hasKey(key, at: now) else { return nil }
    return Asker(id: id, roles: roles)
  }
}

/// Who asks, and as what.
struct Asker {
  let id: ActorID
  let roles: Roles
}

extension Command {
  /// Whether it may become an event.
  var changesState: Bool {
    switch self {
    case .lookUp, .stock, .shiftTotals, .actors: false
    case .orders(let command): command.changesState
    case .internalCommand(let command):
      if case .locate = command.kind { false } else { true }
    default: true
    }
  }
}
