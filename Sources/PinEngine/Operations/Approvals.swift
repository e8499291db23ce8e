import LMDB
import PinBytes
import PinStore
import PinWords

/// The second person: a key custodian approves one exact request of somebody else's, which then may be done, once.
///
/// A change that needs one asks `approval(of:…)` when it is decided. What was approved is kept under the request's own id
/// until that request is done, or its time is over.
extension Machine {
  /// More at once would only be a way to fill the memory.
  static let mostApprovals = 256

  // MARK: Needing one

  /// The event that approved exactly this request of somebody else's, or why there is none.
  func approval(
    of id: RequestID, _ operation: Operation, _ fields: FieldList, _ asker: Asker, _ now: UInt64
  ) -> Result<UInt64, Refusal> {
    guard let approval = approvals[id] else { return .failure(.approvalRequired(.missing)) }
    guard approval.operation == operation else { return .failure(.idReused(.operation)) }
    if let field = fields.firstDifference(from: approval.fields.span.bytes) { return .failure(.idReused(field)) }
    guard now < approval.validUntilMilliseconds else { return .failure(.approvalRequired(.expired)) }
    guard approval.approver != asker.id else { return .failure(.approvalRequired(.own)) }
    guard let approver = actor(approval.approver), approver.mayApprove else {
      return .failure(.approvalRequired(.lapsed))
    }
    return .success(approval.sequence)
  }

  /// Whether so many cards may go back to stock without a second person.
  ///
  /// All of a day count together, whoever asks: else a large re-inventory would be many small ones.
  func mayReinventoryAlone(_ cards: UInt64, _ now: UInt64) -> Bool {
    let before = counters.aloneDay == Day(atMilliseconds: now) ? counters.aloneCards : 0
    let (sum, overflowed) = before.addingReportingOverflow(cards)
    return !counters.approvalRule.isOn || !overflowed && sum <= counters.approvalRule.cardsPerDay
  }

  mutating func countReinventoriedAlone(_ cards: UInt64, _ timeMilliseconds: UInt64) {
    let day = Day(atMilliseconds: timeMilliseconds)
    counters.aloneCards = cards + (counters.aloneDay == day ? counters.aloneCards : 0)
    counters.aloneDay = day
    haveCountersChanged = true
  }

  // MARK: Giving one

  mutating func decideApprove(
    _ approve: Approve, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let field = approve.request.invalidField(limits) { return Reply(.refused(.invalid(field))) }
    let request = approve.request
    guard request.id != .zero, request.id != approve.id else { return Reply(.refused(.invalid(.approvedRequest))) }
    var fields = FieldList()
    fields.add(.operation, request.operation.rawValue)
    fields.add(.approvedRequest, request.id)
    fields.add(request.fields)
    if let reply = try knownChange(approve.id, .approve, fields, asker, state) { return reply }
    let key = request.id.key
    guard try state.value(for: key.span.bytes, in: tables.ids) == nil else {
      return Reply(.refused(.idReused(.approvedRequest)))
    }
    guard approvals.count(where: { now < $0.value.validUntilMilliseconds }) < Self.mostApprovals else {
      return Reply(.refused(.busy(retryAfterMilliseconds: 60_000)))
    }
    var result = ByteWriter(capacity: 16)
    result.write(now + ApprovalRule.validSeconds * 1000)
    Self.beginChange(.approved, approve.id, fields, result: result, by: asker.id, &block)
    return try endChange(.approve, result: result, now, &block, &state)
  }

  mutating func applyApproved(
    _ event: RawSpan, _ head: EventHead, sequence: UInt64, timeMilliseconds: UInt64, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let change = ChangeEvent(event)
    let request = change.request
    // Operation and id, each with its number and length, then the fields of what is approved.
    let id = RequestID(high: request.bigEndian(at: 7), low: request.bigEndian(at: 15))
    guard let operation = Operation(rawValue: request.unsafeLoad(fromByteOffset: 3, as: UInt8.self)) else {
      preconditionFailure("an approval of an operation that does not exist")
    }
    let approval = ApprovalRecord(
      approver: head.actor, operation: operation, sequence: sequence,
      validUntilMilliseconds: change.result.bigEndian(at: 0),
      fields: [UInt8](request.extracting(23..<request.byteCount)))
    let over = approvals.filter { $0.value.validUntilMilliseconds <= timeMilliseconds }.keys
    for id in over { try endApproval(of: id, &state) }
    approvals[id] = approval
    record.removeAll()
    approval.write(to: &record)
    let key = id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.approvals)
  }

  /// Forgets what was approved under an id, if anything was: the request was done, or its time is over.
  mutating func endApproval(of id: RequestID, _ state: inout WriteTransaction) throws(LMDBError) {
    guard approvals.removeValue(forKey: id) != nil else { return }
    let key = id.key
    _ = try state.remove(key.span.bytes, in: tables.approvals)
  }

  // MARK: The rule

  mutating func decideApprovalRule(
    _ define: DefineApprovalRule, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let fields = define.fields
    if let reply = try knownChange(define.id, .defineApprovalRule, fields, asker, state) { return reply }
    if case .failure(let refusal) = approval(of: define.id, .defineApprovalRule, fields, asker, now) {
      return Reply(.refused(refusal))
    }
    let result = ByteWriter(capacity: 16)
    Self.beginChange(.approvalRuleDefined, define.id, fields, result: result, by: asker.id, &block)
    return try endChange(.defineApprovalRule, result: result, now, &block, &state)
  }

  mutating func applyApprovalRule(_ event: RawSpan) {
    let request = ChangeEvent(event).request
    counters.approvalRule = ApprovalRule(cardsPerDay: request.bigEndian(at: 3))
    haveCountersChanged = true
    hasCatalogueChanged = true
  }
}

/// An approval that was not used yet: 4 approver, 1 operation, 8 event, 8 valid until, then the request's fields.
struct ApprovalRecord {
  var approver: ActorID
  var operation: Operation
  var sequence: UInt64
  var validUntilMilliseconds: UInt64
  /// What the request says, as its own event would.
  var fields: [UInt8]

  func write(to writer: inout ByteWriter) {
    writer.write(approver.rawValue)
    writer.write(operation.rawValue)
    writer.write(sequence)
    writer.write(validUntilMilliseconds)
    writer.write(fields)
  }
}

extension ApprovalRecord {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    approver = ActorID(try reader.read())
    guard let operation = Operation(rawValue: try reader.read()) else { throw ByteShortage() }
    self.operation = operation
    sequence = try reader.read()
    validUntilMilliseconds = try reader.read()
    fields = [UInt8](reader.readRest())
  }
}

extension ActorDescription {
  /// Whether it can be the second person.
  var mayApprove: Bool { !isRevoked && roles.contains(.keyCustodian) }
}

extension ApprovableRequest {
  var fields: FieldList {
    switch self {
    case .reinventory(let change): change.fields
    case .defineActor(let define): define.fields
    case .defineApprovalRule(let define): define.fields
    }
  }

  /// The first field that no request may have; nil if none is: what is kept of it then has its bounds.
  func invalidField(_ limits: Limits) -> Field? {
    switch self {
    case .reinventory(let change):
      guard (1...Int(limits.extentsPerRequest)).contains(change.extents.count), change.extents.areInOrder else {
        return .extents
      }
      return change.reason.isReason ? nil : .reason
    case .defineActor(let define): return define.actor.name.isActorName ? nil : .name
    case .defineApprovalRule: return nil
    }
  }
}

extension DefineApprovalRule {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.cardsPerDay, rule.cardsPerDay)
    return fields
  }
}
